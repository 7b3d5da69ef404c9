"""What we tell whoever subscribed, on the wire."""
