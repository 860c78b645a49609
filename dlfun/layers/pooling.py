"""Pooling whose gradient is cheap inside a compiled loop."""

import functools
from collections.abc import Callable

import jax
from jax import numpy as jnp

from dlfun.layers.windows import make_window, shifted


def max_pool(
    inputs: jax.Array, size: int | tuple[int, ...], strides: tuple[int, ...] | None = None
) -> jax.Array:
    """Largest value of each window: inputs [batch, *spatial, channels] -> [batch, *out, channels].

    `size` is that of every spatial axis, or one a spatial axis; without strides the windows lie
    side by side, and out = spatial // size. A tie shares the gradient between the largest values.
    """
    axes = inputs.ndim - 2
    sizes = (size,) * axes if isinstance(size, int) else size
    if strides is None or strides == sizes:
        return _side_by_side(inputs, sizes, jnp.max)
    views = shifted(inputs, make_window(inputs.shape[1:-1], sizes, strides))
    return functools.reduce(jnp.maximum, views)


def average_pool(inputs: jax.Array, size: int) -> jax.Array:
    """Mean of each window; the windows lie side by side, as in `max_pool`."""
    return _side_by_side(inputs, (size,) * (inputs.ndim - 2), jnp.mean)


def _side_by_side(
    inputs: jax.Array, sizes: tuple[int, ...], reduce: Callable[..., jax.Array]
) -> jax.Array:
    """A reshape gives each window axes of its own: no overlap, so no sum in the gradient."""
    batch, *spatial, channels = inputs.shape
    outs = [n // size for n, size in zip(spatial, sizes, strict=True)]
    kept = tuple(slice(0, out * size) for out, size in zip(outs, sizes, strict=True))
    split = [part for pair in zip(outs, sizes, strict=True) for part in pair]
    windows = inputs[(slice(None), *kept)].reshape(batch, *split, channels)
    return reduce(windows, axis=tuple(range(2, 2 * len(outs) + 1, 2)))
