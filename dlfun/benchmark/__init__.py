"""The benchmark: dlfun's own speed, what its peers need for the same work, and how it scales.

Every side runs in a fresh process; the one that calls `benchmark` computes nothing itself.
"""

from dlfun.benchmark.options import BenchmarkOptions
from dlfun.benchmark.study import Benchmark, benchmark

__all__ = ["Benchmark", "BenchmarkOptions", "benchmark"]
