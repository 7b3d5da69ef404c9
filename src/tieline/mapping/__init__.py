"""Translate a vendor's record to and from the canonical model."""
