"""What other systems tell us: kept before the answer, read by a worker, the newest word about each object taken once."""
