"""The run, the population of runs, its layout over devices, and the monitor."""
