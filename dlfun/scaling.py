"""Standardisation of numbers, fitted on the training rows of a replicate alone.

Needs no JAX: what is applied inside a step is arithmetic that arrays of either kind know.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

FAR = 1000
"""A column whose values lie so many times their spread from 0 is stored as differences."""

LEAST, MOST = 1e-15, 1e15
"""Between these must lie how far targets vary, so that their squares are numbers of float32."""


class Standard(NamedTuple):
    """How columns of numbers are standardised.

    Values are stored as float32 differences from the `origin`, which is the same for all
    replicates, so that what varies survives however far from 0 it lies; `mean` and `sd` are of
    the stored training rows of one replicate. A column that never varies there has an sd of 0 and
    becomes 0 everywhere: nothing can be learned of it. So does a category that no training row
    has: an unknown one has 0 in all its columns.

    Attributes:
      origin: [columns] float64, in the user's unit; 0 unless values lie far from it.
      numeric: [columns], numbers, which are standardised; others are 0 or 1, and stay that.
      mean, sd: [columns] float64, in the user's unit; 0 and 1 until they are fitted.
      fills: [columns], what stands for a missing value, which is stored as NaN: the mean of the
        others, by which sd is taken, too; None: none may be missing.
    """

    origin: Any
    numeric: Any
    mean: Any
    sd: Any
    fills: Any = None

    def standardised(self, stored: Any) -> Any:
        """Stored values [n, columns] with mean 0 and sd 1 over the training rows."""
        if self.fills is not None:
            missing = stored != stored  # of all numbers NaN alone
            stored = stored.__array_namespace__().where(missing, self.fills[None], stored)
        varies = self.sd > 0
        return (stored - self.mean[None]) * (varies / (self.sd + ~varies))[None]

    def stored(self, standardised: Any) -> Any:
        """Standardised values [..., columns] as they would be stored: less the origin."""
        axes = (None,) * (standardised.ndim - 1)
        return standardised * self.sd[axes] + self.mean[axes]

    def in_user_unit(self, standardised: Any) -> Any:
        """Standardised values [..., columns] in the user's unit."""
        return self.stored(standardised) + self.origin[(None,) * (standardised.ndim - 1)]

    def fitted(self, stored: np.ndarray) -> Standard:
        """The same columns, fitted on stored training rows [n, columns]."""
        rows = np.asarray(stored, np.float64)
        if self.fills is not None:
            fills = np.where(self.numeric, means_of(rows), 0.0)
            rows = np.where(np.isnan(rows), fills, rows)
            return self._replace(fills=None).fitted(rows)._replace(fills=fills)
        varies = np.ptp(rows, axis=0) > 0  # exactly: a computed sd may be a rounding error
        held = varies | (rows[0] != 0)
        return self._replace(
            mean=np.where(self.numeric, rows.mean(0), 0.0),
            sd=np.where(self.numeric, varies * rows.std(0), held.astype(float)),
        )


class Scaling(NamedTuple):
    """What of a data set is standardised; None is what is learned as it is stored."""

    inputs: Standard | None = None
    targets: Standard | None = None

    @property
    def target_origin(self) -> Any:
        """[outputs], or 0 where targets are learned as they are."""
        return 0.0 if self.targets is None else self.targets.origin

    def fitted(self, inputs: Any, targets: Any) -> Scaling:
        """The same, fitted on training rows as they are stored."""
        return Scaling(
            None if self.inputs is None else self.inputs.fitted(np.asarray(inputs)),
            None if self.targets is None else self.targets.fitted(np.asarray(targets)),
        )


def means_of(rows: np.ndarray) -> np.ndarray:
    """The means [columns] of rows [n, columns] without their NaN; 0 where there are no others."""
    there = ~np.isnan(rows)
    return np.where(there, rows, 0).sum(0) / np.maximum(there.sum(0), 1)


def standard_of(
    values: np.ndarray, numeric: np.ndarray | None = None, fills: bool = False
) -> Standard:
    """The columns of all rows [n, columns] float64 of a data set, not yet fitted.

    Args:
      numeric: [columns]; None says that all are numbers.
      fills: whether some may be missing, NaN; then rows are taken with the median for these.
    """
    columns = values.shape[1]
    if numeric is None:
        numeric = np.ones(columns, bool)
    if fills:
        values = np.where(np.isnan(values), np.nanmedian(values, axis=0), values)
    origin = np.where(numeric, origin_of(values), 0.0)
    none = np.zeros(columns) if fills else None
    return Standard(origin, numeric, np.zeros(columns), np.ones(columns), none)


def origin_of(values: np.ndarray) -> np.ndarray:
    """A number near the values of each column, 0 where those lie near 0 themselves.

    Of rows [n, columns]: the median, on a grid of the spread between the quartiles, so that a few
    wild rows, which may be of test, leave it where it is. Where most are equal, their spread is
    the least difference from that value, and of a constant column nothing is left to lose.

    >>> origin_of(np.array([[1.7e9, 5.0], [1.7e9 + 100, 6.0], [1.7e9 + 200, -3.0]])).tolist()
    [1700000000.0, 0.0]
    """
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0, method="nearest")
    apart = np.abs(values - middle)
    least = np.where(apart > 0, apart, np.inf).min(0)
    quartiles = high > low
    spread = np.where(quartiles, high - low, least)
    grid = 2.0 ** np.ceil(np.log2(np.where(quartiles, spread, 1.0)))
    near = np.where(quartiles, np.round(middle / grid) * grid, middle)
    return np.where(np.abs(middle) > FAR * spread, near, 0.0)
