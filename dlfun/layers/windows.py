"""Shifted views of an array: what convolution and pooling have in common."""

import itertools

import jax
from jax import numpy as jnp


def shifted(
    inputs: jax.Array, window: tuple[int, ...], strides: tuple[int, ...], padding: tuple[int, ...]
) -> list[jax.Array]:
    """One strided view of the padded inputs for each position in a window.

    Args:
      inputs: [batch, *spatial, channels].
      window, strides, padding: one number for each spatial axis; `padding` zeros on both sides.

    Returns:
      prod(window) arrays [batch, *out, channels], the last window axis running fastest, with
      out = (spatial + 2 padding - window) // stride + 1.

    Raises:
      ValueError: if the window is larger than the padded input.
    """
    pads = [(0, 0), *((p, p) for p in padding), (0, 0)]
    padded = jnp.pad(inputs, pads) if any(padding) else inputs
    spatial = padded.shape[1:-1]
    if any(w > size for w, size in zip(window, spatial, strict=True)):
        raise ValueError(f"window {window} is larger than the padded input {spatial}")
    spans = [(size - w) // s * s + 1 for size, w, s in zip(spatial, window, strides, strict=True)]
    batch, channels = padded.shape[0], padded.shape[-1]
    return [
        jax.lax.slice(
            padded,
            (0, *offset, 0),
            (batch, *(o + span for o, span in zip(offset, spans, strict=True)), channels),
            (1, *strides, 1),
        )
        for offset in itertools.product(*(range(w) for w in window))
    ]
