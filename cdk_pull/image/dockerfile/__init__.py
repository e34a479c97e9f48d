"""What a Dockerfile says, and what would make its image smaller."""
