"""The ratio of two samples of positive numbers, such as times."""

import numpy as np
from numpy.typing import ArrayLike

from dlfun.stats.intervals import Interval
from dlfun.stats.tests import welch


def ratio_interval(new: ArrayLike, old: ArrayLike, level: float = 0.95) -> Interval:
    """Ratio of the geometric means of new over old, by Welch's t interval on their logarithms.

    Its `sd` is the standard error of the logarithm of the ratio, its `n` both samples together.
    The ends are NaN where a sample has fewer than two values.

    >>> ratio_interval([2.0, 2.0, 2.0], [1.0, 1.0, 1.0]).estimate
    2.0
    """
    test = welch(np.log(np.asarray(new, float)), np.log(np.asarray(old, float)))
    estimate, low, high = np.exp([test.diff, *test.interval(level)]).tolist()
    return Interval(estimate, low, high, test.error, np.size(new) + np.size(old))
