"""Exchanges that are listened to: clients of their protocols, and the translation of what they say."""
