"""Estimates with their intervals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from dlfun.stats.spread import sd


class Interval(NamedTuple):
    """An estimate with the ends of its confidence interval and the sample's size and sd.

    `sd` has n - 1 in its denominator and is NaN, like the ends, where there are too few values. The
    ends are NaN, too, where values do not differ: nothing then says how they would.
    """

    estimate: float
    low: float
    high: float
    sd: float
    n: int

    @property
    def half_width(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2


def t_interval(values: ArrayLike, level: float = 0.95, split_variance: float = 0.0) -> Interval:
    """Student's t interval of the mean of independent values [n]; NaN values are left out.

    Values that are all the same have no interval, rather than one of width 0. Of runs whose splits
    overlap `split_variance` is n_test / n_train, as for paired_t.

    >>> t_interval([97.1, 97.4, 96.9, 97.6, 97.3, 97.0, 97.5, 97.2]).low.round(6)
    np.float64(97.045218)
    """
    kept = np.asarray(values, float)
    kept = kept[~np.isnan(kept)]
    n = len(kept)
    mean = kept.mean() if n else np.nan
    spread = sd(kept)
    if n < 2 or spread == 0:
        return Interval(mean, np.nan, np.nan, spread, n)
    half = stats.t.ppf(0.5 + level / 2, n - 1) * spread * np.sqrt(1 / n + split_variance)
    return Interval(mean, mean - half, mean + half, spread, n)


def clopper_pearson(successes: int, trials: int, level: float = 0.95) -> Interval:
    """Exact interval of a proportion (Clopper & Pearson 1934)."""
    ends = stats.binomtest(successes, trials).proportion_ci(level, method="exact")
    return Interval(successes / trials, ends.low, ends.high, np.nan, trials)


def wilson(share: float, trials: float, level: float = 0.95) -> Interval:
    """Score interval of a proportion (Wilson 1927); ties may count half in the share.

    >>> [round(end, 4) for end in wilson(0.5, 10)[1:3]]
    [0.2366, 0.7634]
    """
    z = float(stats.norm.ppf(0.5 + level / 2))
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    spread = np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    half = float(z * spread / (1 + z**2 / trials))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half), np.nan, round(trials))
