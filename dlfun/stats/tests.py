"""Tests of the difference of two arms, and the t distribution that its interval comes from."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from dlfun.stats.spread import finite, sd

EXACT = 32
"""Up to so many pairs, all sign patterns are counted."""

DRAWN = 99_999
"""Beyond them, so many patterns are drawn."""

CHUNK = 1_000_000


class TTest(NamedTuple):
    """A difference of means with its standard error: Student's t with `df` degrees of freedom.

    `sd` is that of a single difference, `n` the number of differences (unpaired: the smaller
    sample). All but `n` are NaN where they are undefined.
    """

    diff: float
    sd: float
    error: float
    df: float
    n: int

    @property
    def statistic(self) -> float:
        """The t statistic; infinite where a difference has no spread."""
        if self.error == 0:
            return float(np.sign(self.diff) * np.inf) if self.diff else 0.0
        return self.diff / self.error

    @property
    def p(self) -> float:
        """Two-sided p value of no difference."""
        return float(2 * special.stdtr(self.df, -abs(self.statistic)))

    def interval(self, level: float) -> tuple[float, float]:
        """The ends of the confidence interval of the difference."""
        half = self.error * float(special.stdtrit(self.df, 0.5 + level / 2))
        return self.diff - half, self.diff + half

    def posterior(self, delta: float) -> tuple[float, float, float]:
        """Probabilities that the difference is below -delta, within it, above delta.

        The posterior is the t distribution that a flat prior gives (Benavoli et al. 2017).
        """
        worse, better = (self._beyond(sign * self.diff, delta) for sign in (-1, 1))
        within = 1 - worse - better
        return worse, 0.0 if within < 0 else within, better

    def _beyond(self, diff: float, delta: float) -> float:
        if self.error == 0:
            return float(diff > delta)
        return float(special.stdtr(self.df, (diff - delta) / self.error))


def paired_t(differences: ArrayLike, split_variance: float = 0.0) -> TTest:
    """The paired t test of differences [n]; those that are not finite are left out.

    Where each replicate draws its own split of one pool, `split_variance` is n_test / n_train:
    overlapping splits add that share of a difference's variance to the mean's (Nadeau & Bengio
    2003).

    >>> round(paired_t([0.3, 0.2, 0.0, 0.5, 0.3, 0.4, 0.3, 0.1]).p, 8)
    0.0023523
    """
    kept = finite(differences)
    n, spread = len(kept), sd(kept)
    if not n:
        return TTest(np.nan, np.nan, np.nan, np.nan, 0)
    error = spread * float(np.sqrt(1 / n + split_variance))
    return TTest(float(kept.mean()), spread, error, n - 1 if n > 1 else np.nan, n)


def welch(a: ArrayLike, b: ArrayLike, split_variance: float = 0.0) -> TTest:
    """Welch's t test of a [m] less b [n]; values that are not finite are left out.

    `sd` is that of the difference of one run of each; `split_variance` is as for paired_t.
    """
    x, y = finite(a), finite(b)
    n = min(len(x), len(y))
    if not n:
        return TTest(np.nan, np.nan, np.nan, np.nan, 0)
    diff, va, vb = float(x.mean() - y.mean()), sd(x) ** 2 / len(x), sd(y) ** 2 / len(y)
    if n < 2:
        return TTest(diff, np.nan, np.nan, np.nan, n)
    shares = va**2 / (len(x) - 1) + vb**2 / (len(y) - 1)
    df = (va + vb) ** 2 / shares if shares else len(x) + len(y) - 2
    spread = float(np.hypot(sd(x), sd(y)))
    error = float(np.sqrt(va + vb + split_variance * spread**2))
    return TTest(diff, spread, error, float(df), n)


MANY = 1000
"""Of more differences the signed sums are not drawn, which would take minutes."""


def sign_flip(differences: ArrayLike, seed: int = 0) -> float:
    """Two-sided p value of the sign-flip test of the mean of differences [n] (Fisher 1935).

    Exact up to 32 differences; beyond, 99,999 sign patterns are drawn and p = (c + 1) / (B + 1),
    and of more than 1,000 the sums are taken as normal.
    Differences that are not finite are left out; NaN where none remains.

    >>> sign_flip([0.3, 0.2, 0.0, 0.5, 0.3, 0.4, 0.3, 0.1])
    0.015625
    """
    kept = finite(differences)
    if not len(kept):
        return np.nan
    # Sums that are equal on paper may differ by rounding.
    reached = abs(kept.sum()) - 1e-10 * np.abs(kept).sum()
    if reached <= 0:
        return 1.0
    if len(kept) <= EXACT:
        return _counted(kept, reached) / 2 ** len(kept)
    if len(kept) > MANY:
        return max(float(2 * special.ndtr(-reached / np.linalg.norm(kept))), 1 / (DRAWN + 1))
    return (_drawn(kept, reached, seed) + 1) / (DRAWN + 1)


def smallest_p(n: int) -> float:
    """The smallest p value that the sign-flip test of n differences can give.

    >>> smallest_p(5)
    0.0625
    """
    return min(1.0, 2.0 ** (1 - n)) if n <= EXACT else 1 / (DRAWN + 1)


def _counted(values: np.ndarray, reached: float) -> int:
    """How many of the 2^n signed sums have at least the absolute value `reached`.

    Each sum is one of the first half's plus one of the second half's: 2 tables of 2^(n/2) sums
    are sorted and searched (Pagano & Tritchler 1983 count the same by another route).
    """
    half = len(values) // 2
    first, second = np.sort(_sums(values[:half])), np.sort(_sums(values[half:]))
    above = len(second) - np.searchsorted(second, reached - first, side="left")
    return 2 * int(above.sum())  # the pattern with all signs turned has the opposite sum


def _sums(values: np.ndarray) -> np.ndarray:
    """All signed sums of values [n], as [2^n]."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums - value, sums + value])
    return sums


def _drawn(values: np.ndarray, reached: float, seed: int) -> int:
    """How many of 99,999 random signed sums have at least the absolute value `reached`."""
    rng, n = np.random.Generator(np.random.PCG64(seed)), len(values)
    rows, count = max(1, CHUNK // n), 0
    for start in range(0, DRAWN, rows):
        positive = rng.random((min(rows, DRAWN - start), n)) < 0.5
        sums = 2 * (positive @ values) - values.sum()
        count += int((np.abs(sums) >= reached).sum())
    return count
