"""Dropout with a rate that may be swept (the stock layer refuses a traced rate)."""

import jax
from flax import linen as nn
from jax import numpy as jnp


class Dropout(nn.Module):
    """Zeroes each value with probability `rate` and scales the rest by 1 / (1 - rate)."""

    @nn.compact
    def __call__(self, inputs: jax.Array, rate: jax.Array | float | None) -> jax.Array:
        """Same shape as inputs; a rate of None leaves the layer out of the program."""
        if rate is None:
            return inputs
        keep = 1.0 - rate
        mask = jax.random.bernoulli(self.make_rng("noise"), keep, inputs.shape)
        return jnp.where(mask, inputs / jnp.asarray(keep, inputs.dtype), 0)
