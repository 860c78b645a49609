"""The notes of a record: what the console says once below its table."""

from __future__ import annotations

from dlfun.report.html.blocks import Block, Source, Words
from dlfun.report.html.record import Record
from dlfun.report.html.results import swept_names
from dlfun.report.text.notes import note_lines
from dlfun.words import plural

MOST = 12
"""Notes that stand on the page; further ones stand behind a summary."""


def notes(record: Record) -> list[Block]:
    """A paragraph a note."""
    lines = note_lines(record.notes, record.rows, swept_names(record))
    blocks: list[Block] = [Words([ended(line) for line in lines[:MOST]])] if lines else []
    if rest := lines[MOST:]:
        blocks.append(Source(plural(len(rest), "further note"), "\n".join(rest)))
    return blocks


def ended(line: str) -> str:
    """A note that ends with a stop; names of data sets and arms at its start stay as they are.

    >>> ended("xor: the rule cycles")
    'xor: the rule cycles.'
    """
    return line if line.endswith((".", "!", "?")) else f"{line}."
