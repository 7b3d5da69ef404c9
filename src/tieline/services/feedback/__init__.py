"""Feedback: taken in, linked, answered by a ticket, told to the systems that keep it."""
