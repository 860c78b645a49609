"""One number over several data sets, with stratified bootstrap intervals (Agarwal et al. 2021).

Scores are [runs, data sets], of three data sets or more, and comparable between them: normalise
them first. A run that failed is to be given a score, such as that of chance.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlfun.errors import UserError
from dlfun.stats.intervals import Interval
from dlfun.stats.stratified import percentiles, resampled
from dlfun.stats.tests import sign_flip
from dlfun.words import plural

FEWEST = 3
"""With fewer data sets, each is compared by itself."""

RESAMPLES = 9999


class Aggregates(NamedTuple):
    """Estimates over runs and data sets; intervals are approximate with fewer than 10 runs.

    Attributes:
      iqm: mean of the middle half of all runs on all data sets.
      mean: mean of all of them.
      median: median over data sets of the mean over runs.
      optimality_gap: mean shortfall from the target score, what exceeds it not counting.
    """

    iqm: Interval
    mean: Interval
    median: Interval
    optimality_gap: Interval


class ScoreProfile(NamedTuple):
    """Share of runs that score more than each threshold [t], with pointwise bands [t]."""

    thresholds: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray


def normalise(scores: ArrayLike, chance: ArrayLike, reference: ArrayLike) -> np.ndarray:
    """Scores [runs, data sets] on a scale where chance is 0 and the reference is 1.

    `chance` and `reference` are [data sets]. Where lower scores are better the reference lies
    below chance, and more is better after all. Raises UserError where the two are equal.

    >>> normalise([[0.55, 2.0]], [0.1, 3.0], [1.0, 1.0]).round(6).tolist()
    [[0.5, 0.5]]
    """
    scores = np.asarray(scores, float)
    chance, span = np.asarray(chance, float), np.subtract(reference, chance)
    if not np.all(np.abs(span) > 0):
        raise UserError("a reference score that equals chance gives no scale; name another one")
    return (scores - chance) / span


def aggregate_scores(
    scores: ArrayLike,
    target: float = 1.0,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Aggregates:
    """Estimates over runs and data sets, each with its percentile bootstrap interval.

    Runs are drawn again within every data set. `target` is the score that the optimality gap is
    counted from, 1 being the reference. Raises UserError for fewer than 3 data sets.

    >>> found = aggregate_scores([[0.0, 0.5, 1.0], [0.4, 0.5, 1.2]], resamples=99)
    >>> [round(part.estimate, 3) for part in found]
    [0.6, 0.6, 0.5, 0.433]
    """
    table = _table(scores)
    found = _estimates(np.ones((1, *table.shape)), table, target)[0]
    drawn = resampled(lambda c: _estimates(c, table, target), [table], resamples, seed)
    low, high = percentiles(drawn, level, [table])
    ends = zip(found.tolist(), low.tolist(), high.tolist(), strict=True)
    return Aggregates(*(Interval(*end, np.nan, table.size) for end in ends))


def score_profile(
    scores: ArrayLike,
    thresholds: ArrayLike,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> ScoreProfile:
    """The share of runs, over all data sets, that score more than each of thresholds [t].

    Bands are by percentile bootstrap within data sets, and hold pointwise.
    """
    table, at = _table(scores), np.asarray(thresholds, float)
    above = (table.reshape(-1, 1) > at).astype(float)

    def shares(counts: np.ndarray) -> np.ndarray:
        return counts.reshape(len(counts), -1) @ above / table.size

    drawn = resampled(shares, [table], resamples, seed)
    return ScoreProfile(at, above.mean(0), *percentiles(drawn, level, [table]))


def probability_of_improvement(
    a: ArrayLike,
    b: ArrayLike,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Mean over data sets of the probability that a run of A scores more than one of B.

    `a` is [runs of A, data sets], `b` [runs of B, data sets]; ties count half. The interval is by
    percentile bootstrap of the runs of either, and `n` counts the runs of both.
    """
    x, y = _table(a), _table(b)
    if x.shape[1] != y.shape[1]:
        raise UserError(
            f"A has {plural(x.shape[1], 'data set')} and B {y.shape[1]}; give both the same ones"
        )
    wins = (np.sign(x[:, None] - y) + 1) / 2  # [runs of A, runs of B, data sets]

    def share(counts_a: np.ndarray, counts_b: np.ndarray) -> np.ndarray:
        won = np.einsum("kid,ijd,kjd->k", counts_a, wins, counts_b, optimize=True)
        return won[:, None] / wins.size

    drawn = resampled(share, [x, y], resamples, seed)
    low, high = percentiles(drawn, level, [x, y])[:, 0]
    return Interval(float(wins.mean()), float(low), float(high), np.nan, x.size + y.size)


def overall_sign_flip(a: ArrayLike, b: ArrayLike, seed: int = 0) -> float:
    """Two-sided p value of the mean difference over data sets, A and B being paired by run.

    `a` and `b` are [runs, data sets]. A run's differences change sign on all data sets together,
    as runs of one index share keys; each data set weighs the same.

    >>> a = [[0.5, 0.6, 0.7]] * 8
    >>> overall_sign_flip(a, [[0.4, 0.5, 0.6]] * 8) == 2 / 2**8
    True
    """
    x, y = _table(a), _table(b)
    if x.shape != y.shape:
        raise UserError("paired runs need as many runs of either, on the same data sets")
    return sign_flip((x - y).mean(1), seed)


def _table(scores: ArrayLike) -> np.ndarray:
    table = np.asarray(scores, float)
    if table.ndim != 2 or not len(table) or table.shape[1] < FEWEST:
        raise UserError(f"aggregates need runs on {FEWEST} data sets or more, as [runs, data sets]")
    if not np.isfinite(table).all():
        raise UserError("a run without a score cannot be aggregated; give it that of chance")
    return table


def _estimates(counts: np.ndarray, table: np.ndarray, target: float) -> np.ndarray:
    """The four estimates [draws, 4] of tables that hold the runs `counts` [draws, *table] times."""
    flat, cut = counts.reshape(len(counts), -1), table.size // 4
    order = np.argsort(table, axis=None)
    # Of each run in ascending order: how often it stands in the middle half.
    reached = np.clip(np.cumsum(flat[:, order], axis=1), cut, table.size - cut)
    inner = np.diff(reached, axis=1, prepend=cut)
    means = (counts * table).sum(1) / len(table)
    columns = (
        inner @ table.ravel()[order] / (table.size - 2 * cut),
        means.mean(1),
        np.median(means, axis=1),
        flat @ np.maximum(0, target - table).ravel() / table.size,
    )
    return np.stack(columns, axis=1)
