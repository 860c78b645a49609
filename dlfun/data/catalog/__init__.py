"""The builders of the data sets of the table: generated, bundled, or read from files.

A file holds one data set, or those of one form, and says what a model must know of them.
"""
