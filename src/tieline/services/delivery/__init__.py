"""Effects in other systems: promised with the fact, delivered once, never lost."""
