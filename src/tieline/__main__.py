"""`python -m tieline` is the command line."""

from tieline.main import run

if __name__ == "__main__":  # A process that reads for an import loads this too, and is no command.
    run()
