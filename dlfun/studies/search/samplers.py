"""Samplers of configurations: grids, and draws from a space."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from scipy.stats import qmc

from dlfun import keys
from dlfun.config.search_space import Dimension, Search
from dlfun.errors import OPT
from dlfun.host_memory import check_room


def at(dimension: Dimension, u: float) -> Any:
    """The value of a dimension at u in [0, 1)."""
    if dimension.scale == "choice":
        return dimension.values[int(u * len(dimension.values))]
    if dimension.scale == "log":
        low, high = math.log(dimension.low), math.log(dimension.high)
        value = math.exp(low + u * (high - low))
    else:
        value = dimension.low + u * (dimension.high - dimension.low)
    return round(value) if dimension.whole else value


POINT = 1024
"""Bytes that a configuration takes at least: its values by name, and the options they make."""


def crossed(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of the values of a grid.

    >>> crossed({"a": [1, 2], "b": [3]})
    [{'a': 1, 'b': 3}, {'a': 2, 'b': 3}]

    Raises:
      UserError: if so many do not fit the memory.
    """
    count = math.prod(map(len, grid.values()))
    check_room(POINT * count, f"{count} configurations", f"give {OPT.grid} fewer values")
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def drawn(
    search: str, space: Mapping[str, Dimension], trials: int, key: jax.Array
) -> list[dict[str, Any]]:
    """`trials` configurations of a space: independent (random), or a scrambled Sobol sequence.

    Raises:
      UserError: if so many do not fit the memory.
    """
    check_room(POINT * trials, f"{trials} configurations", f"give fewer {OPT.trials}")
    if search == "sobol":
        seed = int(jax.random.bits(key))
        # A sequence is balanced at powers of two; its first points serve any number of trials.
        sampler = qmc.Sobol(len(space), rng=np.random.default_rng(seed))
        points = sampler.random_base2(math.ceil(math.log2(trials)))[:trials]
    else:
        points = np.asarray(jax.random.uniform(key, (trials, len(space))), float)
    return [
        {name: at(dimension, u) for (name, dimension), u in zip(space.items(), point, strict=True)}
        for point in points
    ]


def corners(space: Mapping[str, Dimension]) -> list[dict[str, Any]]:
    """The points of a space at the ends of all its dimensions; of a choice, at all its values."""
    ends = {
        name: dimension.values or (dimension.low, dimension.high)
        for name, dimension in space.items()
    }
    return crossed(ends)


def configurations(asked: Search, seed: int) -> list[dict[str, Any]]:
    """What a search tries that decides nothing on the way: a function of it and the root seed."""
    if asked.method == "grid":
        return crossed(asked.grid)
    key = keys.stream(keys.root_key(seed), "search")
    return drawn(asked.method, asked.space, asked.trials, key)


def trials(
    space: Mapping[str, Dimension], count: int, seed: int, model: str
) -> list[dict[str, Any]]:
    """Independent draws for a model that is tuned; none from a space of nothing."""
    if not space:
        return []
    key = keys.stream(keys.root_key(seed), "search")
    return drawn("random", space, count, keys.of_algorithm(key, model))
