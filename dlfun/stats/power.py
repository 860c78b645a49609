"""Numbers of seeds: power of t tests by the noncentral t distribution.

Differences, sds and delta share one unit. `paired` says that sd is that of the paired differences;
else it is that of the scores within an arm, and n counts seeds of each arm. `extra_variance` is
the part of the variance of the mean difference that more seeds do not reduce. `alpha` is that of
one comparison: divide it by the size of the family first.
"""

import functools
from collections.abc import Callable

import numpy as np
from scipy import optimize, special, stats

MOST = 100_000
"""No study of more seeds is planned."""

QUANTILES = 500

WEAKER = 1
"""Seeds that a verdict needs beyond those of a t test, as its label may be of a wider interval.

Normal arms look skewed by chance, and are then judged by the bootstrap-t interval, too. One more
seed makes up for what that costs, by simulation.
"""


def sd_upper(sd: float, n: int, level: float = 0.8) -> float:
    """The upper limit of a standard deviation estimated from n values; infinite where n < 2.

    >>> round(sd_upper(1.0, 5), 2)
    1.56
    """
    if n < 2:
        return np.inf
    return float(sd * np.sqrt((n - 1) / stats.chi2.ppf(1 - level, n - 1)))


def seeds_to_detect(
    sd: float,
    delta: float,
    power: float = 0.8,
    alpha: float = 0.05,
    paired: bool = True,
    extra_variance: float = 0.0,
) -> int | None:
    """The fewest seeds whose t test shows a true difference of delta with this power.

    None where delta is 0 or no number of seeds would do.

    >>> seeds_to_detect(1.0, 1.0), seeds_to_detect(1.0, 1.0, paired=False)
    (10, 17)
    """
    return _seeds(
        functools.partial(detection_power, alpha=alpha),
        functools.partial(_error, sd, paired=paired, extra_variance=extra_variance),
        delta,
        power,
    )


def seeds_for_equivalence(
    sd: float,
    delta: float,
    power: float = 0.8,
    alpha: float = 0.05,
    paired: bool = True,
    extra_variance: float = 0.0,
) -> int | None:
    """The fewest seeds with which arms of equal means are shown to be within delta.

    Two one-sided t tests at alpha (Schuirmann 1987). None where no number of seeds would do.
    """
    return _seeds(
        functools.partial(equivalence_power, alpha=alpha),
        functools.partial(_error, sd, paired=paired, extra_variance=extra_variance),
        delta,
        power,
    )


def seeds_for_verdicts(
    sd: float,
    delta: float,
    power: float = 0.8,
    alpha: float = 0.05,
    paired: bool = True,
    extra_variance: float = 0.0,
) -> tuple[int | None, int | None]:
    """The seeds to detect delta and to show equivalence by a verdict: `WEAKER` more than by t.

    >>> seeds_for_verdicts(1.0, 1.0)
    (11, 12)
    """
    rest = sd, delta, power, alpha, paired, extra_variance
    detect, equiv = (
        None if count is None else count + WEAKER
        for count in (seeds_to_detect(*rest), seeds_for_equivalence(*rest))
    )
    return detect, equiv


def smallest_detectable(
    sd: float,
    n: int,
    power: float = 0.8,
    alpha: float = 0.05,
    paired: bool = True,
    extra_variance: float = 0.0,
) -> float:
    """The true difference that n seeds show with this power; NaN where n < 2."""
    if n < 2 or not np.isfinite(sd):
        return np.nan
    error, df = _error(sd, n, paired, extra_variance)
    return float(_detectable_errors(df, power, alpha) * error)


@functools.lru_cache(maxsize=1024)
def _detectable_errors(df: float, power: float, alpha: float) -> float:
    """The smallest detectable difference in standard errors, which many pairs share."""
    high = 1.0
    while detection_power(high, df, alpha) < power:
        high *= 2
    return float(optimize.brentq(lambda x: detection_power(x, df, alpha) - power, 0.0, high))


def detection_power(noncentrality: float, df: float, alpha: float) -> float:
    """Power of the two-sided t test whose true difference is so many standard errors.

    >>> round(detection_power(10**0.5, 9, 0.05), 4)
    0.8031
    """
    reach = special.stdtrit(df, 1 - alpha / 2) * _estimated_errors(df)
    shown = special.ndtr(noncentrality - reach) + special.ndtr(-noncentrality - reach)
    return float(shown.mean())


def equivalence_power(margin: float, df: float, alpha: float) -> float:
    """Power of two one-sided t tests at no difference; the margin is in standard errors."""
    room = margin - special.stdtrit(df, 1 - alpha) * _estimated_errors(df)
    return float(np.mean(2 * special.ndtr(np.maximum(room, 0)) - 1))


@functools.lru_cache(maxsize=1024)
def _estimated_errors(df: float) -> np.ndarray:
    """Estimated standard errors over the true one, at evenly spaced quantiles.

    A mean over them is one over the distribution of the estimate, which makes the noncentral t
    from the normal. SciPy's noncentral t is NaN in its far tails.
    """
    levels = (np.arange(QUANTILES) + 0.5) / QUANTILES
    return np.sqrt(2 * special.gammaincinv(df / 2, levels) / df)


def _seeds(
    power_of: Callable[[float, int], float],
    error_of: Callable[[int], tuple[float, int]],
    delta: float,
    power: float,
) -> int | None:
    """The fewest seeds at which `power_of` (margin in standard errors, df) is enough.

    Args:
      error_of: seeds -> the standard error of the mean difference, and its degrees of freedom.
    """

    def enough(n: int) -> bool:
        error, df = error_of(n)
        return bool(error == 0 or power_of(delta / error, df) >= power)

    return _fewest(enough) if delta > 0 and np.isfinite(error_of(2)[0]) else None


def _error(sd: float, n: int, paired: bool, extra_variance: float) -> tuple[float, int]:
    """Standard error of the mean difference, and its degrees of freedom."""
    if paired:
        return float(np.sqrt(sd**2 / n + extra_variance)), n - 1
    return float(np.sqrt(2 * sd**2 / n + extra_variance)), 2 * (n - 1)


def _fewest(enough: Callable[[int], bool]) -> int | None:
    """The smallest n of at least 2 that is enough, found by doubling and bisection."""
    low, high = 1, 2
    while not enough(high):
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
