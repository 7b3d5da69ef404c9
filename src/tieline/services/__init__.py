"""One function per use case; owns transactions; the only room that combines."""
