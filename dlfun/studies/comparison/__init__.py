"""Comparisons: models tuned, frozen, trained on fresh seeds, and judged pair by pair.

The test split is opened once, after all that could depend on it.
"""
