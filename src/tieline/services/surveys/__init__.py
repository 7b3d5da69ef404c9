"""Surveys: whom to ask after what, by which way, and what becomes of the answer."""
