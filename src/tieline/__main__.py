"""`python -m tieline` is the command line."""

from tieline.main import run

run()
