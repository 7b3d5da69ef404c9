"""Tieline ties a call centre to the systems that know the customer."""

__version__ = "0.1.0"
