"""The agents' live channel."""
