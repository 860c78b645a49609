"""Which configurations a sweep tries."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy.stats import qmc


class Dimension(NamedTuple):
    """One axis of a search space: lin or log between low and high, or a choice of values."""

    kind: str
    low: float = 0.0
    high: float = 1.0
    values: tuple[Any, ...] = ()

    def at(self, u: float) -> Any:
        """The value at u in [0, 1)."""
        if self.kind == "choice":
            return self.values[int(u * len(self.values))]
        if self.kind == "log":
            return math.exp(math.log(self.low) + u * math.log(self.high / self.low))
        return self.low + u * (self.high - self.low)


def crossed(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of the values of a grid.

    >>> crossed({"a": [1, 2], "b": [3]})
    [{'a': 1, 'b': 3}, {'a': 2, 'b': 3}]
    """
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def drawn(
    search: str, space: Mapping[str, Dimension], trials: int, key: jax.Array
) -> list[dict[str, Any]]:
    """`trials` configurations of a space: independent (random), or a scrambled Sobol sequence."""
    if search == "sobol":
        seed = int(jax.random.bits(key))
        # A sequence is balanced at powers of two; its first points serve any number of trials.
        sampler = qmc.Sobol(len(space), rng=np.random.default_rng(seed))
        points = sampler.random_base2(math.ceil(math.log2(trials)))[:trials]
    else:
        points = np.asarray(jax.random.uniform(key, (trials, len(space))), float)
    return [
        {name: dimension.at(u) for (name, dimension), u in zip(space.items(), point, strict=True)}
        for point in points
    ]
