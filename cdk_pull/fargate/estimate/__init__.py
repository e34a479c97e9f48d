"""Estimates how long a Fargate task takes to start, from published and measured starts."""
