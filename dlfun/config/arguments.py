"""Arguments of calls from Python that are texts, paths or lists: read as strictly as flags are.

Those that a flag's kind reads are read by `dlfun.config.parsers.checked`.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import os
from collections.abc import Iterator
from typing import Any

from dlfun.decoration import usable_streams
from dlfun.errors import UserError, in_python_words, short


def text(name: str, value: Any, such: str = "") -> str:
    """A text that is not blank and can be printed.

    Raises:
      UserError: if it is none; `such` is an example.

    >>> text("name", "mine")
    'mine'
    """
    found = value.value if isinstance(value, enum.Enum) else value
    if not isinstance(found, str) or not found.strip() or not found.isprintable():
        example = f", such as {such}" if such else ""
        shown = repr(short(found)) if isinstance(found, str) else short(found)
        raise UserError(f"{name}={shown}: must be a text{example}, not blank, that can be printed")
    return str(found)


def path(name: str, value: Any) -> str:
    """A path, there or not; `~` at its start is the user's home.

    Raises:
      UserError: if it is none, or longer than file systems allow.
    """
    found = os.fspath(value) if isinstance(value, os.PathLike) else value
    where = os.path.expanduser(text(name, found, "'runs/mine'"))
    try:
        os.lstat(where)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise UserError(f"{name}={short(where)}: is too long for a path; shorten it") from None
    return where


def place(name: str, value: Any) -> str:
    """A path, wherever a study is replayed from.

    Raises:
      UserError: as `path`.
    """
    return os.path.abspath(path(name, value))


def several(value: Any) -> list[Any]:
    """A list of what was given, one or several."""
    return list(value) if isinstance(value, list | tuple) else [value]


def pair(name: str, value: Any) -> tuple[Any, Any]:
    """Inputs and targets of a split.

    Raises:
      UserError: if it is no pair; rows of an array are none.
    """
    if not isinstance(value, list | tuple) or len(value) != 2:
        what = (
            f"{len(value)} of them"
            if isinstance(value, list | tuple)
            else short(type(value).__name__)
        )
        raise UserError(f"{name}: must be a pair (inputs, targets), and not {what}")
    return value[0], value[1]


@contextlib.contextmanager
def in_python() -> Iterator[None]:
    """What is said here is said to who calls from Python; an error shows no floor below."""
    try:
        with usable_streams(), in_python_words():
            yield
    except UserError as error:
        raise UserError(error.args[0]) from error.__cause__
