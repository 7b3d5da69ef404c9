"""Bytes out and bytes in: the one HTTP client, its limits, and who may be called."""
