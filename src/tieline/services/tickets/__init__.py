"""Tickets of our own: opened, changed, merged with every system that has a copy."""
