"""Dropout with a rate that may be swept (the stock layer refuses a traced rate)."""

from typing import Any

import jax
from flax import linen as nn
from jax import numpy as jnp

from dlfun.errors import ArgumentError
from dlfun.layers.arguments import array_of, shown


class Dropout(nn.Module):
    """Zeroes each value with probability `rate` and scales the rest by 1 / (1 - rate)."""

    @nn.compact
    def __call__(self, inputs: jax.Array, rate: jax.Array | float | None) -> jax.Array:
        """Same shape as inputs; a rate of None leaves the layer out of the program.

        Raises:
          ArgumentError: if the rate is known while tracing, and no number from 0 to below 1.
        """
        if rate is None:
            return inputs
        inputs = array_of("inputs", inputs, "[...]")
        if not isinstance(rate, jax.core.Tracer) and not is_rate(rate):
            raise ArgumentError(f"rate={shown(rate)}: must be a number, at least 0 and below 1")
        keep = 1.0 - rate
        mask = jax.random.bernoulli(self.make_rng("noise"), keep, inputs.shape)
        # Integers are divided as floats: what they would be divided by is less than 1.
        return jnp.where(mask, inputs / jnp.asarray(keep, jnp.result_type(inputs, float)), 0)


def is_rate(value: Any) -> bool:
    """Whether a value is the rate of a dropout."""
    try:
        return 0 <= float(value) < 1
    except (TypeError, ValueError):
        return False
