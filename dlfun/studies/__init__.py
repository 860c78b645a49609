"""Studies as library calls: train, sweep and compare, and the record each leaves behind."""
