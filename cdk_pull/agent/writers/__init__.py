"""Writes the settings into user data."""
