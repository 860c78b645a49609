"""Calibration: are answers right as often as their confidence says?"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlfun.errors import UserError

BINS = 15

ROUNDING = 1e-5
"""A probability in single precision may exceed 1 by less."""


TEMPERATURES = (0.05, 20.0)
"""The least and the largest temperature that is fitted."""

PRECISE = {"xatol": 1e-9}


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


def tempered(log_p: ArrayLike, temperature: float) -> np.ndarray:
    """Log-probabilities [..., classes], or logits, divided by a temperature and normalised again.

    >>> np.exp(tempered(np.log([0.8, 0.2]), 2.0)).round(3).tolist()
    [0.667, 0.333]
    """
    scaled = np.asarray(log_p, float) / temperature
    scaled = scaled - scaled.max(-1, keepdims=True)
    return scaled - np.log(np.exp(scaled).sum(-1, keepdims=True))


def fit_temperature(log_p: ArrayLike, targets: ArrayLike) -> float:
    """The temperature that makes the targets likeliest, within `TEMPERATURES` (Guo et al. 2017).

    The likelihood is concave in its inverse, so that there is one best temperature.

    Args:
      log_p: log-probabilities or logits [examples, classes].
      targets: class ids [examples].

    Raises:
      UserError: if there are no examples.
    """
    from scipy.optimize import minimize_scalar

    known, wanted = np.asarray(log_p, float), np.asarray(targets)
    if not len(wanted):
        raise UserError("a temperature is fitted to examples, and there are none")

    def loss(inverse: float) -> float:
        return float(-tempered(known, 1 / inverse)[np.arange(len(wanted)), wanted].mean())

    low, high = TEMPERATURES
    found = minimize_scalar(loss, bounds=(1 / high, 1 / low), method="bounded", options=PRECISE)
    return float(1 / found.x)


class Scores(NamedTuple):
    """How well probabilities of classes are calibrated.

    Attributes:
      ece: expected calibration error of the top label.
      brier_top: mean squared difference of the top label's probability and its correctness.
      brier: sum over all classes of the squared difference of probability and truth, averaged
        over examples: from 0 to 2 (Brier 1950).
      nats: mean negative log-probability of the target.
    """

    ece: float
    brier_top: float
    brier: float
    nats: float


def score_probabilities(log_p: ArrayLike, targets: ArrayLike) -> Scores:
    """The scores of log-probabilities [examples, classes] of class ids [examples]."""
    known, wanted = np.asarray(log_p, float), np.asarray(targets)
    p, rows = np.exp(known), np.arange(len(wanted))
    found = calibrate(p.max(-1), p.argmax(-1) == wanted)
    # The truth is one class: sum of (p - truth)^2 = sum of p^2 - 2 p of the target + 1.
    brier = np.mean(np.sum(p**2, -1) - 2 * p[rows, wanted] + 1)
    return Scores(found.ece, found.brier, float(brier), float(-known[rows, wanted].mean()))


def cross_fitted(log_p: ArrayLike, targets: ArrayLike) -> np.ndarray:
    """Log-probabilities of each half of the examples under the temperature fitted to the other.

    So that what is said of a fitted temperature is not said of the examples it was fitted to.
    """
    known, wanted = np.asarray(log_p, float), np.asarray(targets)
    found, odd = np.empty_like(known), np.arange(len(wanted)) % 2 == 1
    for half in (odd, ~odd):
        found[half] = tempered(known[half], fit_temperature(known[~half], wanted[~half]))
    return found
