"""Failures among runs: which, how often, and what they do to the mean."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlfun.errors import UserError
from dlfun.stats.intervals import Interval, clopper_pearson
from dlfun.stats.spread import finite

ERRORS = 3
"""A run is at chance up to so many standard errors of guessing above it."""


class Failures(NamedTuple):
    """What became of the n runs of an arm.

    Attributes:
      n: runs, failed ones among them.
      failed: share of runs whose score is not finite, with its Clopper-Pearson interval.
      at_chance: the same of runs that are finite but no better than guessing.
      mean_of_all: mean score, failed runs counted at chance; NaN where chance is unknown and a run
        failed.
      mean_of_successes: mean score of the runs that neither failed nor stayed at chance.
    """

    n: int
    failed: Interval
    at_chance: Interval
    mean_of_all: float
    mean_of_successes: float


def at_chance(scores: ArrayLike, chance: float, examples: ArrayLike) -> np.ndarray:
    """Which accuracies, as fractions [n], are no better than guessing; bool [n].

    A run is at chance where its score is at most chance + 3 sqrt(chance (1 - chance) / examples),
    with `examples` the size of the split it was scored on: a number, or one for each run. A run
    that is not finite has failed, and is not also at chance. Raises UserError for a chance outside
    [0, 1] or no examples.

    >>> at_chance([0.97, 0.108, 0.11, np.nan], 0.1, 10_000).tolist()
    [False, True, False, False]
    """
    scores, sizes = np.asarray(scores, float), np.asarray(examples, float)
    if not 0 <= chance <= 1:
        raise UserError(f"the chance level is a fraction, from 0 to 1, not {chance}")
    if not (sizes > 0).all():
        raise UserError("whether a run is at chance needs the number of examples it was scored on")
    limit = chance + ERRORS * np.sqrt(chance * (1 - chance) / sizes)
    # A score that equals the limit on paper may exceed it by rounding.
    return np.isfinite(scores) & (scores <= limit + 1e-12)


def count_failures(
    scores: ArrayLike,
    stuck: ArrayLike | None = None,
    chance: float | None = None,
    level: float = 0.95,
) -> Failures:
    """How many runs failed, and the mean with and without them.

    `scores` [n] are NaN where a run failed, `stuck` [n] says which runs are at chance, `chance`
    is the score of guessing. Means are in the scores' unit.

    >>> found = count_failures([0.9, 0.8, np.nan, 0.1], [False, False, False, True], chance=0.1)
    >>> found.failed.estimate, round(found.mean_of_all, 3), round(found.mean_of_successes, 3)
    (0.25, 0.475, 0.85)
    """
    scores = np.asarray(scores, float).ravel()
    failed = ~np.isfinite(scores)
    low = (
        np.zeros(len(scores), bool) if stuck is None else np.asarray(stuck, bool).ravel() & ~failed
    )
    counted = np.where(failed, np.nan if chance is None else chance, scores)
    return Failures(
        len(scores),
        _rate(failed, level),
        _rate(low, level),
        float(counted.mean()) if len(counted) else np.nan,
        _mean(scores[~failed & ~low]),
    )


def unseen_rate(n: int, level: float = 0.95) -> float:
    """The largest share of runs that may be bad where none of n was, at this level of confidence.

    >>> [round(unseen_rate(n), 2) for n in (5, 10, 20)]
    [0.45, 0.26, 0.14]
    """
    return float(1 - (1 - level) ** (1 / n))


def _mean(values: np.ndarray) -> float:
    kept = finite(values)
    return float(kept.mean()) if len(kept) else np.nan


def _rate(events: np.ndarray, level: float) -> Interval:
    if not len(events):
        return Interval(np.nan, 0.0, 1.0, np.nan, 0)
    return clopper_pearson(int(events.sum()), len(events), level)
