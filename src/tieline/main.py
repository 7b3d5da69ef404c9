"""Wires everything; the only reader of settings."""
