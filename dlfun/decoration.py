"""Decoration, which a study can be without: it may fail, and the study goes on. Needs no JAX."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO, TypeVar

from tqdm import tqdm

from dlfun.errors import UserError, visible

T = TypeVar("T")

CLEARED: list[Callable[[], None]] = []
"""What takes a line of progress away, before words are written where it stands."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Shown:
    """A stream that a terminal may stand behind: names in it cannot steer that terminal."""

    def __init__(self, stream: TextIO | None) -> None:
        self.stream: Any = stream

    def write(self, text: str) -> int:
        """Writes the text, all of it visible."""
        self.stream.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Writes one text after the other."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class Output(Shown):
    """Standard output. Once it fails, all that follows goes nowhere; nobody writes it twice.

    Attributes:
      missing: it was closed before the script began.

    Raises:
      UserError: saying why it cannot be written; a reader that left is a BrokenPipeError.
    """

    def __init__(self, stream: TextIO, missing: bool = False) -> None:
        super().__init__(stream)
        self.missing = missing

    def write(self, text: str) -> int:
        """Writes the text, all of it visible."""
        if self.missing:
            raise unwritten("is closed")
        with self.forgotten_once_it_fails():
            return super().write(text)

    def flush(self) -> None:
        """Flushes the stream."""
        with self.forgotten_once_it_fails():
            self.stream.flush()

    @contextlib.contextmanager
    def forgotten_once_it_fails(self) -> Iterator[None]:
        """Else Python fails over what is left in it when it ends."""
        try:
            yield
        except OSError as error:
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
            if isinstance(error, BrokenPipeError):
                raise
            raise unwritten(error.strerror or str(error)) from None


def unwritten(why: str) -> UserError:
    """The error of a standard output that cannot be written."""
    return UserError(f"standard output: {why}; send what is printed elsewhere")


class Unfailing(Shown):
    """A stream for words that nothing depends on: if it fails, they are not said.

    It is closed, a pipe that nobody reads any more, a file on a full disk, or not there at all.
    """

    def write(self, text: str) -> int:
        """Writes the text if that is possible."""
        for clear in CLEARED:
            clear()
        with contextlib.suppress(OSError, ValueError, AttributeError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Flushes the stream if that is possible."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self.stream.flush()

    def isatty(self) -> bool:
        """Whether somebody may be looking at it."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            return self.stream.isatty()
        return False

    def __eq__(self, other: object) -> bool:
        """Of the same stream: progress lines make way for what is said on it."""
        return isinstance(other, Unfailing) and other.stream is self.stream

    def __hash__(self) -> int:
        return hash(self.stream)


class Steered(Unfailing):
    """The same for lines of progress, which go back to their beginning: their words are ours."""

    def write(self, text: str) -> int:
        """Writes the text as it is, if that is possible."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            self.stream.write(text)
        return len(text)


def stderr() -> Any:
    """Where users are told of what happens."""
    return sys.stderr if isinstance(sys.stderr, Unfailing) else Unfailing(sys.stderr)


def bar(title: str, **more: Any) -> tqdm:
    """A line of progress on stderr."""
    told = stderr()
    return tqdm(
        desc=visible(title),
        # Into a file or a pipe one line every few seconds is enough.
        mininterval=0.2 if told.isatty() else 5.0,
        file=Steered(told.stream),
        dynamic_ncols=True,
        **more,
    )


def tell(*lines: object) -> None:
    """Prints what a record holds as well: it is no less written where nobody can be told."""
    with contextlib.suppress(UserError, OSError):
        print(*lines, sep="\n", flush=True)


def open_closed() -> None:
    """Opens standard streams that are closed, into nothing, for processes started here too.

    Else what is opened next has the number of one, and libraries print into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


@contextlib.contextmanager
def usable_streams() -> Iterator[None]:
    """While it lasts, libraries may write to stdout and stderr that are closed or not there."""
    open_closed()
    with contextlib.ExitStack() as stack:
        for stream, redirect in (
            (sys.stdout, contextlib.redirect_stdout),
            (sys.stderr, contextlib.redirect_stderr),
        ):
            if stream is None or getattr(stream, "closed", False):
                stack.enter_context(redirect(Unfailing(stream)))
        yield


def prepare_streams() -> None:
    """Makes the streams of a script such that no words which they cannot take end it."""
    if not isinstance(sys.stdout, Output):
        missing = sys.stdout is None
        sys.stdout = Output(open(os.devnull, "w") if missing else sys.stdout, missing)  # noqa: SIM115
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
