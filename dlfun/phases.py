"""The line that says what is being done and for how long, until there is progress to count.

At a terminal one line is written over and over; into a file or a pipe goes one line for each phase
that takes longer than a moment. Needs no JAX.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

from dlfun import decoration
from dlfun.decoration import Steered, stderr
from dlfun.errors import visible

MOMENT = 10.0
"""Seconds from which on a phase is worth a line of a file: of its beginning nobody asks there."""

TICK = 1.0
"""Seconds after which the line of a terminal is written again."""

CLEAR = "\r\x1b[K"
"""Goes to the beginning of the line, and empties it."""


class Line:
    """The phases that go on, each within the one before, and the line that names them."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._phases: list[tuple[str, float]] = []
        self._told: set[str] = set()
        self._drawn = False
        self._ticker: threading.Thread | None = None
        self.muted = False

    def begin(self, what: str) -> None:
        """A phase begins."""
        with self._lock:
            self._phases.append((what, time.monotonic()))
            if self.muted:
                return
            self.draw()
            if self._ticker is None:
                self._ticker = threading.Thread(target=self._tick, daemon=True)
                self._ticker.start()

    def end(self) -> None:
        """The last phase ends."""
        with self._lock:
            self._phases.pop()
            self.clear()

    def words(self, seconds: float) -> str:
        """What goes on, and for how long."""
        what = ": ".join(name for name, _ in self._phases)
        return f"{what} {seconds:.0f} s" if seconds >= TICK else f"{what} ..."

    def draw(self) -> None:
        """Says what goes on, if that is to be said now."""
        with self._lock:
            if not self._phases or self.muted:
                return
            told: Any = stderr()
            seconds = time.monotonic() - self._phases[-1][1]
            if told.isatty():
                self._write(CLEAR + visible(self.words(seconds)))
                self._drawn = True
            elif seconds >= MOMENT and self.words(0.0) not in self._told:
                self._told.add(self.words(0.0))
                self._write(visible(self.words(0.0)) + "\n")

    def clear(self) -> None:
        """Makes way for what is written next."""
        with self._lock:
            if self._drawn:
                self._drawn = False
                self._write(CLEAR)

    def _write(self, text: str) -> None:
        line = Steered(stderr().stream)
        line.write(text)
        line.flush()

    def _tick(self) -> None:
        while True:
            time.sleep(TICK)
            with self._lock:
                if not self._phases:
                    self._ticker = None
                    return
                self.draw()


LINE = Line()
decoration.CLEARED.append(LINE.clear)


@contextlib.contextmanager
def phase(what: str) -> Iterator[None]:
    """While it lasts, users are told that this is done."""
    LINE.begin(what)
    try:
        yield
    finally:
        LINE.end()


def mute() -> None:
    """Says nothing from now on, as of several processes one speaks for all."""
    LINE.muted = True
