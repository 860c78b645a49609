"""The peaks of a device: a large matrix product, and a large copy."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from dlfun.benchmark.options import Job
from dlfun.records.environment import environment

SIZE = 2048
COPIED = 2**28
TRIES, AT_LEAST = 10, 0.1


def fastest(function: Callable[[Any], Any], given: Any) -> float:
    """Seconds of one call, each on the result of the last.

    The best of some tries that each last long enough to be timed: of a peak, the disturbed tries
    say nothing.
    """
    result = jax.block_until_ready(function(given))
    found: list[float] = []
    calls = 1
    while len(found) < TRIES:
        began = time.perf_counter()
        for _ in range(calls):
            result = function(result)
        jax.block_until_ready(result)
        seconds = time.perf_counter() - began
        if seconds < AT_LEAST:
            calls = max(2 * calls, int(calls * AT_LEAST / max(seconds, 1e-6)))
        else:
            found.append(seconds / calls)
    return min(found)


class Device:
    """The side that trains nothing: it tells of the machine."""

    def __init__(self, job: Job) -> None:
        self.backend = jax.default_backend()

    def facts(self) -> dict[str, Any]:
        """Peaks of a float32 product of 2048^3 and of a copy, and the environment."""
        square = np.random.default_rng(0).random((SIZE, SIZE), np.float32) / SIZE
        product = jax.jit(jnp.matmul)
        # XLA leaves out a plain copy; into a new array each time, the pages would cost most of it.
        copy = jax.jit(jnp.negative, donate_argnums=0)
        return {
            "backend": self.backend,
            "flops_per_second": 2
            * SIZE**3
            / fastest(lambda x: product(x, square), jnp.asarray(square)),
            "bytes_per_second": 2 * COPIED / fastest(copy, jnp.zeros(COPIED // 4, jnp.float32)),
            "environment": environment([]),
        }

    def go(self, steps: int) -> None:
        """Trains nothing."""

    def losses(self, steps: int) -> None:
        """Has none."""
