"""Widths and depths that are numbers, and the models that have them. Needs no JAX."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from dlfun.errors import OPT, UserError
from dlfun.models import MODELS, row_of
from dlfun.types import HPARAMS, HParams
from dlfun.words import plural

SIZES = tuple(name for name, bounds in HPARAMS.items() if bounds.whole)
"""The numbers that say how large a network is."""


def sized(shape: Any, width: float, depth: float) -> Any:
    """A shape with only so many units in a layer, and so many layers; inf: all that it has.

    >>> sized(MODELS["bpnn"].settings((64, 32)), 48, math.inf).widths
    (48, 32)
    """
    widths = tuple(round(min(count, width)) for count in shape.widths)
    return dataclasses.replace(shape, widths=widths[: round(min(len(widths), depth))])


def program_shape(model: str, shape: Any, configurations: Sequence[HParams]) -> Any:
    """The shape of the one program for these configurations: no larger than the largest needs.

    Raises:
      UserError: if a model of this shape has no such width or depth.
    """
    for numbers in configurations:
        check_sizes(model, shape, numbers.width, numbers.depth)
    if not row_of(model).live:
        return shape
    return sized(shape, *(max(getattr(h, size) for h in configurations) for size in SIZES))


def check_sizes(model: str, shape: Any, width: float, depth: float) -> None:
    """Raises UserError if a model of this shape has no such width or depth; inf is always there.

    >>> check_sizes("bpnn", MODELS["bpnn"].settings((8, 8)), 4, math.inf)
    """
    if math.isinf(width) and math.isinf(depth):
        return
    if not MODELS[model].live:
        able = " and ".join(name for name, row in MODELS.items() if row.live)
        raise UserError(
            f"{OPT.model}={model} has no width or depth that is a number: only {able} have; "
            f"write {OPT.width}={next(iter(able.split()))}:N for one of several models"
        )
    widths = shape.widths
    given = f"{OPT.of(model, 'widths')}={','.join(map(str, widths))}"
    enough = f"give {OPT.of(model, 'widths')}={widths_for(widths, width, depth)}"
    if not math.isinf(width) and width > max(widths):
        raise UserError(
            f"{OPT.width}={width:g}: the layers of {given} have at most "
            f"{plural(max(widths), 'unit')}; {enough}"
        )
    if not math.isinf(depth) and depth > len(widths):
        raise UserError(
            f"{OPT.depth}={depth:g}: {given} has {plural(len(widths), 'layer')}; {enough}"
        )
    if not math.isinf(depth) and len(set(widths)) > 1:
        raise UserError(
            f"{OPT.depth}={depth:g}: a dead layer passes on what it is given, so all need the same "
            f"width, and {given}; {enough}"
        )


def widths_for(widths: Sequence[int], width: float, depth: float) -> str:
    """Those of the smallest shape that has this one, and the width and depth; of few layers.

    >>> widths_for((100, 50), 256, 3), widths_for((8,), math.inf, 99)
    ('256,256,256', '8,8,8,8,...')
    """
    units, layers = (
        max(most, round(number)) if math.isfinite(number) else most
        for most, number in ((max(widths), width), (len(widths), depth))
    )
    return ",".join([str(units)] * layers if layers < 9 else [*[str(units)] * 4, "..."])
