"""Who we are to a vendor."""
