"""What a study can be without: it may fail, and the study goes on. Needs no JAX."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO, TypeVar

T = TypeVar("T")

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Unfailing:
    """A stream for words that nothing depends on: if it fails, they are not said.

    It is closed, a pipe that nobody reads any more, a file on a full disk, or not there at all.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """Writes the text if that is possible."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self.stream.write(text)  # type: ignore[union-attr]
        return len(text)

    def flush(self) -> None:
        """Flushes the stream if that is possible."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self.stream.flush()  # type: ignore[union-attr]

    def isatty(self) -> bool:
        """Whether somebody may be looking at it."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return self.stream.isatty()  # type: ignore[union-attr]
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def __eq__(self, other: object) -> bool:
        """Of the same stream: progress lines make way for what is said on it."""
        return isinstance(other, Unfailing) and other.stream is self.stream

    def __hash__(self) -> int:
        return hash(self.stream)


def stderr() -> Any:
    """Where users are told of what happens."""
    return sys.stderr if isinstance(sys.stderr, Unfailing) else Unfailing(sys.stderr)


def open_closed() -> None:
    """Opens standard streams that are closed, into nothing.

    Else what is opened next has the number of one, and libraries print into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def prepare_streams() -> None:
    """Makes the streams of a script such that no words which they cannot take end it."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    if sys.stdout.errors == "strict" and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stderr = stderr()


def forgiven(error: BaseException | None) -> bool:
    """Whether a study goes on without what failed so; no room stops what comes behind it, too."""
    while error is not None:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in NO_ROOM:
            return False
        error = error.__cause__
    return True


def spared(what: str, make: Callable[[], T]) -> T | None:
    """What `make` gives; None where that fails, which a line on stderr says."""
    try:
        return make()
    except Exception as error:
        if not forgiven(error):
            raise
        text = " ".join(str(error).split())[:200] or type(error).__name__
        kind = "" if text.startswith(type(error).__name__) else f"{type(error).__name__}: "
        print(f"warning: left out: {what} ({kind}{text})", file=stderr(), flush=True)
        return None
