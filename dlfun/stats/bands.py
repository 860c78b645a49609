"""An exact simultaneous band for a distribution function, whatever the distribution."""

from functools import lru_cache

import numpy as np
from scipy import optimize, special


@lru_cache(maxsize=64)
def order_statistic_band(n: int, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Ends [n] of intervals that hold all n ordered uniform numbers at once with probability level.

    Each ordered number has a beta distribution; all intervals leave the same probability out at
    either end, as much as makes `level` exact (Learned-Miller & DeStefano 2008). They hold F at the
    i-th smallest of n independent draws from any continuous distribution F.

    >>> [end.round(4).tolist() for end in order_statistic_band(1)]
    [[0.025], [0.975]]
    """

    def missed(alpha: float) -> float:
        return level - coverage(*_equal_tails(n, alpha))

    most, least = min(1.0, 2 * (1 - level)), (1 - level) / (2 * n)
    low, high = _equal_tails(n, optimize.brentq(missed, least, most, xtol=1e-12, rtol=1e-10))
    low.flags.writeable = high.flags.writeable = False  # the cache hands out the same arrays
    return low, high


def coverage(low: np.ndarray, high: np.ndarray) -> float:
    """Probability that all n ordered uniform numbers lie in their intervals, ends ascending [n].

    The number of draws below t is a Poisson process, given that it is n at 1. Its distribution is
    carried from end to end, and loses what has too many draws below an interval's low end, or too
    few below a high end (Moscovich & Nadler 2017, without their Fourier transforms).
    """
    n = len(low)
    ends = np.concatenate([low, high])
    order = np.argsort(ends, kind="stable")
    steps = _poisson(n * np.diff(ends[order], prepend=0.0, append=1.0))
    below = np.zeros(n + 1)
    below[0] = 1
    for step, end in zip(steps, order, strict=False):
        below = np.convolve(below, step)[: n + 1]
        if end < n:
            below[end + 1 :] = 0  # the low end of number `end`: at most so many lie below it
        else:
            below[: end - n + 1] = 0
    all_drawn = np.exp(special.xlogy(n, n) - n - special.gammaln(n + 1))
    return float(np.convolve(below, steps[-1])[n] / all_drawn)


def _equal_tails(n: int, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    rank = np.arange(1, n + 1)
    low = special.betaincinv(rank, n + 1 - rank, alpha / 2)
    return low, 1 - low[::-1]


def _poisson(rates: np.ndarray) -> np.ndarray:
    """Probabilities [m, counts] of 0, 1, ... events at rates [m], as far as they exceed 1e-30."""
    count, rates = np.arange(40 + int(4 * rates.max())), rates[:, None]
    return np.exp(special.xlogy(count, rates) - rates - special.gammaln(count + 1))
