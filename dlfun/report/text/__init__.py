"""Tables and sentences for terminals and papers.

A function here takes rows, pairs or records, and returns text.
"""
