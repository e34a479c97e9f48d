"""Constructs and mixins for Fargate task definitions."""
