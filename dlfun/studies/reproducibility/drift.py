"""The drift between equal runs: bits, metrics, parameters, ranks. Plain numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import rankdata

Arrays = Mapping[str, np.ndarray]


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are equal bit by bit, any NaN being like any other.

    >>> same_bits(np.array([0.0, np.nan]), np.array([-0.0, np.nan]))
    False
    """
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind == "f":
        a, b = (np.where(np.isnan(array), np.nan, array).astype(array.dtype) for array in (a, b))
    return a.tobytes() == b.tobytes()


def all_same(a: Arrays, b: Arrays) -> bool:
    """Whether all arrays that both have are equal bit by bit, and there are any."""
    common = set(a) & set(b)
    return bool(common) and all(same_bits(np.asarray(a[n]), np.asarray(b[n])) for n in common)


def metric_drift(a: np.ndarray, b: np.ndarray) -> float:
    """Largest difference; infinite where only one is finite, or the shapes do not agree."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape:
        return np.inf
    with np.errstate(invalid="ignore"):
        apart = np.abs(a - b)
    apart = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, apart)
    return float(np.where(np.isnan(apart), np.inf, apart).max(initial=0.0))


def metric_drifts(a: Arrays, b: Arrays) -> dict[str, float]:
    """`metric_drift` of every metric that both have, in the order of the second."""
    return {name: metric_drift(a[name], b[name]) for name in b if name in a}


def parameter_drift(a: Arrays, b: Arrays) -> float:
    """Largest difference of an array over its largest magnitude in `a`: worst array and member.

    Args:
      a, b: name -> [members, ...] of the same members.
    """
    worst = 0.0
    for name in set(a) & set(b):
        for one, other in zip(a[name], b[name], strict=True):
            apart = metric_drift(one, other)
            size = np.abs(np.nan_to_num(one.astype(float))).max(initial=0.0)
            worst = max(worst, apart / size if apart and size else apart)
    return worst


def rank_change(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """How many ranks each score moved: ties share their mean rank, and NaN ranks last.

    >>> rank_change(np.array([0.1, 0.2, 0.3]), np.array([0.25, 0.2, 0.3]))
    array([1., 1., 0.])
    """
    ranks = [rankdata(-np.nan_to_num(scores, nan=-np.inf)) for scores in (before, after)]
    return np.abs(ranks[1] - ranks[0])


def mean_known(values: np.ndarray) -> float:
    """The mean of the values that are not NaN; NaN where there is none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else np.nan
