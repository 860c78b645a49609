"""The format of a table's file, found by reading it: encoding, size, and what parts its cells.

All of it is read once before any of it is taken: unpacked it may be larger than the memory.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from dlfun.data.arrays import LARGEST, RATIO
from dlfun.data.user_files import csv_file
from dlfun.data.user_files.csv_file import USUAL, Format, is_packed, open_bytes
from dlfun.errors import OPT, UserError, first_line, short
from dlfun.host_memory import check_room, shown
from dlfun.types import SEPARATORS

CELLS = 4
"""So many times as much memory as on disk the cells of a table take, at least."""

REMEDY = "leave rows or columns out, or give numbers as .npz"

BLOCK = 2**20
WESTERN = "cp1252"
"""What spreadsheets of Western Europe and America write where they do not write UTF-8."""

WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""The first bytes of files in UTF-16, as spreadsheets write Unicode text."""

PARTED = {"comma": "commas", "semicolon": "semicolons", "tab": "tabs"}


class FoundFormat(NamedTuple):
    """A format, the name of its separator, and what of it is to be said."""

    format: Format
    separator: str
    said: tuple[str, ...] = ()


def format_of(path: Path, separator: str | None = None, usual: str = "") -> FoundFormat:
    """The format of a file.

    Args:
      separator: its name, one of `SEPARATORS`; all else is what the file looks like.
      usual: the separator of files like it, which decides where it may be one of two.

    Raises:
      UserError: if it does not fit the memory, is damaged, is of another encoding, or may be
        parted in two ways.
    """
    encoding, said = encoding_of(path)
    try:
        name = separator if separator in SEPARATORS else separator_of(path, encoding, usual)
    except UnicodeDecodeError as error:
        raise unreadable(path, error) from None
    return FoundFormat(Format(SEPARATORS[name], encoding), name, said)


def unreadable(path: Path, error: Exception) -> UserError:
    """The error of a file that is no table."""
    return UserError(
        f"{path} cannot be read as .csv in UTF-8 ({csv_file.why(error)}); {csv_file.remedy(error)}"
    )


def encoding_of(path: Path) -> tuple[str, tuple[str, ...]]:
    """The encoding of a file, and a sentence if it is not UTF-8.

    Raises:
      UserError: if it is of none that is known, or does not fit the memory.
    """
    decoder, size, fits, wide = codecs.getincrementaldecoder("utf-8")(), 0, True, False
    for block in blocks(path):
        wide |= not size and block.startswith(WIDE)
        size += len(block)
        try:
            fits = fits and decoder.decode(block) is not None
        except UnicodeDecodeError:
            fits = False
    check_room(CELLS * size, f"{path}: its cells", REMEDY)
    if wide:
        return "utf-16", ()
    if fits and not decoder.getstate()[0]:
        return USUAL.encoding, ()
    try:
        line, text = first_foreign(path)
    except UnicodeDecodeError:
        return USUAL.encoding, ()  # what it is not is said where it is read
    return WESTERN, (
        f"{path} is not in UTF-8, and is read as Windows-1252 (line {line}: {short(text)!r}); save "
        "it in UTF-8 if that is not what it says",
    )


def blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, unpacked.

    Raises:
      UserError: if it is damaged, or unpacks to more than its own size makes likely.
    """
    total, packed = 0, path.stat().st_size
    most = max(LARGEST, RATIO * packed) if is_packed(path) else None
    try:
        with open_bytes(path) as file:
            while block := file.read(BLOCK):
                total += len(block)
                if most is not None and total > most:
                    raise UserError(
                        f"{path} unpacks to more than {shown(most)}, from {shown(packed)}; give it "
                        "unpacked"
                    )
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(
            f"{path} cannot be unpacked by gzip ({first_line(error)}); pack it anew"
        ) from None


def first_foreign(path: Path) -> tuple[int, str]:
    """Number and text of the first line that is not ASCII, read as `WESTERN`.

    Raises:
      UnicodeDecodeError: if there is a line that is not in `WESTERN`.
    """
    found = (0, "")
    with open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            text = line.decode(WESTERN)
            if not found[0] and not line.isascii():
                found = number, text.strip()
    return found


def separator_of(path: Path, encoding: str, usual: str) -> str:
    """The name of what parts the cells of a file: what parts its first line.

    Where that may be two, it is the one that parts all lines alike, else the `usual` one, and that
    where it is none.

    Raises:
      UserError: if it may still be two.
    """
    formats = {name: Format(sign, encoding) for name, sign in SEPARATORS.items()}
    widths = {name: width_of(path, format) for name, format in formats.items()}
    able = [name for name, width in widths.items() if width > 1]
    if len(able) < 2:
        return able[0] if able else usual or next(iter(SEPARATORS))
    even = [name for name in able if is_even(path, formats[name])]
    if len(even) == 1 or usual in even:
        return usual if usual in even else even[0]
    ways = " or ".join(f"{PARTED[name]} ({widths[name]} columns)" for name in even or able)
    raise UserError(
        f"{path}: its cells may be parted by {ways}; give {OPT.separator}={(even or able)[0]}, or "
        "another"
    )


def width_of(path: Path, format: Format) -> int:
    """How many cells the first line has; 0 where it cannot be read in this format."""
    try:
        with csv_file.rows_of(path, format) as rows:
            return next((len(row) for row in rows if row), 0)
    except csv.Error:
        return 0


def is_even(path: Path, format: Format) -> bool:
    """Whether all lines have as many cells as the first."""
    try:
        with csv_file.rows_of(path, format) as rows:
            return len({len(row) for row in rows if row}) == 1
    except csv.Error:
        return False
