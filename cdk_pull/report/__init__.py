"""Findings and decisions as text, JSON, SARIF and HTML."""
