"""Pooling whose gradient is cheap inside a compiled loop."""

import functools
from collections.abc import Callable, Sequence

import jax
from jax import numpy as jnp

from dlfun.layers.arguments import numbers, per_axis
from dlfun.layers.windows import make_window, shifted

SHAPE = "[batch, *spatial, channels]"


def max_pool(
    inputs: jax.Array, size: int | Sequence[int], strides: int | Sequence[int] | None = None
) -> jax.Array:
    """Largest value of each window: inputs [batch, *spatial, channels] -> [batch, *out, channels].

    `size` is that of every spatial axis, or one a spatial axis; without strides the windows lie
    side by side, and out = spatial // size. A tie shares the gradient between the largest values.

    Raises:
      ArgumentError: if there is no spatial axis, a number is no count or is not one for each axis,
        or the window is larger than the input.
    """
    inputs = numbers(inputs, SHAPE)
    sizes = per_axis("size", size, inputs.ndim - 2)
    window = make_window(inputs.shape[1:-1], sizes, sizes if strides is None else strides)
    if window.strides == window.size:
        return _side_by_side(inputs, window.size, jnp.max)
    return functools.reduce(jnp.maximum, shifted(inputs, window))


def average_pool(inputs: jax.Array, size: int | Sequence[int]) -> jax.Array:
    """Mean of each window; the windows lie side by side, and all else is as in `max_pool`."""
    inputs = numbers(inputs, SHAPE)
    sizes = per_axis("size", size, inputs.ndim - 2)
    return _side_by_side(inputs, make_window(inputs.shape[1:-1], sizes).size, jnp.mean)


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
