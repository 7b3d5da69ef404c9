"""What vendors send us."""
