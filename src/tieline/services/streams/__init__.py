"""Exchanges that are listened to: by one process at a time, without losing what was heard."""
