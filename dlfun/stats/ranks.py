"""Mean ranks of algorithms over many data sets, and which of them are told apart."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from dlfun.errors import UserError
from dlfun.stats.multiplicity import holm

ROUNDING = 1e-13
"""Of the largest score: means of equal runs differ by less, in whatever order they were added."""

FEWEST = 10
"""With fewer data sets, ranks say too little."""


class Ranks(NamedTuple):
    """How algorithms rank over data sets, 1 being the best.

    Attributes:
      mean: mean rank of each algorithm [algorithms], ties sharing theirs.
      p: Holm-adjusted p value of each pair [algorithms, algorithms], symmetric, 1 on the diagonal.
      groups: the largest sets of neighbours in rank no two of which are told apart, by index; those
        that a critical-difference diagram joins by a bar.
    """

    mean: np.ndarray
    p: np.ndarray
    groups: tuple[tuple[int, ...], ...]


def rank_algorithms(scores: ArrayLike, alpha: float = 0.05, higher_is_better: bool = True) -> Ranks:
    """Ranks of scores [data sets, algorithms], each a mean over runs.

    Pairs are told apart by Wilcoxon's signed-rank test with Holm's correction: unlike tests of mean
    ranks, a pair does not depend on what else is in the pool (Benavoli et al. 2016). Raises
    UserError for fewer than 10 data sets or 2 algorithms.

    >>> rank_algorithms([[0.9, 0.8, 0.7]] * 10).mean.tolist()
    [1.0, 2.0, 3.0]
    """
    table = np.asarray(scores, float)
    if table.ndim != 2 or len(table) < FEWEST or table.shape[1] < 2:
        raise UserError(f"ranks need 2 algorithms on {FEWEST} data sets; compare pairs instead")
    if not np.isfinite(table).all():
        raise UserError("an algorithm without a score cannot be ranked; give it that of chance")
    mean = mean_ranks(table, higher_is_better)
    count = table.shape[1]
    pairs = list(combinations(range(count), 2))
    p = np.eye(count)
    scale = float(np.abs(table).max())
    adjusted = holm([_wilcoxon(table[:, a] - table[:, b], scale) for a, b in pairs])
    for (a, b), value in zip(pairs, adjusted, strict=True):
        p[a, b] = p[b, a] = value
    return Ranks(mean, p, _groups(np.argsort(mean, kind="stable"), p >= alpha))


def mean_ranks(scores: ArrayLike, higher_is_better: bool = True) -> np.ndarray:
    """Mean rank [algorithms] of finite scores [data sets, algorithms]; 1 is the best, ties share.

    With few data sets it describes, and tells nothing apart.

    >>> mean_ranks([[0.9, 0.8, 0.7], [0.5, 0.5, 0.6]]).tolist()
    [1.75, 2.25, 2.0]
    """
    table = np.asarray(scores, float)
    return stats.rankdata(-table if higher_is_better else table, axis=1).mean(0)


def _wilcoxon(differences: np.ndarray, scale: float) -> float:
    """Two-sided p value; data sets without a difference take their ranks along (Pratt 1959).

    Scores are taken as equal where they differ by their rounding alone; 1 where all are.
    """
    differences = np.where(np.abs(differences) <= ROUNDING * scale, 0.0, differences)
    if not differences.any():
        return 1.0
    return float(stats.wilcoxon(differences, zero_method="pratt").pvalue)


def friedman(scores: ArrayLike) -> float:
    """Friedman's chi-squared statistic of scores [data sets, algorithms], ties corrected.

    >>> friedman([[0.9, 0.8, 0.7]] * 10)
    20.0
    """
    return float(stats.friedmanchisquare(*np.asarray(scores, float).T).statistic)


def _groups(order: np.ndarray, alike: np.ndarray) -> tuple[tuple[int, ...], ...]:
    """The longest stretches of `order` in which all pairs are alike, of two algorithms or more."""
    found: list[tuple[int, ...]] = []
    reach = 0
    for start in range(len(order)):
        end = start + 1
        while end < len(order) and alike[order[end], order[start:end]].all():
            end += 1
        if end > max(reach, start + 1):
            found.append(tuple(int(at) for at in order[start:end]))
            reach = end
    return tuple(found)
