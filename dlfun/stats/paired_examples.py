"""Two trained models on the same test examples, where neither has another run to show."""

from typing import NamedTuple

import numpy as np
from scipy import optimize, special, stats

from dlfun.stats.tests import TTest, paired_t


class Disagreement(NamedTuple):
    """Right answers of two models to n examples: how many only the first, only the second gave.

    What it offers is what `TTest` offers, of the difference of the two accuracies.
    """

    first: int
    second: int
    n: int

    @property
    def diff(self) -> float:
        """The first model's accuracy less the second's, as a fraction."""
        return (self.first - self.second) / self.n

    @property
    def sd(self) -> float:
        """The standard deviation of the difference on one example."""
        return float(np.sqrt((self.first + self.second) / self.n - self.diff**2))

    @property
    def p(self) -> float:
        """Exact McNemar test: are the examples that only one gets right shared evenly?"""
        discordant = self.first + self.second
        return float(stats.binomtest(self.first, discordant).pvalue) if discordant else 1.0

    def interval(self, level: float) -> tuple[float, float]:
        """Tango's (1998) score interval of the difference."""
        z = float(special.ndtri(0.5 + level / 2))
        return -_upper(self.second, self.first, self.n, z), _upper(
            self.first, self.second, self.n, z
        )

    def posterior(self, delta: float) -> tuple[float, float, float]:
        """Probabilities that the difference is below -delta, within it, above delta.

        By the score statistic, as the interval is.
        """
        worse = float(special.ndtr(_score(self.second, self.first, self.n, delta)))
        better = float(special.ndtr(_score(self.first, self.second, self.n, delta)))
        return worse, max(0.0, 1 - worse - better), better


Compared = TTest | Disagreement
"""What says how far two arms differ."""


def compare_examples(a: np.ndarray, b: np.ndarray) -> Compared:
    """Two models by what each scored on each of the same examples [m], more being better.

    Right and wrong answers, 1 and 0, are counted; other scores are paired by example in a t test.

    >>> compare_examples(np.array([1.0, 1, 1, 0]), np.array([0.0, 1, 0, 1]))[:2]
    (2, 1)
    """
    if np.isin(a, (0, 1)).all() and np.isin(b, (0, 1)).all():
        return Disagreement(int((a > b).sum()), int((b > a).sum()), len(a))
    if np.isin(-a, (0, 1)).all() and np.isin(-b, (0, 1)).all():
        return compare_examples(1 + a, 1 + b)
    return paired_t(a - b)


def _upper(first: int, second: int, n: int, z: float) -> float:
    """The largest difference that lies no more than z standard errors above the one found."""
    found = (first - second) / n

    def outside(difference: float) -> float:
        return -_score(first, second, n, difference) - z

    if found >= 1 or outside(1 - 1e-12) <= 0:
        return 1.0
    return float(optimize.brentq(outside, found, 1 - 1e-12, xtol=1e-12))


def _score(first: int, second: int, n: int, difference: float) -> float:
    """Standard errors by which the difference that was found exceeds this one.

    The errors are those under this difference, with the likeliest share of discordant examples.
    """
    a = 2 * n
    b = -first - second + (2 * n - first + second) * difference
    c = -second * difference * (1 - difference)
    share = (np.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    variance = n * (2 * share + difference * (1 - difference))
    excess = first - second - n * difference
    if variance <= 0:
        return float(np.sign(excess) * np.inf) if excess else 0.0
    return float(excess / np.sqrt(variance))
