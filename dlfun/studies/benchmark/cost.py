"""Operations and bytes of a program by XLA's account, with every loop counted in full."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
from jax.extend import core


class Cost(NamedTuple):
    """Floating-point operations, and bytes read and written by the compiled kernels."""

    flops: float
    bytes: float


def scans(jaxpr: Any) -> Iterator[Any]:
    """The outermost scans of a jaxpr, also inside what it calls."""
    for equation in jaxpr.eqns:
        if equation.primitive.name == "scan":
            yield equation
            continue
        for value in equation.params.values():
            for inner in value if isinstance(value, tuple | list) else (value,):
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    yield from scans(inner)


def cost_of(closed: Any) -> Cost:
    """The cost of a closed jaxpr. XLA counts the body of a loop once: the rest is added here."""
    compiled = jax.jit(core.jaxpr_as_fun(closed)).lower(*closed.in_avals).compile()
    told = compiled.cost_analysis() or {}
    flops, moved = told.get("flops", 0.0), told.get("bytes accessed", 0.0)
    for scan in scans(closed.jaxpr):
        once, more = cost_of(scan.params["jaxpr"]), scan.params["length"] - 1
        flops, moved = flops + more * once.flops, moved + more * once.bytes
    return Cost(flops, moved)
