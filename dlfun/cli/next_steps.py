"""The last lines of a command: the page to open, and what a person would want to do next.

A line of the table is said where all is known that stands in its braces: the names of commands, as
they are called here, always are.
"""

from __future__ import annotations

import os
import shlex
import string
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dlfun.commands import command

PAGE = "page: {page}"
AGAIN = "--flagfile={flags}"
"""The same study again."""

NEXT: dict[str, tuple[str, ...]] = {
    "train": (
        PAGE,
        "next: {predict} {predictable} --inputs=FILE",
        "next: {sample} {generative}",
        "next, more steps of the same runs: {train} --continue_from={continued} --steps=+{steps}",
    ),
    "compare": (
        PAGE,
        f"next, more seeds until every pair has its verdict: {{compare}} {AGAIN} {{until}}",
        f"next, with each model tuned: {{compare}} {AGAIN} --tune {{delta}}",
        "next: {compare} {confirm}",
    ),
    "sweep": (
        PAGE,
        "next, the best configuration: {train} {best}",
    ),
    "searches": (PAGE, "next: {report} {folder} --format=latex"),
    "judge": (PAGE,),
    "report": ("next: {verify} {single}",),
    "verify": ("next, the page with the certificate: {report} {folder}",),
    "data": ("next: {train} --dataset={dataset}",),
    "benchmark": ("next, against this one: {benchmark} --baseline={folder}",),
    "reproduce": ("next, its page: {report} {records}",),
    "export": ("how to load it: {export_file}",),
}
"""Command -> its last lines."""

_lines: list[str] = []


def add(name: str, **known: Any) -> None:
    """Has the last lines of a command said when it ends; what is None or empty is not known."""
    from dlfun.cli.main import COMMANDS

    facts = {other: command(other) for other in COMMANDS}
    facts |= {key: value for key, value in known.items() if value}
    _lines[:] = filled(NEXT.get(name, ()), facts)


def filled(lines: Iterable[str], facts: Mapping[str, str]) -> list[str]:
    """The lines of which all is known.

    >>> filled(["page: {page}", "next: {a} {b}"], {"a": "dlfun a", "page": "x.html"})
    ['page: x.html']
    """
    needs = [{name for _, name, _, _ in string.Formatter().parse(line) if name} for line in lines]
    return [
        line.format(**facts) for line, names in zip(lines, needs, strict=True) if names <= {*facts}
    ]


def taken() -> list[str]:
    """The last lines, once."""
    found = list(_lines)
    _lines.clear()
    return found


def shown(path: str | Path) -> str:
    """A path as a person would write it here: relative where it lies below, and quoted."""
    here = os.path.relpath(path)
    return shlex.quote(str(path) if here.startswith(os.pardir) else here)


def page_of(folder: Path) -> str:
    """The page of a record, or nothing where it could not be drawn."""
    from dlfun.records.checksums import PAGE

    return shown(folder / PAGE) if (folder / PAGE).is_file() else ""
