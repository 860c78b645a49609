"""Recordings: read from wav files, and made into spectrograms of one length."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dlfun.data import wav
from dlfun.data.spectrogram import log_mel
from dlfun.errors import UserError
from dlfun.preparation import LogMel
from dlfun.types import Spec


def read_wav(content: bytes, name: str, rate: int) -> np.ndarray:
    """The samples, int16 [n], of a wav file of one channel.

    Args:
      content: of the file.
      name: of the file, for errors.
      rate: the samples a second that it must have.

    Raises:
      UserError: if it is not such a file, or empty.
    """
    samples, found = wav.read(io.BytesIO(content), name)
    if found != rate:
        raise UserError(f"{name} has {found} samples a second; resample it to {rate}")
    return samples


def speech_spec(settings: LogMel, samples: int, classes: int, official_split: str) -> Spec:
    """The spec of recordings of at most so many samples, to be classified."""
    return Spec(
        shape=(settings.frames(samples), settings.bands),
        modality="speech",
        task="classification",
        outputs=classes,
        padded=True,
        official_split=official_split,
    )


def spectrograms(
    recordings: Sequence[np.ndarray], settings: LogMel, samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Log-mel spectrograms of recordings [n] each, cut to so many samples and padded.

    Returns:
      features float32 [recordings, frames, bands], and how many frames are whole, int32.

    Raises:
      UserError: if a recording is shorter than a window.
    """
    lengths = np.array([min(len(one), samples) for one in recordings])
    return log_mel(recordings, lengths, settings, settings.frames(samples))


def encoded(
    examples: Sequence[Mapping[str, Any]], settings: LogMel, samples: int
) -> dict[str, np.ndarray]:
    """The arrays of examples with features `audio` and `label`."""
    features, lengths = spectrograms([e["audio"] for e in examples], settings, samples)
    return {
        "inputs": features,
        "targets": np.array([e["label"] for e in examples]),
        "lengths": lengths,
    }
