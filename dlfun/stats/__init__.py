"""Statistics on plain numpy arrays; knows no JAX."""

from dlfun.stats.intervals import Interval, clopper_pearson, t_interval
from dlfun.stats.ratio import ratio_interval

__all__ = ["Interval", "clopper_pearson", "ratio_interval", "t_interval"]
