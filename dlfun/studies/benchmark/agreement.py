"""Whether two sides do the same work: the losses of their first steps, from the same start."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

TOLERANCE = {"cpu": 0.01}
ROUNDED = 0.05
"""What accelerators may differ by: their float32 products keep 10 or 16 bits of each factor."""

FLOOR = 1e-3
"""Of the largest loss: losses below it count as this large, lest a zero loss divide."""


def largest_difference(ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]) -> float:
    """The largest relative difference of losses [members, steps]; theirs may have fewer members.

    >>> largest_difference([[2.0, 1.0], [9.0, 9.0]], [[2.0, 1.1]])
    0.1
    """
    b = np.asarray(theirs, float)
    a = np.asarray(ours, float)[: len(b)]
    if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    scale = np.maximum(np.abs(a), FLOOR * np.abs(a).max())
    return float(np.round(np.max(np.abs(a - b) / np.maximum(scale, 1e-30)), 12))


def tolerance(backend: str) -> float:
    """The largest difference under which the curves agree."""
    return TOLERANCE.get(backend, ROUNDED)
