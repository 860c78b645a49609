"""Shifted views of an array: what convolution and pooling have in common."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import jax
from jax import lax
from jax import numpy as jnp

from dlfun.errors import ArgumentError
from dlfun.layers.arguments import entries, index, per_axis, shown

Padding = str | int | Sequence[int | Sequence[int]]
"""SAME, SAME_LOWER or VALID; or the zeros on both sides: a number for all spatial axes, or for each
one number or (low, high)."""

WORDS = ("SAME", "SAME_LOWER", "VALID")


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
    size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: Padding = "VALID",
    dilation: int | Sequence[int] | None = None,
) -> Window:
    """The window of this size over an input with these spatial axes.

    Raises:
      ArgumentError: if a number is no count or is not one for each axis, the padding is none that
        is known, or the dilated window is larger than the padded input.
    """
    axes = len(spatial)
    window = Window(
        per_axis("window", size, axes),
        per_axis("strides", 1 if strides is None else strides, axes),
        ((0, 0),) * axes,
        per_axis("dilation", 1 if dilation is None else dilation, axes),
    )
    window = window._replace(padding=pads(spatial, window, padding))
    padded = tuple(n + sum(both) for n, both in zip(spatial, window.padding, strict=True))
    if any(span > n for span, n in zip(window.spans, padded, strict=True)):
        raise ArgumentError(
            f"window {window.spans} is larger than the padded input {padded}: "
            "make it smaller, or the input larger"
        )
    return window


def pads(spatial: Sequence[int], window: Window, padding: Padding) -> tuple[tuple[int, int], ...]:
    """The zeros before and behind each spatial axis.

    Raises:
      ArgumentError: if the padding is none that is known.
    """
    if isinstance(padding, str) and padding.upper() in WORDS:
        found = lax.padtype_to_pads(spatial, window.spans, window.strides, padding)
        return tuple((int(low), int(high)) for low, high in found)
    both = [
        entries(entry, 2) if index(entry) is None else (entry, entry)
        for entry in entries(padding, len(spatial))
    ]
    counts = [tuple(n for n in map(index, pair) if n is not None and n >= 0) for pair in both]
    if len(both) != len(spatial) or any(len(pair) != 2 for pair in (*both, *counts)):
        raise ArgumentError(
            f"padding={shown(padding)}: must be {', '.join(WORDS)}, a whole number of zeros, or "
            f"for each spatial axis ({len(spatial)} here) a number or (low, high); for any other "
            "kind pad the inputs first"
        )
    return tuple((low, high) for low, high in counts)


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
