"""Signatures that are long and the same for everybody, written in the manifest's own words."""
