"""Text files: their encoding, their signs, their lines, and the rows of their tables."""
