"""Processes that end with the one that started them, however that one ended."""

from __future__ import annotations

import functools
import os
import signal
import threading
import time
from collections.abc import Callable

FOLLOWS = "DLFUN_FOLLOWS"
"""The environment variable that names the process whose end a script follows."""

PAUSE = 0.5
"""Seconds between two looks at the parent."""


@functools.cache
def end_with(parent: int) -> None:
    """Ends this process at once when the one that started it has ended."""
    when_gone(parent, lambda: os._exit(1))


def followed() -> dict[str, str]:
    """The environment of a script that ends with this process."""
    return {FOLLOWS: str(os.getpid())}


def follow() -> None:
    """Ends this process as SIGTERM does when one has ended that started it to be so."""
    parent = os.environ.pop(FOLLOWS, "")
    if parent:
        when_gone(int(parent), lambda: os.kill(os.getpid(), signal.SIGTERM))


def when_gone(parent: int, end: Callable[[], None]) -> None:
    """Calls `end` when the process of that number is not the parent of this one any more."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PAUSE)
        end()

    threading.Thread(target=watch, daemon=True).start()
