"""A leaderboard of many records: arms by data set, in groups that no verdict tells apart.

Needs no JAX.
"""
