"""The ratio of two samples of positive numbers, such as times."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from dlfun.stats.intervals import Interval


def ratio_interval(new: ArrayLike, old: ArrayLike, level: float = 0.95) -> Interval:
    """Ratio of the geometric means of new over old, by Welch's t interval on their logarithms.

    Its `sd` is the standard error of the logarithm of the ratio, its `n` both samples together.
    The ends are NaN where a sample has fewer than two values.

    >>> ratio_interval([2.0, 2.0, 2.0], [1.0, 1.0, 1.0]).estimate
    2.0
    """
    a, b = np.log(np.asarray(new, float)), np.log(np.asarray(old, float))
    estimate, n = float(np.exp(a.mean() - b.mean())), len(a) + len(b)
    if min(len(a), len(b)) < 2:
        return Interval(estimate, np.nan, np.nan, np.nan, n)
    if not (a.std() or b.std()):  # a test of constants divides by zero
        return Interval(estimate, estimate, estimate, 0.0, n)
    test = stats.ttest_ind(a, b, equal_var=False)
    low, high = np.exp(test.confidence_interval(level))
    error = float(np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)))
    return Interval(estimate, float(low), float(high), error, n)
