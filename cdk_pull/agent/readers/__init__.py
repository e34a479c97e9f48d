"""Computes the settings that the agent really has from user data."""
