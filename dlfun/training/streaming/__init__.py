"""Populations whose data stay on the host, and come to the device in blocks of batches.

They compute what a population does whose data lie on the device.
"""
