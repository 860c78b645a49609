"""Recordings in wav files (Multimedia Programming Interface, IBM & Microsoft 1991; RF64, EBU 3306).

The samples are those of PCM of 16 bits and one channel, said by the plain format or by
WAVE_FORMAT_EXTENSIBLE. What wrote into a pipe could not go back and say how long the recording is:
it lasts to the end of the file then.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from dlfun.errors import UserError
from dlfun.words import plural

PCM, EXTENSIBLE = 1, 0xFFFE
ENCODINGS = {2: "ADPCM", 3: "floating-point", 6: "A-law", 7: "mu-law", 0x11: "ADPCM", 0x55: "MP3"}

SUBFORMAT = bytes.fromhex("000000001000800000aa00389b71")
"""Ends the id of an extensible format; its first two bytes are those of a plain one."""

UNKNOWN = 0x7FFFF000
"""Bytes: a size from here on that the file has not is "unknown" (SoX; arecord and FFmpeg more)."""


class Chunk(NamedTuple):
    """A part of the file: its name, where its first byte is, and the bytes that it claims."""

    name: bytes
    start: int
    size: int


class Form(NamedTuple):
    """How samples are written."""

    encoding: int
    channels: int
    rate: int
    bits: int


def read(file: BinaryIO, name: object) -> tuple[np.ndarray, int]:
    """The samples [n] int16 of a recording, and how many there are a second.

    Args:
      file: may be sought in.
      name: of the file, for errors.

    Raises:
      UserError: if it is no wav file, is empty, ends early, or is not of 16 bits and one channel.
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        raise damaged(name, "it does not begin as one")
    form, samples = find_samples(file, end, name)
    check(form, name)
    size = size_of(samples, 8 + int.from_bytes(head[4:8], "little"), end)
    if size > end - samples.start:
        raise UserError(f"{name} ends before its last sample; write it anew, or take it out")
    if size < 2:
        raise UserError(f"{name} is an empty recording; take it out")
    file.seek(samples.start)
    return np.frombuffer(file.read(size // 2 * 2), "<i2").astype(np.int16), form.rate


def damaged(name: object, why: str) -> UserError:
    """The error of a file that is not as wav files are."""
    return UserError(
        f"{name} cannot be read as wav ({why}); write it anew, of 16 bits and one channel, or "
        "take it out"
    )


def chunks(file: BinaryIO, end: int) -> Iterator[Chunk]:
    """The parts of the file, in their order."""
    start = 12
    while start + 8 <= end:
        file.seek(start)
        chunk = Chunk(file.read(4), start + 8, int.from_bytes(file.read(4), "little"))
        yield chunk
        start = chunk.start + chunk.size
        file.seek(start)
        if chunk.size % 2 and file.read(1) == b"\0":  # which some programs leave out
            start += 1


def find_samples(file: BinaryIO, end: int, name: object) -> tuple[Form, Chunk]:
    """How samples are written, and where.

    Raises:
      UserError: if the file does not say so.
    """
    form, long = None, 0
    for chunk in chunks(file, end):
        file.seek(chunk.start)
        if chunk.name == b"ds64":
            long = int.from_bytes(file.read(16)[8:], "little")
        elif chunk.name == b"fmt ":
            form = form_of(file.read(min(chunk.size, 40)))
        elif chunk.name == b"data" and form:
            return form, chunk._replace(size=long) if long and chunk.size == 2**32 - 1 else chunk
    raise damaged(name, "it holds no samples" if form else "it does not say how they are written")


def form_of(content: bytes) -> Form | None:
    """How samples are written, from the bytes of the chunk that says so; None if they end early."""
    if len(content) < 16:
        return None
    encoding, channels, rate, bits = struct.unpack("<HHI6xH", content[:16])
    if encoding == EXTENSIBLE and content[26:] == SUBFORMAT:
        encoding = int.from_bytes(content[24:26], "little")
    return Form(encoding, channels, rate, bits)


def check(form: Form, name: object) -> None:
    """Raises UserError unless samples are of 16 bits and one channel."""
    if (form.encoding, form.channels, (form.bits + 7) // 8) == (PCM, 1, 2):
        return
    encoding = ENCODINGS.get(form.encoding, f"of encoding {form.encoding:#x}, not PCM")
    what = "" if form.encoding == PCM else f" ({encoding})"
    raise UserError(
        f"{name} has {plural(form.channels, 'channel')} of {plural(form.bits, 'bit')}{what}; "
        "recordings must be of 16 bits (PCM) and one channel: convert it, or take it out"
    )


def size_of(samples: Chunk, whole: int, end: int) -> int:
    """The bytes of the samples; `whole` is what the file says of its own size."""
    rest = end - samples.start
    unknown = samples.size >= UNKNOWN or (samples.size == 0 and not samples.start < whole < UNKNOWN)
    return rest if unknown and (samples.size > rest or samples.size == 0) else samples.size
