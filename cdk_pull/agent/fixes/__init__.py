"""Fixes user data: one small edit for each warning of the readers, kept only where the reader agrees that it helps."""
