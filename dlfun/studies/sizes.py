"""What of a population is live, where widths and depths are numbers: parameters, and work."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

import numpy as np

from dlfun.layers.live import multiplications, parameter_count
from dlfun.models import live_parts
from dlfun.types import HParams, Settings, Spec

Shapes = Mapping[str, tuple[int, ...]]
"""Name of a parameter, as in layer/kernel -> its shape."""


def shapes_of(parameters: Mapping[str, np.ndarray]) -> Shapes:
    """The shapes of a member's parameters, of arrays [members, ...] by their names in a record."""
    prefix = "params/"
    return {
        name.removeprefix(prefix): array.shape[1:]
        for name, array in parameters.items()
        if name.startswith(prefix)
    }


def parameter_counts(
    settings: Settings, spec: Spec, hparams: HParams, shapes: Shapes
) -> np.ndarray:
    """[members]: how many parameters each one has that are live."""
    if not (settings.width or settings.depth):
        count = sum(math.prod(shape) for shape in shapes.values())
        return np.full(len(np.asarray(hparams.width)), count)

    @functools.cache  # members of one size are counted once
    def count_of(width: float, depth: float) -> int:
        parts = live_parts(settings.model, settings.shape, spec, width, depth)
        return parameter_count(parts, shapes)

    pairs = zip(np.asarray(hparams.width), np.asarray(hparams.depth), strict=True)
    return np.array([count_of(float(width), float(depth)) for width, depth in pairs])


def extra_work(settings: Settings, spec: Spec, hparams: HParams, shapes: Shapes) -> float:
    """The multiplications of the whole population over those of networks of its members' sizes."""
    if not (settings.width or settings.depth):
        return 1.0

    def work(width: float, depth: float) -> int:
        parts = live_parts(settings.model, settings.shape, spec, width, depth)
        return multiplications(parts, shapes)

    pairs = list(zip(np.asarray(hparams.width), np.asarray(hparams.depth), strict=True))
    own = sum(work(*pair) * pairs.count(pair) for pair in set(pairs))
    return len(pairs) * work(math.inf, math.inf) / own


def sizes_of(
    settings: Settings, spec: Spec, hparams: HParams, parameters: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, float]:
    """`parameter_counts` and `extra_work` of members with such parameters [members, ...]."""
    shapes = shapes_of(parameters)
    counts = parameter_counts(settings, spec, hparams, shapes)
    return counts, extra_work(settings, spec, hparams, shapes)


def work_note(settings: Settings, work: float) -> str:
    """In words, what it costs that widths and depths are numbers."""
    widths = ",".join(map(str, settings.shape.widths))
    names = [name for name in ("width", "depth") if getattr(settings, name)]
    return (
        f"{settings.model}: a {' and a '.join(names)} inside one program of "
        f"--{settings.model}_widths={widths}: {work:.1f} times the multiplications of networks of "
        "these sizes"
    )
