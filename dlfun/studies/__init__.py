"""Studies as library calls: train, sweep, compare and benchmark, and the record each leaves."""
