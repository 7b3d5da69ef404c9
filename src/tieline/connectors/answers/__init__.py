"""What an answer says and means."""
