"""Sizes of effects that need no unit."""

import functools

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from dlfun.stats.intervals import Interval
from dlfun.stats.spread import finite, sd


def hedges_g(a: ArrayLike, b: ArrayLike) -> float:
    """Hedges' g of a [m] over b [n]: the difference of means in pooled sds, corrected for bias.

    Infinite where means differ and no value does within a sample; NaN where either has fewer
    than 2 finite values. (Hedges 1981.)
    """
    x, y = finite(a), finite(b)
    if min(len(x), len(y)) < 2:
        return np.nan
    df, diff = len(x) + len(y) - 2, float(x.mean() - y.mean())
    pooled = np.sqrt(((len(x) - 1) * sd(x) ** 2 + (len(y) - 1) * sd(y) ** 2) / df)
    if not pooled:
        return float(np.sign(diff) * np.inf) if diff else 0.0
    log_gamma = special.gammaln([df / 2, (df - 1) / 2])
    return float(diff / pooled * np.exp(log_gamma[0] - log_gamma[1]) / np.sqrt(df / 2))


def superiority(
    a: ArrayLike, b: ArrayLike, level: float = 0.95, split_variance: float = 0.0
) -> Interval:
    """The probability that a run of a [m] scores more than one of b [n], ties counting half.

    The estimate is the Mann-Whitney statistic, its interval Newcombe's (2006) method 5. A failed
    run may be given as -inf; NaN is not allowed. Where each run draws its own split of one pool,
    `split_variance` is n_test / n_train, and the samples count as the smaller independent ones
    whose means vary as much. The ends are NaN where either sample has fewer than 2 values.

    >>> superiority([1, 2, 3, 4, 5], [-1, -2, -3, -4, -5])[:3]
    (1.0, 0.64270..., 1.0)
    """
    x, y = np.asarray(a, float).ravel(), np.asarray(b, float).ravel()
    if not len(x) or not len(y):
        return Interval(np.nan, np.nan, np.nan, np.nan, len(x) + len(y))
    ordered = np.sort(y)
    below, up_to = (np.searchsorted(ordered, x, side=side) for side in ("left", "right"))
    theta = float((below + up_to).sum() / (2 * len(x) * len(y)))
    if min(len(x), len(y)) < 2:
        return Interval(theta, np.nan, np.nan, np.nan, len(x) + len(y))
    m, n = (size / (1 + size * split_variance) for size in (len(x), len(y)))
    return Interval(theta, *ends_of(theta, m, n, level), np.nan, len(x) + len(y))


@functools.lru_cache(maxsize=4096)
def ends_of(theta: float, m: float, n: float, level: float) -> tuple[float, float]:
    """`newcombe` of one theta, of which few runs have but few."""
    low, high = newcombe(theta, m, n, level)
    return float(low), float(high)


def rank_p(theta: float, m: float, n: float) -> float:
    """Two-sided p value of theta = 1/2, of samples of m and n values (Mann & Whitney 1947).

    By the normal approximation without a correction for ties: it is 1 - level of the interval of
    `superiority` that just reaches 1/2.

    >>> round(rank_p(0.9, 10, 10), 4)
    0.0025
    """
    error = np.sqrt((m + n + 1) / (12 * m * n))
    return float(2 * special.ndtr(-abs(theta - 0.5) / error))


def newcombe(
    theta: ArrayLike, m: float, n: float, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """The ends of Newcombe's method 5 about theta (any shape), of samples of m and n values."""
    theta = np.asarray(theta, float)
    z = float(special.ndtri(0.5 + level / 2))
    low, left = _lower_end(np.stack([theta, 1 - theta]), m, n, z)
    return low, 1 - left


def _lower_end(theta: np.ndarray, m: float, n: float, z: float) -> np.ndarray:
    """By bisection: the value whose z standard errors just reach theta."""
    low, high = np.zeros_like(theta), theta.copy()
    star = (m + n) / 2 - 1
    for _ in range(50):
        middle = (low + high) / 2
        factor = 1 + star * (1 - middle) / (2 - middle) + star * middle / (1 + middle)
        outside = theta - middle > z * np.sqrt(middle * (1 - middle) * factor / (m * n))
        low, high = np.where(outside, middle, low), np.where(outside, high, middle)
    return (low + high) / 2
