"""Readers of what other tools leave: each gives runs, or a table."""
