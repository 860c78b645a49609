"""Searches for good configurations: drawn at once, or decided on the way."""
