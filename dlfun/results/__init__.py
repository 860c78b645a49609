"""Results of anybody: tables of scores, read from where they are and judged as a comparison is.

Nothing here trains, and nothing needs JAX until a record is written.
"""
