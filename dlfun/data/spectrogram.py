"""Log-mel spectrograms of recordings (Davis & Mermelstein 1980), computed in JAX.

A frame is a Hann window of the waveform, its power spectrum is summed under triangular filters
that are evenly spaced on the mel scale 2595 log10(1 + f / 700) (O'Shaughnessy 1987), and the
logarithm is taken. Only whole windows count: nothing is added at either end.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from dlfun.errors import UserError
from dlfun.words import plural

# Recordings at once: a second of speech at 16 kHz then takes about 50 MB on its way.
CHUNK = 64

# What is 60 dB below the mean energy of a recording drowns in a floor.
FLOOR = 1e-6


@dataclasses.dataclass(frozen=True)
class LogMel:
    """How waveforms become log-mel spectrograms. Its repr can stand as a builder's ENCODING.

    Attributes:
      rate: samples a second.
      window, hop: of the frames, in seconds.
      bands: mel filters.
      low, high: the first filter rises from low and the last one falls to high, in Hz.
    """

    rate: int
    window: float = 0.025
    hop: float = 0.010
    bands: int = 40
    low: float = 60.0
    high: float = 4000.0

    @property
    def samples(self) -> int:
        """In a window."""
        return round(self.window * self.rate)

    @property
    def step(self) -> int:
        """Samples from one frame to the next."""
        return round(self.hop * self.rate)

    @property
    def points(self) -> int:
        """Of the Fourier transform: a power of two, so fine that the narrowest filter has some."""
        return 2 ** (2 * self.samples - 1).bit_length()

    def frames(self, samples: Any) -> Any:
        """Whole windows in so many samples, which are at least a window; a number or an array."""
        return 1 + (samples - self.samples) // self.step


def pad(recordings: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Recordings [samples] of different length, padded with 0 behind their ends.

    Returns:
      waveforms [n, samples of the longest], of the type of the first; lengths [n], int32.

    >>> waveforms, lengths = pad([np.array([1, 2, 3]), np.array([4])])
    >>> waveforms.tolist(), lengths.tolist()
    ([[1, 2, 3], [4, 0, 0]], [3, 1])
    """
    lengths = np.array([len(recording) for recording in recordings], np.int32)
    waveforms = np.zeros((len(recordings), lengths.max()), recordings[0].dtype)
    for row, recording in zip(waveforms, recordings, strict=True):
        row[: len(recording)] = recording
    return waveforms, lengths


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
def compiled(settings: LogMel) -> Any:
    """The spectrogram of a chunk: (waveforms [n, samples], frame lengths [n]) -> features."""
    import jax
    from jax import numpy as jnp

    filters = mel_filters(settings)
    hann = np.hanning(settings.samples + 1)[None, None, :-1].astype(np.float32)  # periodic

    def standardized(logs: Any, real: Any) -> Any:
        count = jnp.sum(real, (1, 2), keepdims=True) * settings.bands
        centred = logs - jnp.sum(logs * real, (1, 2), keepdims=True) / count
        variance = jnp.sum(centred**2 * real, (1, 2), keepdims=True) / count
        return centred * real / jnp.maximum(jnp.sqrt(variance), 1e-6)

    def features(waveforms: Any, lengths: Any) -> Any:
        starts = settings.step * jnp.arange(settings.frames(waveforms.shape[1]))
        frames = waveforms[:, jnp.add.outer(starts, jnp.arange(settings.samples))]
        spectrum = jnp.fft.rfft(frames.astype(jnp.float32) * hann, settings.points)
        energies = jnp.einsum("ntf,fb->ntb", jnp.abs(spectrum) ** 2, filters, precision="highest")
        real = (jnp.arange(len(starts))[None] < lengths[:, None])[..., None].astype(jnp.float32)
        mean = jnp.sum(energies * real, (1, 2), keepdims=True) / (
            jnp.sum(real, (1, 2), keepdims=True) * settings.bands
        )
        return standardized(jnp.log(jnp.maximum(energies + FLOOR * mean, 1e-30)), real)

    return jax.jit(features)


def log_mel(
    waveforms: np.ndarray, lengths: np.ndarray, settings: LogMel
) -> tuple[np.ndarray, np.ndarray]:
    """Log-mel spectrograms, each standardised by itself, so that its level does not matter.

    From a recording's own frames and bands their mean is subtracted, and they are divided by
    their standard deviation. A frame that is not wholly within the recording is 0. Before the
    logarithm, `FLOOR` times the recording's mean energy is added.

    Args:
      waveforms: [n, samples], int16 or float of any scale; padded behind the ends.
      lengths: [n], in samples.

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
    frames = settings.frames(lengths).astype(np.int32)
    waveforms = waveforms[:, : lengths.max()]
    made = []
    for start in range(0, len(waveforms), CHUNK):
        rows = np.arange(start, start + CHUNK) % len(waveforms)  # whole chunks: compiled once
        made.append(np.asarray(compiled(settings)(waveforms[rows], frames[rows])))
    return np.concatenate(made)[: len(waveforms)], frames
