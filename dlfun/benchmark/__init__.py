"""The benchmark: dlfun's own speed, what its peers need for the same work, and how it scales.

Every side runs in a fresh process; the one that calls `dlfun.benchmark.study` computes nothing.
"""
