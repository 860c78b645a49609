"""Pooling whose gradient is cheap inside a compiled loop."""

import functools

import jax
from jax import numpy as jnp

from dlfun.layers.windows import shifted


def max_pool(inputs: jax.Array, size: int) -> jax.Array:
    """Largest value of each window of `size` along every spatial axis, windows side by side.

    inputs [batch, *spatial, channels] -> [batch, *(spatial // size), channels]. A tie shares
    the gradient between the largest values.
    """
    axes = inputs.ndim - 2
    views = shifted(inputs, (size,) * axes, (size,) * axes, (0,) * axes)
    return functools.reduce(jnp.maximum, views)
