"""Differences of arms one of which is skewed: a bootstrap-t interval beside Student's."""

import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from dlfun.stats.spread import finite, sd

SUSPICIOUS = 0.4
"""With more skewness than this, a difference is not judged by Student's interval alone.

Samples of ten from a skewed distribution often look far less skewed than it is, and those are the
ones that Student's interval fails on; two normal arms of ten differ as much in one study of five.
"""

STRICTER = 0.6
"""The share of its error rate that an interval of few runs is made at, as it errs more often."""

RESAMPLES = 9999
CHUNK = 1_000_000
"""So many resampled values are held at a time."""


def asymmetry(a: np.ndarray, b: np.ndarray) -> float:
    """The skewness of the difference of a run of each arm, those without a score left out.

    A run far off skews its arm, and arms that are skewed alike make a difference that is not.

    >>> asymmetry(np.array([0.0, 0, 0, 3]), np.array([0.0, 0, 0, 3]))
    0.0
    """
    spreads: list[float] = []
    thirds: list[float] = []
    for values in (finite(a), finite(b)):
        spread = sd(values) if len(values) > 1 else 0.0
        spreads.append(spread)
        skewness = np.mean((values - values.mean()) ** 3) / values.std() ** 3 if spread else 0.0
        thirds.append(spread**3 * skewness)
    total = math.hypot(*spreads)
    return float((thirds[0] - thirds[1]) / total**3) if total else 0.0


def suspicious(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether the scores of one arm look skewed, and those of the other not as much."""
    return abs(asymmetry(a, b)) > SUSPICIOUS


def bootstrap_t_ends(
    samples: Sequence[np.ndarray], error: float, levels: Sequence[float], seed: int = 0
) -> list[tuple[float, float]]:
    """The ends of bootstrap-t intervals (Efron 1981) of a mean, or of a difference of two.

    Args:
      samples: the differences [n]; or the scores [m] and [n] of two arms that are not paired.
      error: the standard error of the estimate, with all that is known of it.
      levels: of the intervals, which are made at `STRICTER` ones.

    Returns:
      a pair a level; none where a sample has fewer than 3 values, or no spread.
    """
    kept = [np.sort(finite(sample)) for sample in samples]  # in no order that a study gave
    if min(map(len, kept)) < 3 or not max(map(sd, kept)) > 0:
        return []
    lengths = tuple(map(len, kept))
    rows = max(1, CHUNK // sum(lengths))
    draws = _drawn(lengths, seed) if rows >= RESAMPLES else _each_draw(lengths, seed, rows)
    t = np.concatenate([_studentised(kept, places) for places in draws])
    estimate = _difference([float(values.mean()) for values in kept])
    outside = [STRICTER * (1 - level) / 2 for level in levels]
    tails = [np.quantile(t, [1 - part, part]) for part in outside]
    return [(float(estimate - high * error), float(estimate - low * error)) for high, low in tails]


Places = list[np.ndarray]
"""For each sample the places [resamples, n] of the values that are drawn from it."""


def _each_draw(lengths: tuple[int, ...], seed: int, rows: int) -> Iterator[Places]:
    """All resamples of samples of these lengths, so many at a time."""
    rng = np.random.Generator(np.random.PCG64(seed))
    for start in range(0, RESAMPLES, rows):
        size = min(rows, RESAMPLES - start)
        yield [rng.integers(length, size=(size, length)) for length in lengths]


@functools.lru_cache(maxsize=4)
def _drawn(lengths: tuple[int, ...], seed: int) -> tuple[Places, ...]:
    """The same of small samples, kept, as most pairs of a study have as many runs."""
    return tuple(_each_draw(lengths, seed, RESAMPLES))


def _studentised(kept: list[np.ndarray], places: Places) -> np.ndarray:
    """t statistics of bootstrap samples; those of samples without spread have none."""
    drawn = [values[at] for values, at in zip(kept, places, strict=True)]
    shift = _difference([d.mean(1) - v.mean() for d, v in zip(drawn, kept, strict=True)])
    error = np.sqrt(sum(d.var(1, ddof=1) / d.shape[1] for d in drawn))
    wide = np.any([np.ptp(d, axis=1) > 0 for d in drawn], axis=0)
    return shift[wide] / error[wide]


def _difference(means: Sequence) -> Any:
    return means[0] if len(means) == 1 else means[0] - means[1]
