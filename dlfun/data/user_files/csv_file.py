r"""Comma-separated values: read with rows that end at \n or \r\n, and written in the same way.

Python's csv ends rows at a lone carriage return, too, and until 3.12 did not quote one.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, TextIO, cast

LATER = "new-line character seen"
"""Begins csv's words for a carriage return in a cell that is not quoted."""


class Format(NamedTuple):
    """How a file is written: what parts its cells, and its encoding.

    The usual one is UTF-8, with a byte order mark or without one.
    """

    separator: str = ","
    encoding: str = "utf-8-sig"


USUAL = Format()


def is_packed(path: Path) -> bool:
    """Whether a file is compressed by gzip, by its name."""
    return path.suffix.lower() == ".gz"


def open_bytes(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked if it is packed."""
    return cast(IO[bytes], gzip.GzipFile(path)) if is_packed(path) else path.open("rb")


@contextmanager
def rows_of(path: Path, format: Format = USUAL) -> Iterator[Any]:
    """A reader of the rows of a file.

    A file without any line feed, as old Macs wrote them, has rows that end at carriage returns.
    """
    with (
        open_bytes(path) as content,
        io.TextIOWrapper(content, newline="\n", encoding=format.encoding) as file,
    ):
        yield csv.reader(lines_of(file), strict=True, delimiter=format.separator)


def lines_of(file: TextIO) -> Iterator[str]:
    """The lines of a file."""
    for number, line in enumerate(file):
        if number == 0 and not line.endswith("\n") and "\r" in line:
            yield from io.StringIO(line, newline="")
        else:
            yield line


def why(error: Exception) -> str:
    """What is wrong with a file, in words."""
    if LATER in str(error):
        return "a carriage return in a cell without quotes"
    if "field limit" in str(error):
        return f"a cell of more than {csv.field_size_limit():,} characters"
    return str(error)


def remedy(error: Exception) -> str:
    """What to do with such a file."""
    if isinstance(error, UnicodeDecodeError):
        return "save it in UTF-8, which spreadsheets call CSV UTF-8"
    if "field limit" in str(error):
        return "shorten that cell, or take its column out"
    return "write it with commas between cells and a first line of column names"


class Lines:
    """A file for a writer of csv, which ends rows with a line feed and quotes every line end."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, row: str) -> int:
        r"""Writes a row that ends with \r\n."""
        return self.file.write(row.removesuffix("\r\n") + "\n")


def writer(file: TextIO, names: Sequence[str]) -> csv.DictWriter[str]:
    r"""A writer of rows of these names.

    >>> import sys
    >>> _ = writer(sys.stdout, ["a", "b"]).writerow({"a": "1,5", "b": 2})
    "1,5",2
    """
    return csv.DictWriter(Lines(file), list(names), lineterminator="\r\n")
