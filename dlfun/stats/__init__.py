"""Statistics on plain numpy arrays; knows no JAX."""

from dlfun.stats.effects import hedges_g, superiority
from dlfun.stats.estimates import Estimates, bootstrap_percentile, bootstrap_t, describe, iqm
from dlfun.stats.failures import Failures, at_chance, count_failures
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
from dlfun.stats.tuning import (
    BestBand,
    best_band,
    budget_reaching,
    chosen_test,
    expected_best,
    median_best,
    overtakes,
)
from dlfun.stats.verdicts import Arm, Pair, compare_arms

__all__ = [
    "Arm",
    "BestBand",
    "Estimates",
    "Failures",
    "Interval",
    "Pair",
    "TTest",
    "at_chance",
    "benjamini_hochberg",
    "best_band",
    "bootstrap_percentile",
    "bootstrap_t",
    "budget_reaching",
    "chosen_test",
    "clopper_pearson",
    "compare_arms",
    "count_failures",
    "describe",
    "expected_best",
    "hedges_g",
    "holm",
    "iqm",
    "median_best",
    "nominal_levels",
    "overtakes",
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
