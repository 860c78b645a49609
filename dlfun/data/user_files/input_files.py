"""New inputs as images, recordings and texts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlfun.data.spectrogram import log_mel
from dlfun.data.text import encode_bytes, encode_text, read_utf8
from dlfun.data.user_files.images import open_image, resized
from dlfun.data.user_files.inputs import Given, Source
from dlfun.data.user_files.parts import COPIES
from dlfun.data.user_files.recordings import read_wav
from dlfun.errors import UserError
from dlfun.host_memory import check_room
from dlfun.objectives.tasks import task_of
from dlfun.words import plural

OTHER = "\ufffd"
"""Of an alphabet that has it: what stands for all characters that are not in it."""

LONGEST = 100_000
"""Characters, or bytes, of a text whose next tokens are read, at most."""


def check_modality(source: Source, paths: Sequence[Path], wanted: str, what: str) -> None:
    """Raises UserError if the data set is not of the modality of such files."""
    if source.spec.modality != wanted:
        raise UserError(
            f"{paths[0]}: {source.given} is of modality {source.spec.modality} and takes no "
            f"{what}; give its inputs as .npy or .csv"
        )


def names_of(paths: Sequence[Path]) -> tuple[str, ...]:
    """Files by their own names."""
    return tuple(path.name for path in paths)


def read_images(paths: Sequence[Path], source: Source) -> Given:
    """Images of the data set's size, brightness 0 to 255 brought to the range that it stores.

    They are brought to that size where its own were, become grey or RGB as its images are, and
    are turned as they say of themselves. Parts may be transparent where they are in some of its
    images, and are filled alike.

    Raises:
      UserError: naming the file, if it cannot be read or is of another size, or the data set
        stores no brightnesses.
    """
    check_modality(source, paths, "image", "images")
    height, width, channels = source.spec.shape
    if source.dtype.kind == "f" or channels not in (1, 3):
        raise UserError(
            f"{paths[0]}: {source.given} stores {plural(channels, 'channel')} of "
            f"{source.dtype}, whose range "
            "an image does not tell; give its inputs as .npy"
        )
    check_memory(paths, source)
    stack = []
    for path in paths:
        resize = source.preparation.resize
        size = None if resize else (width, height)
        image = resized(open_image(path, size, source.preparation.transparent), resize)
        levels = np.asarray(image.convert("L" if channels == 1 else "RGB"), np.float64)
        levels = np.round(levels / 255 * source.white).reshape(source.spec.shape)
        stack.append(levels.astype(source.dtype))
    return Given(np.stack(stack), names_of(paths))


def read_wavs(paths: Sequence[Path], source: Source) -> Given:
    """Log-mel spectrograms of recordings with the data set's settings, cut to its longest.

    Raises:
      UserError: naming the file, if it cannot be read, or is of another sampling rate or shorter
        than a window.
    """
    check_modality(source, paths, "speech", "recordings")
    settings, lengths = source.preparation.spectrogram, []
    if settings is None:
        raise UserError(f"{source.given} does not say how it made spectrograms; give them as .npy")
    longest = settings.samples + (source.spec.shape[0] - 1) * settings.step
    for path in paths:
        samples, rate = read_wav(path)
        if rate != settings.rate:
            raise UserError(
                f"{path} has {rate} samples a second; resample it to the {settings.rate} of "
                f"{source.given}"
            )
        if len(samples) < settings.samples:
            raise UserError(
                f"{path} is shorter than a window of {1000 * settings.window:g} ms; leave it out"
            )
        lengths.append(min(len(samples), longest))
    check_memory(paths, source)
    again = (read_wav(path)[0] for path in paths)  # one by one: all at once may not fit
    features, frames = log_mel(again, np.array(lengths), settings, source.spec.shape[0])
    return Given(features, names_of(paths), frames)


def check_memory(paths: Sequence[Path], source: Source) -> None:
    """Raises UserError if so many inputs do not fit the memory."""
    each = math.prod(source.spec.shape) * source.dtype.itemsize
    check_room(
        COPIES * len(paths) * each, f"{len(paths)} inputs, {paths[0]} the first,", "give fewer"
    )


def read_text(paths: Sequence[Path], source: Source) -> Given:
    """Texts of a file in UTF-8, as ids.

    Where examples are padded each line is one; else the text is cut into examples, and what is
    left over at its end is left out. A text whose next tokens are wanted is one example.

    Raises:
      UserError: if it cannot be read, is too short or too long, or has strange characters.
    """
    check_modality(source, paths, "text", "texts")
    (path,) = paths
    text = read_utf8(path)
    if source.spec.padded:
        return lines_of(text, source, path)
    ids = ids_of(text, source.spec.alphabet)
    length, what = source.spec.shape[0], "character" if source.spec.alphabet else "byte"
    if task_of(source.spec).stream:
        if not 0 < len(ids) <= LONGEST:
            raise UserError(f"{path}: has {plural(len(ids), what)}; give 1 to {LONGEST:,}")
        return Given(ids[None], (path.name,))
    count = len(ids) // length
    if not count:
        raise UserError(
            f"{path}: has {plural(len(ids), what)}, and an example of {source.given} {length:,}; "
            "give a longer text"
        )
    names = tuple(f"{path.name}:{i * length}" for i in range(count))
    return Given(ids[: count * length].reshape(count, length).astype(source.dtype), names)


def lines_of(text: str, source: Source, path: Path) -> Given:
    """Each line that is not blank as an example, cut to the data set's longest."""
    lines = [(i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip(" \t")]
    if not lines:
        raise UserError(f"{path}: holds no text; give an example on each line")
    length = source.spec.shape[0]
    if not source.spec.alphabet:
        ids, lengths = encode_bytes([line.encode() for _, line in lines], length)
    else:
        rows = [ids_of(line, source.spec.alphabet)[:length] for _, line in lines]
        lengths = np.array([len(row) for row in rows], np.int32)
        ids = np.stack([np.pad(row, (0, length - len(row))) for row in rows])
    names = tuple(f"{path.name}:{i}" for i, _ in lines)
    return Given(ids.astype(source.dtype), names, lengths)


def ids_of(text: str, alphabet: str) -> np.ndarray:
    """A text as ids of characters, or of bytes where there is no alphabet.

    >>> ids_of("aé", "a" + OTHER).tolist(), ids_of("a", "").tolist()
    ([0, 1], [97])
    """
    if not alphabet:
        return np.frombuffer(text.encode(), np.uint8)
    if OTHER in alphabet:
        text = "".join(c if c in alphabet else OTHER for c in text.expandtabs())
    return encode_text(text, alphabet)
