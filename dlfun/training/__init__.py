"""The run, the population of runs, and what a user sees while it trains.

A run is a pure function of hyperparameters, key and data; a population is that function over
members.
"""
