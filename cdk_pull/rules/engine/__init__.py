"""Finds the rules, runs them, and gathers their findings."""
