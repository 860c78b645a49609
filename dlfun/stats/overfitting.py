"""Over-fitting in learning curves: from which interval on held-out loss rises while training falls.

The lowest point of noisy curves is lower than what it stands for, so that whatever follows seems to
rise. The paired difference from it is therefore held to an interval that is right for all points at
once that might have been the lowest (Bonferroni). A rise has to show at every interval up to the
last one: they are tested from the last one backwards until one fails, an order that is fixed before
there are data, so that no further correction is due (Maurer, Hothorn & Lehmacher 1995). The claim
begins where this stops: an onset is named too late rather than too early.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dlfun.stats.intervals import Interval, t_interval

FEWEST = 5
"""Runs below which nothing is said."""


class Overfitting(NamedTuple):
    """Held-out loss against its lowest point, over the runs of an arm.

    Attributes:
      onset: the interval from which on held-out loss is above its lowest point and training loss
        below that of then; None where that is not shown at the last interval.
      lowest: the interval before the last one at which the mean held-out loss is lowest.
      rise: held-out loss at the last interval minus that at `lowest`, paired by run; the interval
        is right for all that might have been lowest.
      fall: training loss likewise; below 0 where training went on to improve.
    """

    onset: int | None
    lowest: int
    rise: Interval
    fall: Interval


def overfitting(
    train: np.ndarray, held_out: np.ndarray, level: float = 0.95, split_variance: float = 0.0
) -> Overfitting | None:
    """Where an arm begins to over-fit; None for fewer than 5 runs, or a single interval.

    The probability of an onset where the mean held-out loss never rises is at most (1 - level) / 2,
    as the intervals are two-sided, and a rise is on one side. It is for one arm: of many arms more
    are named by chance.

    Args:
      train, held_out: losses [runs, intervals]; runs that are not finite throughout are left out.
      split_variance: what overlapping splits of the runs add, as for `t_interval`.

    >>> own = np.arange(6)[:, None] * [0, 0.1, 0, 0.1, 0.2]
    >>> found = overfitting([5, 3, 2, 1, 0.5] - own, [5, 3, 2, 3, 4] + own)
    >>> found.onset, found.lowest, found.rise.estimate
    (3, 2, np.float64(2.5))
    """
    train, held_out = np.asarray(train, float), np.asarray(held_out, float)
    finite = np.isfinite(train).all(1) & np.isfinite(held_out).all(1)
    train, held_out = train[finite], held_out[finite]
    runs, intervals = held_out.shape
    if runs < FEWEST or intervals < 2:
        return None
    last = intervals - 1
    onset = None
    for end in range(last, 0, -1):
        _, rise, fall = _since_lowest(train, held_out, end, level, split_variance)
        if not (rise.low > 0 > fall.high):
            break
        onset = end
    return Overfitting(onset, *_since_lowest(train, held_out, last, level, split_variance))


def _since_lowest(
    train: np.ndarray, held_out: np.ndarray, end: int, level: float, split_variance: float
) -> tuple[int, Interval, Interval]:
    """The lowest of the `end` intervals before one, and what both losses changed by since."""
    lowest = int(held_out[:, :end].mean(0).argmin())
    own_level = 1 - (1 - level) / end
    rise, fall = (
        t_interval(values[:, end] - values[:, lowest], own_level, split_variance)
        for values in (held_out, train)
    )
    return lowest, rise, fall
