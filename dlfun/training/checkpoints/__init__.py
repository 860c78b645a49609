"""Checkpoints of populations: what was done so far, kept so that it goes on with the same bits.

A kill at any moment loses the work since the last one, and nothing else.
"""
