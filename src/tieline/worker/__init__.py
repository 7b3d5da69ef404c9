"""The job door: one line each, calling a service."""
