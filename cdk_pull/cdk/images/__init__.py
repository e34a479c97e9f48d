"""Constructs and mixins for images and repositories."""
