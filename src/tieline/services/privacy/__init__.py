"""What people may ask of their data: a copy, an end, a word on what they agreed to."""
