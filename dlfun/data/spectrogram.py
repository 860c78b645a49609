"""Log-mel spectrograms of recordings (Davis & Mermelstein 1980), computed in JAX.

A frame is a Hann window of the waveform, its power spectrum is summed under triangular filters
that are evenly spaced on the mel scale 2595 log10(1 + f / 700) (O'Shaughnessy 1987), and the
logarithm is taken. Only whole windows count: nothing is added at either end.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from dlfun.errors import UserError
from dlfun.preparation import LogMel
from dlfun.words import plural

BYTES = 2**25
"""Of the transforms of windows at once; with what leads there and on it is some times that."""

CHUNK = 64
"""Recordings that are standardised at once, at most."""

# What is 60 dB below the mean energy of a recording drowns in a floor.
FLOOR = 1e-6


def mel_filters(settings: LogMel) -> np.ndarray:
    """Triangles of height 1: [points // 2 + 1, bands] weights of each frequency, float32.

    Raises:
      UserError: if the frequencies are out of order or above half the rate, or the filters are
        so narrow that one is empty.
    """
    if not 0 <= settings.low < settings.high <= settings.rate / 2:
        raise UserError(
            f"mel filters from {settings.low:g} to {settings.high:g} Hz do not fit recordings of "
            f"{settings.rate} samples a second; choose 0 <= low < high <= {settings.rate / 2:g}"
        )
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (settings.low, settings.high))
    edges = 700 * (10 ** (np.linspace(low, high, settings.bands + 2) / 2595) - 1)
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    hz = np.fft.rfftfreq(settings.points, 1 / settings.rate)[:, None]
    rising, falling = (hz - left) / (middle - left), (right - hz) / (right - middle)
    filters = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    if not filters.any(0).all():
        raise UserError(f"{settings.bands} mel bands leave some of them empty; choose fewer")
    return filters


@functools.lru_cache
def compiled(settings: LogMel) -> tuple[Any, Any]:
    """Energies of windows, and spectrograms of energies: see `log_mel`.

    Returns:
      energies: windows [frames, samples] -> [frames, bands] float32.
      standardized: (energies [n, frames, bands], frame lengths [n]) -> features of that shape.
    """
    import jax
    from jax import numpy as jnp

    filters = mel_filters(settings)
    hann = np.hanning(settings.samples + 1)[None, :-1].astype(np.float32)  # periodic

    def energies(windows: Any) -> Any:
        spectrum = jnp.fft.rfft(windows.astype(jnp.float32) * hann, settings.points)
        return jnp.einsum("tf,fb->tb", jnp.abs(spectrum) ** 2, filters, precision="highest")

    def standardized(energies: Any, lengths: Any) -> Any:
        steps = jnp.arange(energies.shape[1])
        real = (steps[None] < lengths[:, None])[..., None].astype(jnp.float32)
        count = jnp.sum(real, (1, 2), keepdims=True) * settings.bands
        mean = jnp.sum(energies * real, (1, 2), keepdims=True) / count
        logs = jnp.log(jnp.maximum(energies + FLOOR * mean, 1e-30))
        centred = logs - jnp.sum(logs * real, (1, 2), keepdims=True) / count
        variance = jnp.sum(centred**2 * real, (1, 2), keepdims=True) / count
        real = real * (mean > 0)  # of silence there is nothing but rounding
        return centred * real / jnp.maximum(jnp.sqrt(variance), 1e-6)

    return jax.jit(energies), jax.jit(standardized)


def blocks(
    recordings: Iterable[np.ndarray], lengths: np.ndarray, settings: LogMel, size: int
) -> Iterator[np.ndarray]:
    """The windows of all recordings one after the other, so many at once: [size, samples].

    The last block may hold fewer; what is behind them means nothing.
    """
    block, count = np.zeros((0, 0)), 0
    for recording, length in zip(recordings, lengths, strict=True):
        if not block.size:
            block = np.zeros((size, settings.samples), recording.dtype)
        windows = sliding_window_view(recording[:length], settings.samples)[:: settings.step]
        while len(windows):
            part = windows[: size - count]
            block[count : count + len(part)] = part
            windows, count = windows[len(part) :], count + len(part)
            if count == size:
                yield block
                count = 0
    if count:
        yield block


def log_mel(
    recordings: Iterable[np.ndarray], lengths: np.ndarray, settings: LogMel, frames: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Log-mel spectrograms, each standardised by itself, so that its level does not matter.

    From a recording's own frames and bands their mean is subtracted, and they are divided by
    their standard deviation. A frame that is not wholly within the recording is 0. Before the
    logarithm, `FLOOR` times the recording's mean energy is added.

    Beside the features, and one recording, memory is that of about `BYTES`: recordings are taken
    one by one, and however long they are, no more is computed than their own windows.

    Args:
      recordings: n of [samples], int16 or float of any scale.
      lengths: [n], in samples: what is behind them does not count.
      frames: of the features; 0 is as many as the longest has.

    Returns:
      features [n, frames, bands] float32, and frame lengths [n] int32.

    Raises:
      UserError: if a recording is shorter than a window, or the filters do not fit its rate.
    """
    if lengths.min() < settings.samples:
        raise UserError(
            f"a recording of {plural(lengths.min(), 'sample')} is shorter than a window of "
            f"{settings.samples}, which is {1000 * settings.window:g} ms; leave it out"
        )
    energies, standardized = compiled(settings)
    real = settings.frames(lengths).astype(np.int32)
    features = np.zeros((len(lengths), frames or real.max(), settings.bands), np.float32)
    flat = features.reshape(-1, settings.bands)
    places = np.flatnonzero(np.arange(features.shape[1]) < real[:, None])
    size = min(BYTES // (8 * settings.points), len(places))
    for i, block in enumerate(blocks(recordings, lengths, settings, size)):
        inside = places[i * size : (i + 1) * size]
        flat[inside] = np.asarray(energies(block))[: len(inside)]
    at_once = min(max(1, BYTES // features[0].nbytes), CHUNK, len(features))
    for start in range(0, len(features), at_once):
        rows = slice(start, start + at_once)
        features[rows] = standardized(features[rows], real[rows])
    return features, real
