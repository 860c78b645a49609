"""P values of a family of tests."""

import numpy as np
from numpy.typing import ArrayLike


def holm(p: ArrayLike) -> np.ndarray:
    """Holm's adjusted p values of p [tests], which keep the family-wise error rate (Holm 1979).

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p, float)
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    return _in_place(np.minimum(1, np.maximum.accumulate(steps)), order)


def benjamini_hochberg(p: ArrayLike) -> np.ndarray:
    """Adjusted p values of p [tests] that keep the false discovery rate (1995).

    For exploration, and to be labelled so.

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    p = np.asarray(p, float)
    order = np.argsort(p, kind="stable")
    steps = p[order] * len(p) / np.arange(1, len(p) + 1)
    return _in_place(np.minimum(1, np.minimum.accumulate(steps[::-1])[::-1]), order)


def _in_place(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    placed = np.empty_like(values)
    placed[order] = values
    return placed
