"""The phase that a command is in: a line on stderr that says what it does, and for how long.

On a terminal it is one line, rewritten each second; into a file or a pipe a phase that lasts is a
line. It is shown from `LINE.start` on, which commands call before they import JAX; a call from
Python shows nothing. Needs no JAX.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator

from tqdm import tqdm

from dlfun.decoration import MAKE_WAY, Steered, stderr
from dlfun.errors import visible

SOON = 0.7
"""Seconds until the first line that goes into a file or a pipe."""

PATIENCE = 5.0
"""Seconds from there to the next, as progress lines have there."""

TICK = 0.25
"""Seconds between two looks at the clock."""

BUSY = 0.2
"""Seconds that a line waits for another thread that writes it, and is given up then."""

WIDTH = 80
"""Columns of a terminal that does not say how many it has."""


class Phase:
    """A phase, and how far it came.

    Attributes:
      name: what is done.
      total: of how many parts; 0 where it has none.
      done: how many of these are done.
      scope: whether it is only what others are a part of, and not shown alone.
      began: seconds of the clock.
      written: whether a file or pipe has its line.
    """

    def __init__(self, name: str, total: int = 0, done: int = 0, scope: bool = False) -> None:
        self.name, self.total, self.done, self.scope = name, total, done, scope
        self.began, self.written = time.monotonic(), False

    def step(self) -> None:
        """Counts one part more as done."""
        self.done += 1

    def __str__(self) -> str:
        """The name, and the parts done.

        >>> print(Phase("compiling", 5, 2))
        compiling 2/5
        """
        return f"{self.name} {self.done}/{self.total}" if self.total else self.name

    @property
    def begun(self) -> str:
        """The same of a phase of which nothing may be done yet.

        >>> Phase("compiling", 5).begun
        'compiling'
        """
        return str(self) if self.done else self.name


class PhaseLine:
    """The line of a process: it has only one, as it has one stderr."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []
        self._lock = threading.RLock()
        self._ended: threading.Event | None = None
        self._shown = ""  # what the terminal has of it now
        self._written = 0.0
        self._first = True

    @property
    def running(self) -> bool:
        """Whether phases are shown."""
        return self._ended is not None

    def start(self) -> None:
        """Shows phases from now on, until `stop`."""
        if self.running:
            return
        self._ended, self._first, self._written = threading.Event(), True, time.monotonic()
        MAKE_WAY.append(self.clear)
        threading.Thread(target=self._watch, args=(self._ended,), daemon=True).start()

    def stop(self) -> None:
        """Takes the line away, and shows no phase any more."""
        if self._ended is not None:
            self._ended.set()
            self._ended = None
            MAKE_WAY.remove(self.clear)
            self.clear()

    def clear(self) -> None:
        """Takes the line off the terminal; it comes back while its phase lasts."""
        if self._shown and self._lock.acquire(timeout=BUSY):
            try:
                self._put("")
            finally:
                self._lock.release()

    def show(self) -> None:
        """Shows the phase at hand, if it is time to."""
        if not self.running or not self._lock.acquire(timeout=BUSY):
            return
        try:
            if self.phases and not self.phases[-1].scope:
                self._show(self.phases[-1])
        finally:
            self._lock.release()

    def _show(self, phase: Phase) -> None:
        now = time.monotonic()
        if stderr().isatty():
            seconds = int(now - phase.began)
            text = ": ".join([*self._scopes(), str(phase)])
            self._put(f"{text}, {seconds} s" if seconds else text)
        elif not phase.written and now - self._written >= (SOON if self._first else PATIENCE):
            phase.written, self._first, self._written = True, False, now
            text = ": ".join([*self._scopes(), phase.begun])
            tqdm.write(f"dlfun: {text} ...", file=stderr())

    def _scopes(self) -> list[str]:
        return [phase.name for phase in self.phases if phase.scope]

    def _put(self, text: str) -> None:
        """Rewrites the line of the terminal."""
        text = visible(text)[: columns() - 1]
        if text == self._shown:
            return
        before = len(self._shown)
        self._shown = text or self._shown  # known before: a signal may end this at any point
        file = Steered(stderr().stream)
        file.write(f"\r{text.ljust(before)}" + "\r" * (not text))
        file.flush()
        self._shown = text

    def _watch(self, ended: threading.Event) -> None:
        while not ended.wait(TICK):
            self.show()


def columns() -> int:
    """The columns of the terminal behind stderr."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.get_terminal_size(stderr().fileno()).columns or WIDTH
    return WIDTH


LINE = PhaseLine()
"""The line of this process."""


def scope(name: str) -> contextlib.AbstractContextManager[Phase]:
    """What phases within it are a part of, such as the model that is trained.

    >>> with scope("waves: cnn"), phase("compiling", 2) as compiling:
    ...     compiling.step()
    ...     ": ".join(map(str, LINE.phases))
    'waves: cnn: compiling 1/2'
    """
    return within(Phase(name, scope=True))


def phase(name: str, total: int = 0, done: int = 0) -> contextlib.AbstractContextManager[Phase]:
    """A phase, while it lasts; of so many parts, if any, so many are done."""
    return within(Phase(name, total, done))


@contextlib.contextmanager
def within(found: Phase) -> Iterator[Phase]:
    """The phase that is shown while this lasts, behind the names of those that it is within."""
    LINE.phases.append(found)
    LINE.show()
    try:
        yield found
    finally:
        LINE.phases.remove(found)
        LINE.clear()
