"""The date of a record and its duration, in its environment.json. Needs no JAX."""

from __future__ import annotations

import time
from pathlib import Path

DATE = "date"
"""The name of it there."""

DURATION = "wall_seconds"
"""That of how long the study took, all its parts together where it went on after an end."""

FORM = "%Y-%m-%dT%H:%M:%SZ"


def now() -> str:
    """The time in UTC, as records have it."""
    return time.strftime(FORM, time.gmtime())


def date_of(path: Path) -> str:
    """The same of when a file was written, for records that do not say."""
    return time.strftime(FORM, time.gmtime(path.stat().st_mtime))


def lasting(seconds: float) -> str:
    """A time in words.

    >>> lasting(0.42), lasting(59.7), lasting(83), lasting(7270)
    ('0.4 s', '1 min 0 s', '1 min 23 s', '2 h 1 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    return "{} h {} min".format(*divmod(minutes, 60))


def day(date: str) -> str:
    """The day of a date.

    >>> day("2026-11-30T23:48:43Z")
    '2026-11-30'
    """
    return date.partition("T")[0]
