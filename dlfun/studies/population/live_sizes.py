"""Live parts of populations whose widths and depths are numbers: parameters, and work."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np

from dlfun.layers import live
from dlfun.models import live_parts
from dlfun.models.sizes import sized
from dlfun.types import HParams, Settings, Spec

Arrays = dict[str, np.ndarray]
"""The parameters of members by Flax's names, as in params/layer/kernel: [members, ...] each."""

PREFIX = "params/"


def sizes_of(settings: Settings, spec: Spec, hparams: HParams, arrays: Arrays) -> Arrays:
    """What members.csv says of how large each member is.

    Returns:
      `parameters` [members], how many are live; and where widths or depths are numbers,
      `extra_work` [members]: the multiply-adds of the program over those of a network of the size.
    """
    shapes = {
        name.removeprefix(PREFIX): array.shape[1:]
        for name, array in arrays.items()
        if name.startswith(PREFIX)
    }
    members = len(np.asarray(hparams.width))
    if not (settings.width or settings.depth):
        return {"parameters": np.full(members, sum(map(math.prod, shapes.values())))}

    @functools.cache  # members of one size are counted once
    def counted(width: float, depth: float) -> tuple[int, int]:
        parts = live_parts(settings.model, settings.shape, spec, width, depth)
        return live.parameter_count(parts, shapes), live.multiply_adds(parts, shapes)

    pairs = zip(np.asarray(hparams.width), np.asarray(hparams.depth), strict=True)
    counts = np.array([counted(float(width), float(depth)) for width, depth in pairs])
    _, whole = counted(math.inf, math.inf)
    return {"parameters": counts[:, 0], "extra_work": whole / counts[:, 1]}


def of_its_size(
    settings: Settings, spec: Spec, numbers: HParams, arrays: Arrays
) -> tuple[Settings, Arrays]:
    """Members of one width and depth as networks that were made in that size."""
    if not (settings.width or settings.depth):
        return settings, arrays
    parts = live_parts(settings.model, settings.shape, spec, numbers.width, numbers.depth)
    cut = live.cut({PREFIX + layer: part for layer, part in parts.items()}, arrays)
    shape = sized(settings.shape, numbers.width, numbers.depth)
    return dataclasses.replace(settings, shape=shape, width=False, depth=False), cut
