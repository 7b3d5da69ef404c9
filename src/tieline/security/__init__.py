"""Keys, roles, masks, sealed secrets."""
