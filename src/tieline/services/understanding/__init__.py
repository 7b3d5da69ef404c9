"""What customers mean: causes out of a controlled tree, and a mood. Suggestions, each with the words that led to it."""
