"""Arrays of files that anyone may have made: their sizes are checked before any is allocated.

Arrays of Python objects, which would be unpickled, are never read.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np

from dlfun.host_memory import free_bytes, shown

LARGEST = 2**28
"""Bytes that the arrays of a compressed file may always take, if they fit the memory."""

RATIO = 250
"""So many times as large as their file more arrays may be: zeros alone are 1,000 times."""

UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    EOFError,
    OSError,
    KeyError,
    RuntimeError,  # encrypted, compressed in a way that Python does not know, or nested too deeply
)
"""What reading a file raises that is damaged, or is none of arrays."""


def read_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of an array from the head of its file.

    Raises:
      ValueError: if it is none, or holds Python objects.
    """
    version = np.lib.format.read_magic(file)
    known: dict[tuple[int, int], Any] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in known:
        raise ValueError(f"an array of version {version[0]}.{version[1]}")
    shape, _, dtype = known[version](file)
    if dtype.hasobject:
        raise ValueError("an array of Python objects")
    return shape, dtype


def check_head(file: IO[bytes], size: int) -> tuple[tuple[int, ...], int]:
    """Shape and bytes of the array in a file of so many bytes.

    Raises:
      ValueError: if the file is no array, or shorter than it says.
    """
    shape, dtype = read_header(file)
    needed = math.prod(shape) * dtype.itemsize
    if needed > size - file.tell():
        raise ValueError("it ends before its last number")
    return shape, needed


def check_heads(
    archive: zipfile.ZipFile, members: Iterable[str], on_disk: int, copies: int = 1
) -> dict[str, Any]:
    """The shapes of arrays of an archive, in a file of so many bytes.

    Args:
      copies: so many times they will be in memory.

    Raises:
      ValueError: if one is no array, or shorter than it says, or all are too large together.
    """
    shapes, total = {}, 0
    for member in members:
        with archive.open(member) as file:
            shapes[member], needed = check_head(file, archive.getinfo(member).file_size)
        total += needed
    if total > max(LARGEST, RATIO * on_disk):
        raise ValueError(
            f"its arrays would take {shown(total)}, {total // on_disk} times as much as the file; "
            "give them uncompressed"
        )
    check_fits(total, copies)
    return shapes


def check_fits(needed: int, copies: int) -> None:
    """Raises ValueError if arrays of so many bytes, in so many copies, are more than is free."""
    free = free_bytes()
    if free is not None and copies * needed > free:
        raise ValueError(
            f"its arrays would take {shown(copies * needed)} of memory, and {shown(free)} is free; "
            "give fewer examples"
        )


def read_member(archive: zipfile.ZipFile, member: str) -> np.ndarray:
    """An array of an archive."""
    with archive.open(member) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def load_npz(path: Path, copies: int = 1) -> dict[str, np.ndarray]:
    """All arrays of an .npz file, which will be in memory so many times.

    Raises:
      UNREADABLE: if it is no such archive, is damaged, or claims what cannot be.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.namelist()
        check_heads(archive, members, path.stat().st_size, copies)
        return {name.removesuffix(".npy"): read_member(archive, name) for name in members}
