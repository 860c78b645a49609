"""The date of a record, in its environment.json. Needs no JAX."""

from __future__ import annotations

import time
from pathlib import Path

DATE = "date"
"""The name of it there."""

FORM = "%Y-%m-%dT%H:%M:%SZ"


def now() -> str:
    """The time in UTC, as records have it."""
    return time.strftime(FORM, time.gmtime())


def date_of(path: Path) -> str:
    """The same of when a file was written, for records that do not say."""
    return time.strftime(FORM, time.gmtime(path.stat().st_mtime))


def day(date: str) -> str:
    """The day of a date.

    >>> day("2026-11-30T23:48:43Z")
    '2026-11-30'
    """
    return date.partition("T")[0]
