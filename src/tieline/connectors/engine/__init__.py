"""Carrying out a declared operation."""
