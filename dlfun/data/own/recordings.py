"""Recordings of a user's folder."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlfun.data.spectrogram import LogMel, log_mel, pad
from dlfun.errors import UserError

HIGHEST = 8000  # Hz: what is above tells little of speech


def read_recordings(paths: Sequence[Path]) -> tuple[np.ndarray, np.ndarray, LogMel]:
    """Log-mel spectrograms [n, frames, bands] float32 of wav files, their lengths [n], and of what.

    Raises:
      UserError: naming the file, if one cannot be read, is shorter than a window of the
        spectrogram, or has another sampling rate than the first.
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
        with wave.open(str(path)) as file:
            channels, width, rate, count = file.getparams()[:4]
            claimed = count * channels * width
            data = b"" if claimed > path.stat().st_size else file.readframes(count)
    except (wave.Error, EOFError, RuntimeError) as error:
        raise UserError(
            f"{path} cannot be read as wav ({str(error) or 'it ends too early'}); write it anew, "
            "of 16 bits and one channel, or take it out"
        ) from None
    if (channels, width) != (1, 2):
        raise UserError(
            f"{path} has {channels} channel{'s' if channels > 1 else ''} of {8 * width} bits; "
            "recordings must be of 16 bits and one channel"
        )
    if not count:
        raise UserError(f"{path} is an empty recording; take it out")
    if len(data) < 2 * count or rate <= 0:
        raise UserError(f"{path} ends before its last sample; write it anew, or take it out")
    return np.frombuffer(data, "<i2").astype(np.int16), rate
