"""Fits the start-up estimate to published measurements, and tests it: research that ships to nobody."""
