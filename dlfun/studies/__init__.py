"""Studies as library calls: populations trained, compared, searched, and trained again.

Each leaves one record; what was done until an end is kept, and the same call goes on from there.
"""
