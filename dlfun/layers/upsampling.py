"""Upsampling, by which a decoder undoes the strides of its encoder."""

from collections.abc import Sequence

import jax
from jax import numpy as jnp

from dlfun.errors import ArgumentError
from dlfun.layers.arguments import numbers, per_axis


def upsample(inputs: jax.Array, sizes: int | Sequence[int]) -> jax.Array:
    """Twice as many values on every spatial axis, each the nearest one; what is too much is cut.

    With a convolution behind it, it takes the place of a transposed one, whose overlapping windows
    leave checkerboards (Odena, Dumoulin & Olah 2016, doi:10.23915/distill.00003).

    Args:
      inputs: [batch, *spatial, channels].
      sizes: of the result, of all spatial axes or of each; at most twice that of the inputs.

    Returns:
      [batch, *sizes, channels].

    Raises:
      ArgumentError: if the sizes are not one for each axis, or one is larger than that.

    >>> upsample(jnp.arange(2.0)[None, :, None], (3,))[0, :, 0].tolist()
    [0.0, 0.0, 1.0]
    """
    inputs = numbers(inputs, "[batch, *spatial, channels]")
    spatial = inputs.shape[1:-1]
    sizes = per_axis("sizes", sizes, len(spatial))
    if any(size > 2 * n for size, n in zip(sizes, spatial, strict=True)):
        raise ArgumentError(
            f"sizes={sizes}: must be at most twice those of the inputs, which are {spatial}"
        )
    for axis, size in enumerate(sizes, start=1):
        doubled = jnp.repeat(inputs, 2, axis=axis)
        inputs = jax.lax.slice_in_dim(doubled, 0, size, axis=axis)
    return inputs
