"""Recorded exchanges that prove a connector offline."""
