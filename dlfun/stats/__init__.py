"""Statistics on plain numpy arrays; knows no JAX.

Every promise that these functions make is checked by simulation.
"""

from dlfun.stats.aggregate import (
    Aggregates,
    ScoreProfile,
    aggregate_scores,
    normalise,
    overall_sign_flip,
    probability_of_improvement,
    score_profile,
)
from dlfun.stats.arms import Arm
from dlfun.stats.calibration import Calibration, calibrate
from dlfun.stats.effects import hedges_g, superiority
from dlfun.stats.estimates import Estimates, bootstrap_percentile, bootstrap_t, describe, iqm
from dlfun.stats.failures import Failures, at_chance, count_failures, unseen_rate
from dlfun.stats.intervals import Interval, clopper_pearson, t_interval
from dlfun.stats.multiplicity import benjamini_hochberg, holm
from dlfun.stats.overfitting import Overfitting, overfitting
from dlfun.stats.pair import Pair
from dlfun.stats.power import (
    sd_upper,
    seeds_for_equivalence,
    seeds_to_detect,
    smallest_detectable,
)
from dlfun.stats.ranks import Ranks, mean_ranks, rank_algorithms
from dlfun.stats.ratio import ratio_interval
from dlfun.stats.scope import population_interval, two_way
from dlfun.stats.sequential import nominal_levels
from dlfun.stats.tests import TTest, paired_t, sign_flip, smallest_p, welch
from dlfun.stats.times import TimeProfile, median_time, time_profile, time_ratio, time_to_target
from dlfun.stats.tuning import (
    BestBand,
    best_band,
    budget_reaching,
    chosen_test,
    expected_best,
    median_best,
    overtakes,
)
from dlfun.stats.verdicts import compare_arms

__all__ = [
    "Aggregates",
    "Arm",
    "BestBand",
    "Calibration",
    "Estimates",
    "Failures",
    "Interval",
    "Overfitting",
    "Pair",
    "Ranks",
    "ScoreProfile",
    "TTest",
    "TimeProfile",
    "aggregate_scores",
    "at_chance",
    "benjamini_hochberg",
    "best_band",
    "bootstrap_percentile",
    "bootstrap_t",
    "budget_reaching",
    "calibrate",
    "chosen_test",
    "clopper_pearson",
    "compare_arms",
    "count_failures",
    "describe",
    "expected_best",
    "hedges_g",
    "holm",
    "iqm",
    "mean_ranks",
    "median_best",
    "median_time",
    "nominal_levels",
    "normalise",
    "overall_sign_flip",
    "overfitting",
    "overtakes",
    "paired_t",
    "population_interval",
    "probability_of_improvement",
    "rank_algorithms",
    "ratio_interval",
    "score_profile",
    "sd_upper",
    "seeds_for_equivalence",
    "seeds_to_detect",
    "sign_flip",
    "smallest_detectable",
    "smallest_p",
    "superiority",
    "t_interval",
    "time_profile",
    "time_ratio",
    "time_to_target",
    "two_way",
    "unseen_rate",
    "welch",
]
