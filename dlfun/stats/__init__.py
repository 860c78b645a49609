"""Statistics on plain numpy arrays; knows no JAX."""

from dlfun.stats.intervals import Interval, clopper_pearson, t_interval

__all__ = ["Interval", "clopper_pearson", "t_interval"]
