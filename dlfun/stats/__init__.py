"""Statistics on plain numpy arrays; knows no JAX."""

from dlfun.stats.effects import hedges_g, superiority
from dlfun.stats.estimates import Estimates, bootstrap_percentile, bootstrap_t, describe, iqm
from dlfun.stats.intervals import Interval, clopper_pearson, t_interval
from dlfun.stats.multiplicity import benjamini_hochberg, holm
from dlfun.stats.power import (
    sd_upper,
    seeds_for_equivalence,
    seeds_to_detect,
    smallest_detectable,
)
from dlfun.stats.ratio import ratio_interval
from dlfun.stats.scope import population_interval, two_way
from dlfun.stats.sequential import nominal_levels
from dlfun.stats.tests import TTest, paired_t, sign_flip, smallest_p, welch
from dlfun.stats.verdicts import Arm, Pair, compare_arms

__all__ = [
    "Arm",
    "Estimates",
    "Interval",
    "Pair",
    "TTest",
    "benjamini_hochberg",
    "bootstrap_percentile",
    "bootstrap_t",
    "clopper_pearson",
    "compare_arms",
    "describe",
    "hedges_g",
    "holm",
    "iqm",
    "nominal_levels",
    "paired_t",
    "population_interval",
    "ratio_interval",
    "sd_upper",
    "seeds_for_equivalence",
    "seeds_to_detect",
    "sign_flip",
    "smallest_detectable",
    "smallest_p",
    "superiority",
    "t_interval",
    "two_way",
    "welch",
]
