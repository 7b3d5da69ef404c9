"""`python -m tieline.sandbox`: the simulated systems, until told to stop."""

import sys

from tieline.sandbox.launch import main

if __name__ == "__main__":
    main(sys.argv[1:])
