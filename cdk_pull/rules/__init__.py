"""One rule a file, and their registry."""
