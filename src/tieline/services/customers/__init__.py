"""What is known of a customer who is not (or no longer) ringing: found, read across systems, with their records."""
