"""Axes: from numbers to places in a drawing, with ticks where people expect them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlfun.report.html.units import MINUS, number


class Axis(NamedTuple):
    """A range of numbers on a stretch of a drawing, evenly or by their logarithm."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, values: ArrayLike) -> np.ndarray:
        """Where values lie, in units of the drawing.

        >>> Axis(0, 10, 100, 200).at([0, 5]).tolist(), Axis(1, 100, 0, 10, log=True).at(10).item()
        ([100.0, 150.0], 5.0)
        """
        given = np.asarray(values, float)
        low, high = self.low, self.high
        if self.log:
            given, low, high = np.log10(given), math.log10(low), math.log10(high)
        return self.start + (given - low) / (high - low) * (self.end - self.start)


def spanning(
    values: ArrayLike, start: float, end: float, log: bool = False, pad: float = 0.05
) -> Axis:
    """An axis that holds all finite values, with some room at both ends."""
    kept = np.asarray(values, float).ravel()
    kept = kept[np.isfinite(kept)]
    if log:
        kept = np.log10(kept[kept > 0])
    low, high = (kept.min(), kept.max()) if len(kept) else (0.0, 1.0)
    alone = 0.2 if log else 0.1 * max(abs(high), 1.0)
    room = pad * (high - low) if high > low else alone
    low, high = float(low - room), float(high + room)
    return Axis(10**low, 10**high, start, end, True) if log else Axis(low, high, start, end)


def step_of(span: float, count: int) -> float:
    """A round distance of about `count` ticks in a span: 1, 2 or 5 times a power of ten."""
    rough = span / count
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)


def ticks(axis: Axis, count: int = 5) -> list[tuple[float, str]]:
    """Values to mark on an axis, with their texts.

    >>> ticks(Axis(0.03, 0.31, 0, 1), 3)
    [(0.1, '0.1'), (0.2, '0.2'), (0.3, '0.3')]
    >>> [text for _, text in ticks(Axis(0.5, 200, 0, 1, log=True))]
    ['1', '10', '100']
    """
    if axis.log:
        return log_ticks(axis, count)
    step = step_of(axis.high - axis.low, count)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(axis.low / step - 1e-9), math.floor(axis.high / step + 1e-9)
    values = [round(k * step, digits) + 0.0 for k in range(first, last + 1)]
    return [(v, f"{v:,.{digits}f}".replace("-", MINUS)) for v in values]


def log_ticks(axis: Axis, count: int) -> list[tuple[float, str]]:
    """Powers of ten; where they are few, 2 and 5 times them as well, or round numbers between."""
    low, high = math.log10(axis.low), math.log10(axis.high)
    powers = range(math.floor(low), math.ceil(high) + 1)
    inside = [k for k in powers if low <= k <= high]
    if len(inside) >= 3:
        values = [10.0**k for k in inside[:: -(-len(inside) // (count + 1))]]
    else:
        values = [m * 10.0**k for k in powers for m in (1, 2, 5)]
        values = [v for v in values if axis.low <= v <= axis.high]
    if len(values) < 2:
        values = [v for v, _ in ticks(axis._replace(log=False), count) if v > 0]
    return [(v, number(v)) for v in values]
