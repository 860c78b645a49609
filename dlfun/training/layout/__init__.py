"""Layouts: how the members of a population meet the devices of a process.

They are chosen by measuring, within the memory there is, and change speed and memory alone.
"""
