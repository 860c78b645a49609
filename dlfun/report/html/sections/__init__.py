"""Sections of the page, a file each, from a record to blocks.

A section gives nothing where a record holds nothing for it.
"""
