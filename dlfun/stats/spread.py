"""The spread of a sample, exactly zero where the values differ by rounding alone."""

import numpy as np
from numpy.typing import ArrayLike

ROUNDING = 1e-12
"""Values that differ by no more than this fraction of the largest are the same value."""


def finite(values: ArrayLike) -> np.ndarray:
    """The finite values of an array [n], as float64: a run that failed has NaN for its score."""
    kept = np.asarray(values, float).ravel()
    return kept[np.isfinite(kept)]


def sd(values: np.ndarray) -> float:
    """Standard deviation of values [n], n - 1 in the denominator; NaN where n < 2.

    >>> sd(np.array([0.1, 0.1, 0.1]))
    0.0
    """
    if len(values) < 2:
        return np.nan
    if np.ptp(values) <= ROUNDING * np.abs(values).max():
        return 0.0
    return float(values.std(ddof=1))
