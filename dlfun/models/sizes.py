"""Which widths and depths, where they are numbers, a model has. Needs no JAX."""

from __future__ import annotations

import math
from typing import Any

from dlfun.errors import UserError
from dlfun.models import MODELS


def check_sizes(model: str, shape: Any, width: float, depth: float) -> None:
    """Raises UserError if a model of this shape has no such width or depth; inf is always there.

    >>> check_sizes("bpnn", MODELS["bpnn"].settings((8, 8)), 4, math.inf)
    """
    if math.isinf(width) and math.isinf(depth):
        return
    if not MODELS[model].live:
        able = " and ".join(name for name, row in MODELS.items() if row.live)
        raise UserError(
            f"--model={model} has no width or depth that is a number: only {able} have; "
            f"write --width={next(iter(able.split()))}:N for one of several models"
        )
    flag = f"--{model}_widths"
    given = f"{flag}={','.join(map(str, shape.widths))}"
    if not math.isinf(width) and width > max(shape.widths):
        raise UserError(
            f"--width={width:g}: the layers of {given} have at most {max(shape.widths)} units; "
            f"give {flag} as many as the widest needs"
        )
    if not math.isinf(depth) and depth > len(shape.widths):
        raise UserError(
            f"--depth={depth:g}: {given} has {len(shape.widths)} layers; give {flag} as many as "
            "the deepest needs"
        )
    if not math.isinf(depth) and len(set(shape.widths)) > 1:
        raise UserError(
            f"--depth={depth:g}: a dead layer passes on what it is given, so all need the same "
            f"width, and {given}; give all layers the width of the widest, and --width"
        )
