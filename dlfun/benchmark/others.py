"""The load of other processes while a side is timed, which must have the cores alone.

Libraries whose threads wait for one another in a loop become many times slower than they are as
soon as one other process wants a core.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

FIGURES = Path("/proc/stat")
IDLE = (3, 4)
"""Fields of the figures in which nothing is computed: idle, and waiting for a disk."""

OWN = 8
"""The fields after it are counted among the first ones already."""


def busy_seconds() -> float | None:
    """Seconds in which a core computed for anyone, since the machine started; None if not told."""
    try:
        first = FIGURES.read_text().split("\n", 1)[0].split()[1 : 1 + OWN]
        ticks = [int(field) for field in first]
        return sum(t for i, t in enumerate(ticks) if i not in IDLE) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


class Watch:
    """Looks at the machine from its making until it is asked."""

    def __init__(self) -> None:
        self.began, self.before = time.monotonic(), busy_seconds()

    def share(self, own: float) -> float | None:
        """The part of all cores that others had, where `own` seconds were computed for the side."""
        after, elapsed = busy_seconds(), time.monotonic() - self.began
        if after is None or self.before is None or elapsed <= 0:
            return None
        return max(0.0, after - self.before - own) / (elapsed * (os.cpu_count() or 1))
