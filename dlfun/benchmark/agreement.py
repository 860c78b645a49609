"""The agreement of two sides: the losses of their first steps, from the same start."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Curves = Sequence[Sequence[float]]
"""Losses [members, steps]."""

TOLERANCE = {"cpu": 0.05}
ROUNDED = 0.15
"""On accelerators, whose float32 products keep 10 or 16 bits of each factor."""

FLOOR = 1e-3
"""Of the largest loss: losses below it count as this large, lest a zero loss divide."""


def largest_difference(ours: Curves, theirs: Curves) -> float:
    """The largest relative difference of the losses; theirs may be of fewer members.

    >>> round(largest_difference([[2.0, 1.0], [9.0, 9.0]], [[2.0, 1.1]]), 6)
    0.1
    """
    a, b = np.asarray(ours, float)[: len(theirs)], np.asarray(theirs, float)
    if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    scale = np.maximum(np.abs(a), FLOOR * np.abs(a).max())
    return float(np.max(np.abs(a - b) / np.maximum(scale, np.finfo(float).tiny)))


def of_learning(ours: Curves, theirs: Curves, frozen: Curves) -> float:
    """The largest difference of a member's losses, as a part of what learning did to them.

    In a few steps a loss falls little, and another optimiser would look alike. Only against
    the losses of the initial parameters on the same batches, `frozen`, is a difference small or
    large. Where these do not differ from ours (a rule that no learning rate stops), the loss is
    the measure.

    >>> of_learning([[2.0, 1.5]], [[2.0, 1.75]], [[2.0, 2.0]])
    0.5
    """
    count = len(theirs)
    if not np.isfinite(largest_difference(ours, theirs)):
        return float("inf")
    a, b, c = np.asarray(ours, float)[:count], np.asarray(theirs), np.asarray(frozen)[:count]
    effect = np.abs(a - c).max(axis=1)
    scale = np.where(effect > 0, effect, np.abs(a).max(axis=1))
    return float(np.max(np.abs(a - b).max(axis=1) / scale))


def tolerance(backend: str) -> float:
    """The part of what learning did by which curves that agree may differ."""
    return TOLERANCE.get(backend, ROUNDED)
