"""Recordings of a user's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlfun.data import wav
from dlfun.data.spectrogram import log_mel
from dlfun.data.user_files.parts import COPIES
from dlfun.errors import UserError
from dlfun.host_memory import check_room
from dlfun.preparation import LogMel
from dlfun.words import plural

UNEVEN = 10
"""So many times as long as half of the recordings is uneven."""

HIGHEST = 8000  # Hz: what is above tells little of speech

RATES = (700, 768_000)
"""Samples a second, at least and at most: each band of the spectrogram has some frequency then."""


def read_recordings(paths: Sequence[Path]) -> tuple[np.ndarray, np.ndarray, LogMel]:
    """Log-mel spectrograms [n, frames, bands] float32 of wav files, their lengths [n], and of what.

    Raises:
      UserError: naming the file, if one cannot be read, is shorter than a window of the
        spectrogram, or has another sampling rate than the first, or one that speech cannot have.
    """
    lengths, rates = [], []
    for path in paths:
        samples, rate = read_wav(path)
        lengths.append(len(samples))
        rates.append(rate)
        if rate != rates[0]:
            raise UserError(
                f"{path} has {rate} samples a second and {paths[0]} {rates[0]}; make all "
                "recordings one sampling rate"
            )
    if not RATES[0] <= rates[0] <= RATES[1]:
        raise UserError(
            f"{paths[0]} says that it has {plural(rates[0], 'sample')} a second, and recordings "
            f"must have {RATES[0]} to {RATES[1]:,}; write all anew at the rate they were made at, "
            "or resample them"
        )
    settings = LogMel(rates[0], high=min(rates[0] / 2, HIGHEST))
    for path, length in zip(paths, lengths, strict=True):
        if length < settings.samples:
            raise UserError(
                f"{path} is a recording of {1000 * length / rates[0]:.3g} ms, and a spectrogram "
                f"needs {1000 * settings.window:g}; take it out"
            )
    check_sizes(paths, lengths, settings)
    again = (read_wav(path)[0] for path in paths)  # one by one: all at once may not fit
    return (*log_mel(again, np.array(lengths), settings), settings)


def check_sizes(paths: Sequence[Path], lengths: Sequence[int], settings: LogMel) -> None:
    """Raises UserError if spectrograms, each padded to the longest, do not fit the memory."""
    longest = int(np.argmax(lengths))
    check_room(
        COPIES * 4 * len(paths) * settings.frames(lengths[longest]) * settings.bands,
        f"{len(paths)} spectrograms as long as that of {paths[longest]}, "
        f"{lengths[longest] / settings.rate:.3g} s,",
        "cut the recordings to shorter ones, or leave some out",
    )


def uneven(paths: Sequence[Path], lengths: np.ndarray, settings: LogMel) -> list[str]:
    """A sentence where one recording is so long that most of what is trained on is padding.

    Args:
      lengths: [n], in frames.
    """
    longest, usual = int(lengths.argmax()), float(np.median(lengths))
    if lengths[longest] <= UNEVEN * usual:
        return []
    seconds, half = (settings.hop * frames for frames in (lengths[longest], usual))
    return [
        f"{paths[longest].name} lasts {seconds:.3g} s and half of the recordings {half:.3g} s at "
        "most; all are padded to it, and take as long; cut it, or take it out"
    ]


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
