"""Constructs and mixins for EC2 capacity."""
