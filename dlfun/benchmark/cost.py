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


def told_of(closed: Any) -> Cost:
    """XLA's own account, which counts the body of a loop once."""
    compiled = jax.jit(core.jaxpr_as_fun(closed)).lower(*closed.in_avals).compile()
    told = compiled.cost_analysis() or {}
    return Cost(told.get("flops", 0.0), told.get("bytes accessed", 0.0))


def cost_of(closed: Any) -> Cost:
    """The cost of a closed jaxpr: the body of each scan as often as it runs."""
    total = told_of(closed)
    for scan in scans(closed.jaxpr):
        body, length = scan.params["jaxpr"], scan.params["length"]
        pairs = zip(total, told_of(body), cost_of(body), strict=True)
        total = Cost(*(whole - once + length * full for whole, once, full in pairs))
    return total
