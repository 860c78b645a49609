"""Shifted views of an array: what convolution and pooling have in common."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import jax
from jax import lax
from jax import numpy as jnp

Padding = str | Sequence[int | tuple[int, int]]
"""SAME, VALID, or for each spatial axis the zeros on both sides: one number, or (low, high)."""


class Window(NamedTuple):
    """How a window moves over the spatial axes: one entry for each of them. Hashable."""

    size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]

    @property
    def spans(self) -> tuple[int, ...]:
        """What the dilated window covers of each axis."""
        return tuple((w - 1) * d + 1 for w, d in zip(self.size, self.dilation, strict=True))


def make_window(
    spatial: Sequence[int],
    size: Sequence[int],
    strides: Sequence[int] | None = None,
    padding: Padding = "VALID",
    dilation: Sequence[int] | None = None,
) -> Window:
    """The window of this size over an input with these spatial axes.

    Raises:
      ValueError: if the dilated window is larger than the padded input.
    """
    ones = (1,) * len(spatial)
    strides, dilation = tuple(strides or ones), tuple(dilation or ones)
    window = Window(tuple(size), strides, ((0, 0),) * len(spatial), dilation)
    if isinstance(padding, str):
        pads = lax.padtype_to_pads(spatial, window.spans, strides, padding)
    else:
        pads = [(p, p) if isinstance(p, int) else p for p in padding]
    padded = [n + low + high for n, (low, high) in zip(spatial, pads, strict=True)]
    if any(span > n for span, n in zip(window.spans, padded, strict=True)):
        raise ValueError(
            f"window {window.spans} is larger than the padded input {tuple(padded)}: "
            "make it smaller, or pad more"
        )
    return window._replace(padding=tuple((int(low), int(high)) for low, high in pads))


def shifted(inputs: jax.Array, window: Window) -> list[jax.Array]:
    """One strided view of the padded inputs for each position in a window.

    Args:
      inputs: [batch, *spatial, channels].
      window: over the spatial axes.

    Returns:
      prod(window.size) arrays [batch, *out, channels], the last window axis running fastest, with
      out = (spatial + padding - span) // stride + 1.
    """
    pads = [(0, 0), *window.padding, (0, 0)]
    padded = jnp.pad(inputs, pads) if any(any(p) for p in pads) else inputs
    moves = [
        (n - span) // stride * stride + 1
        for n, span, stride in zip(padded.shape[1:-1], window.spans, window.strides, strict=True)
    ]
    batch, channels = padded.shape[0], padded.shape[-1]
    offsets = [
        range(0, span, step) for span, step in zip(window.spans, window.dilation, strict=True)
    ]
    return [
        lax.slice(
            padded,
            (0, *offset, 0),
            (batch, *(o + move for o, move in zip(offset, moves, strict=True)), channels),
            (1, *window.strides, 1),
        )
        for offset in itertools.product(*offsets)
    ]


def patches(inputs: jax.Array, window: Window) -> jax.Array:
    """[batch, *spatial, channels] -> [batch, *out, prod(window.size) * channels]."""
    return jnp.concatenate(shifted(inputs, window), axis=-1)
