"""Whoever subscribed is told what happens: asked for, promised, delivered."""
