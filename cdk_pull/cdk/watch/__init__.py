"""Constructs that record and watch task starts."""
