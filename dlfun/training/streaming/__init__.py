"""Populations whose data stay on the host and come to the device in blocks of batches."""
