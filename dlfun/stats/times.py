"""Times to a target, and how many times faster one algorithm is.

A run that never reaches the target takes for ever: its time is infinite, and is never left out.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from dlfun.errors import UserError
from dlfun.stats.intervals import Interval, t_interval
from dlfun.stats.ratio import ratio_interval

FEWEST = 3
"""With fewer workloads a profile says nothing that a ratio does not."""


class TimeProfile(NamedTuple):
    """How often each algorithm is within a factor of the fastest.

    Attributes:
      factors: [f], ascending from 1.
      share: [algorithms, f], of the workloads whose target is reached within that factor.
      score: [algorithms], the mean share between factor 1 and the largest.
    """

    factors: np.ndarray
    share: np.ndarray
    score: np.ndarray


def time_to_target(
    validation: ArrayLike, times: ArrayLike, target: float, higher_is_better: bool = True
) -> np.ndarray:
    """The time of the first interval whose validation score reaches the target; [runs].

    `validation` is [runs, intervals]; `times`, [intervals] or [runs, intervals], are counted from
    the start in any unit. Infinite where the target is never reached; NaN reaches nothing.

    >>> time_to_target([[0.5, 0.9, 0.8], [0.5, 0.6, 0.7]], [1, 2, 3], target=0.8).tolist()
    [2.0, inf]
    """
    scores = np.asarray(validation, float)
    if scores.ndim != 2:
        raise UserError("validation scores are a row for each run: [runs, intervals]")
    when = np.broadcast_to(np.asarray(times, float), scores.shape)
    reached = scores >= target if higher_is_better else scores <= target
    return np.where(reached, when, np.inf).min(axis=1, initial=np.inf)


def median_time(times: ArrayLike, level: float = 0.95) -> Interval:
    """The median of times [n] with the exact interval of order statistics; either may be infinite.

    NaN ends where so few runs have no interval, as with fewer than 6 at the level .95.

    >>> median_time([3, 1, 2, 5, 4, np.inf])[:3]
    (3.5, 1.0, inf)
    """
    ordered = np.sort(np.asarray(times, float).ravel())
    n = len(ordered)
    if not n or np.isnan(ordered[-1]):
        raise UserError("a median time needs the time of each run, infinite where it has none")
    middle = float(ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    # The median lies outside the k-th smallest and largest with probability 2 P(X < k), X of n
    # coins: the largest k that leaves no more than 1 - level.
    tails = special.bdtr(np.arange(n // 2 + 1), n, 0.5)
    k = int((2 * tails <= 1 - level).sum())
    low, high = (float(ordered[k - 1]), float(ordered[n - k])) if k else (np.nan, np.nan)
    return Interval(middle, low, high, np.nan, n)


def time_ratio(
    new: ArrayLike, old: ArrayLike, level: float = 0.95, paired: bool = False
) -> Interval:
    """How many times as long new takes as old, by geometric means; times are positive, [m] and [n].

    The interval is Student's t on logarithms: Welch's, or that of pairs, which may be runs or
    workloads. With runs that never reach the target in one of the samples the ratio is infinite,
    or 0, without an interval; in both it is NaN.

    >>> time_ratio([2.0, 2.0], [1.0, 1.0]).estimate, time_ratio([2.0, np.inf], [1.0, 1.0]).estimate
    (2.0, inf)
    """
    a, b = np.asarray(new, float).ravel(), np.asarray(old, float).ravel()
    if not (len(a) and len(b) and (a > 0).all() and (b > 0).all()):
        raise UserError("a ratio of times needs positive times of both algorithms")
    if paired and len(a) != len(b):
        raise UserError(f"pairs need as many times of both, not {len(a)} and {len(b)}")
    missed = np.isinf(a).any(), np.isinf(b).any()
    if any(missed):
        estimate = np.nan if all(missed) else np.inf if missed[0] else 0.0
        return Interval(estimate, np.nan, np.nan, np.nan, len(a) + len(b))
    if not paired:
        return ratio_interval(a, b, level)
    logs = t_interval(np.log(a / b), level)
    estimate, low, high = np.exp(logs[:3]).tolist()
    return Interval(estimate, low, high, float(logs.sd / np.sqrt(logs.n)), 2 * logs.n)


def time_profile(times: ArrayLike, most: float = 4.0, points: int = 121) -> TimeProfile:
    """Performance profile of times [algorithms, workloads] (Dolan & Moré 2002).

    A time is compared with the fastest algorithm's on the same workload; where none reaches the
    target, none is within any factor. `most` is the largest factor. Raises UserError for fewer
    than 3 workloads.

    >>> time_profile([[1, 1, 4], [2, 2, 2]], most=4).score.round(3).tolist()
    [0.889, 0.778]
    """
    table = np.asarray(times, float)
    if table.ndim != 2 or table.shape[1] < FEWEST or not (table > 0).all():
        raise UserError(f"a profile needs positive times on {FEWEST} workloads or more")
    if not most > 1:
        raise UserError(f"the largest factor of a profile exceeds 1; it is {most:g}")
    fastest = table.min(axis=0)
    slower = np.where(np.isinf(table), np.inf, table / np.where(np.isinf(fastest), 1, fastest))
    factors = np.linspace(1, most, points)
    share = (slower[..., None] <= factors).mean(axis=1)
    # The area under the steps, exactly: each workload counts from its factor on.
    score = np.maximum(0, (most - slower) / (most - 1)).mean(axis=1)
    return TimeProfile(factors, share, score)
