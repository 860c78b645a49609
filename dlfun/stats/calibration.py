"""Whether answers are right as often as their confidence says."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlfun.errors import UserError

BINS = 15

ROUNDING = 1e-5
"""A probability in single precision may exceed 1 by less."""


class Calibration(NamedTuple):
    """The reliability table of answers, and two numbers that sum it up.

    Attributes:
      edges: of the bins, from 0 to 1: [bins + 1]. A bin holds its upper edge, the first one also 0.
      counts: answers in each bin, [bins].
      confidence: their mean confidence, [bins]; NaN where there are none.
      accuracy: the share of them that is right, [bins]; NaN where there are none.
      ece: expected calibration error: the mean of |accuracy - confidence|, weighted by counts.
      brier: mean squared difference of confidence and correctness (that of the top label).
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    ece: float
    brier: float


def calibrate(confidence: ArrayLike, correct: ArrayLike, bins: int = BINS) -> Calibration:
    """The calibration of answers of equal shapes, such as [examples] or [runs, examples], pooled.

    `confidence` is the probability of the predicted class, `correct` whether it is right. Answers
    without a finite confidence are left out; `ece` and `brier` are NaN where none is left. (Guo et
    al. 2017; Brier 1950.) Raises UserError for a confidence outside [0, 1].

    >>> found = calibrate([0.8, 0.8, 0.6, 0.6], [True, True, True, False])
    >>> round(found.ece, 3), round(found.brier, 3)
    (0.15, 0.15)
    """
    p, right = np.asarray(confidence, float).ravel(), np.asarray(correct, float).ravel()
    if p.shape != right.shape:
        raise UserError(f"{p.size} confidences of {right.size} answers; give one for each")
    p, right = p[np.isfinite(p)], right[np.isfinite(p)]
    if np.any(np.abs(p - 0.5) > 0.5 + ROUNDING):
        raise UserError("a confidence is a probability, from 0 to 1")
    edges = np.linspace(0, 1, bins + 1)
    at = np.digitize(p, edges[1:-1], right=True)
    counts, sums, hits = (np.bincount(at, weight, bins) for weight in (None, p, right))
    some = np.maximum(counts, 1)
    gap = np.abs(hits - sums).sum() / len(p) if len(p) else np.nan
    brier = np.mean((p - right) ** 2) if len(p) else np.nan
    mean, accuracy = (np.where(counts, total / some, np.nan) for total in (sums, hits))
    return Calibration(edges, counts, mean, accuracy, float(gap), float(brier))
