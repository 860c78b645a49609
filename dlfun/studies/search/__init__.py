"""Searches for good configurations: all drawn at once, or decided on the way.

They are judged by validation alone; the test split stays closed.
"""
