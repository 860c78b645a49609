"""What differences seeds alone make: a model against itself."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from dlfun.stats.spread import finite


class NoiseFloor(NamedTuple):
    """Differences that no difference of models made, in the unit of the scores.

    Attributes:
      sd: over seeds, pooled over arms.
      df: its degrees of freedom.
      arms, n: how many arms there are, and the fewest seeds of one.
      runs: 95 % of the differences between two runs of one arm are within this.
      means: the same of two means of n seeds each.
      lead: of as many equal arms the best mean is ahead of the last by less, in 95 % of studies.
    """

    sd: float
    df: int
    arms: int
    n: int
    runs: float
    means: float
    lead: float


def noise_floor(samples: Sequence[ArrayLike], level: float = 0.95) -> NoiseFloor | None:
    """The noise floor of arms whose scores are about normal, with one spread over seeds.

    Args:
      samples: of each arm the scores of its runs; those that failed, NaN, are left out.

    Returns:
      None where no arm has two runs. Two differences are by Student's t, the lead by the
      studentized range (Tukey 1949).

    >>> floor = noise_floor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    >>> floor.sd, floor.df, round(floor.means, 2)
    (1.0, 4, 2.27)
    """
    kept = [scores for scores in map(finite, samples) if len(scores) > 1]
    if not kept:
        return None
    df = sum(len(scores) - 1 for scores in kept)
    sd = float(np.sqrt(sum(scores.var() * len(scores) for scores in kept) / df))
    n = min(map(len, kept))
    reach = float(stats.t.ppf((1 + level) / 2, df)) * sd
    arms = max(len(kept), 2)
    lead = range_quantile(level, arms, df) * sd / n**0.5
    return NoiseFloor(sd, df, len(kept), n, 2**0.5 * reach, (2 / n) ** 0.5 * reach, lead)


@functools.lru_cache(maxsize=1024)
def range_quantile(level: float, arms: int, df: int) -> float:
    """A quantile of the studentized range, which takes a while to find."""
    return float(stats.studentized_range.ppf(level, arms, df))
