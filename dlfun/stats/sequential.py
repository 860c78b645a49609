"""Declared looks at a growing study, with the error rate of a single look."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from scipy import optimize, special

from dlfun.errors import UserError
from dlfun.stats.labels import TOO_FEW

POINTS = 201
"""Points of the grid that carries the distribution from look to look."""


def nominal_levels(
    looks: Sequence[int], alpha: float = 0.05, family_size: int = 1
) -> tuple[float, ...]:
    """The level of each look, so that all of them together err at alpha.

    `looks` are the numbers of replicates at each look, 5 at least and rising. The error is spent
    as Pocock's boundary spends it: alpha log(1 + (e - 1) t) at the fraction t of the last look
    (Lan & DeMets 1983). With `family_size` comparisons each spends its share alpha / family_size,
    and the level is that of the whole family: a comparison tests at level / family_size.

    >>> [round(level, 4) for level in nominal_levels([10, 20])]
    [0.031, 0.0257]
    """
    if len(looks) < 1 or looks[0] < TOO_FEW or any(b <= a for a, b in pairwise(looks)):
        raise UserError(f"looks {list(looks)} must be rising numbers of seeds, {TOO_FEW} at least")
    if not 0 < alpha < 1:
        raise UserError(f"alpha {alpha:g} must lie between 0 and 1")
    n = np.asarray(looks, float)
    spent = alpha / family_size * np.log1p((np.e - 1) * n / n[-1])
    # The t statistics of few values hang together less from look to look than z statistics do:
    # like those of 3 values fewer, as the variance (n - 1) / (n - 3) of t would have it.
    levels = spending_levels((n - 3) / (n[-1] - 3), np.diff(spent, prepend=0.0))
    return tuple(family_size * level for level in levels)


def spending_levels(times: np.ndarray, fresh: np.ndarray) -> list[float]:
    """Two-sided levels of z tests at rising times [looks] that spend `fresh` [looks] of error.

    The scores are a Brownian motion; the density of its paths that no look has stopped is kept
    on a grid between the bounds (Armitage, McPherson & Rowe 1969).
    """
    bound = float(-special.ndtri(fresh[0] / 2))
    levels = [float(fresh[0])]
    points, weights = _grid(bound * np.sqrt(times[0]))
    density = weights * _normal(points, times[0])
    for before, now, error in zip(times, times[1:], fresh[1:], strict=False):
        held = (density, points, now, now - before, error)
        bound = float(optimize.brentq(_excess, 0.0, 40.0, args=held, xtol=1e-10))
        levels.append(float(2 * special.ndtr(-bound)))
        ends, weights = _grid(bound * np.sqrt(now))
        density = weights * (_normal(ends[:, None] - points, now - before) @ density)
        points = ends
    return levels


def _grid(bound: float) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre points and weights between -bound and bound."""
    points, weights = _unit_grid()
    return bound * points, bound * weights


def _excess(
    bound: float,
    density: np.ndarray,
    points: np.ndarray,
    now: float,
    since: float,
    error: float,
) -> float:
    """What a bound spends at the time `now` beyond the error it is to spend."""
    beyond, step = bound * np.sqrt(now), np.sqrt(since)
    tails = special.ndtr((points - beyond) / step) + special.ndtr((-points - beyond) / step)
    return float(density @ tails) - error


@cache
def _unit_grid() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(POINTS)


def _normal(x: np.ndarray, variance: float) -> np.ndarray:
    return np.exp(-(x**2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
