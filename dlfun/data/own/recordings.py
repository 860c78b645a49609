"""Recordings of a user's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlfun.data import wav
from dlfun.data.spectrogram import LogMel, log_mel, pad
from dlfun.errors import UserError
from dlfun.words import plural

HIGHEST = 8000  # Hz: what is above tells little of speech

RATES = (700, 768_000)
"""Samples a second, at least and at most: each band of the spectrogram has some frequency then."""


def read_recordings(paths: Sequence[Path]) -> tuple[np.ndarray, np.ndarray, LogMel]:
    """Log-mel spectrograms [n, frames, bands] float32 of wav files, their lengths [n], and of what.

    Raises:
      UserError: naming the file, if one cannot be read, is shorter than a window of the
        spectrogram, or has another sampling rate than the first, or one that speech cannot have.
    """
    recordings = []
    first = 0
    for path in paths:
        samples, rate = read_wav(path)
        first = first or rate
        if rate != first:
            raise UserError(
                f"{path} has {rate} samples a second and {paths[0]} {first}; make all recordings "
                "one sampling rate"
            )
        recordings.append(samples)
    if not RATES[0] <= first <= RATES[1]:
        raise UserError(
            f"{paths[0]} says that it has {plural(first, 'sample')} a second, and recordings must "
            f"have {RATES[0]} to {RATES[1]:,}; write all anew at the rate they were made at, or "
            "resample them"
        )
    settings = LogMel(first, high=min(first / 2, HIGHEST))
    for path, samples in zip(paths, recordings, strict=True):
        if len(samples) < settings.samples:
            raise UserError(
                f"{path} is a recording of {1000 * len(samples) / first:.3g} ms, and a spectrogram "
                f"needs {1000 * settings.window:g}; take it out"
            )
    return (*log_mel(*pad(recordings), settings), settings)


def read_wav(path: Path) -> tuple[np.ndarray, int]:
    """The samples [n] int16 of a recording, and how many there are a second.

    Raises:
      UserError: if it cannot be read, is empty, or not of 16 bits and one channel.
    """
    try:
        with path.open("rb") as file:
            return wav.read(file, path)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); take it out") from None
