"""The data sets of the table: a builder each, generated, bundled, or read from files."""
