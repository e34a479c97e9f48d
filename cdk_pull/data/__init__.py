"""Dated facts, each with its source."""
