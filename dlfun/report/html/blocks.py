"""Blocks of a page, as plain data for the templates."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from dlfun.report.html.record import Record
from dlfun.report.html.units import number


class Cell(NamedTuple):
    """A cell of a table: its text, and the number it is sorted by."""

    text: str
    value: float | None = None
    strong: bool = False


class Table(NamedTuple):
    """Rows of cells under their names; the first column heads its row.

    `beside`: it leaves room for a figure; `closed`: it stands behind its caption; `minor`: names of
    columns that a narrow page leaves out; `behind`: tables that are closed below it.
    """

    names: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    note: str = ""
    beside: bool = False
    closed: bool = False
    minor: Sequence[str] = ()
    behind: Sequence[Table] = ()

    @property
    def minor_places(self) -> list[int]:
        """Where the columns stand that a narrow page leaves out."""
        return [k for k, name in enumerate(self.names) if name in self.minor]


class Key(NamedTuple):
    """An entry of a legend; `runs` single runs can be shown on a click."""

    label: str
    style: int
    runs: int = 0
    line: bool = False
    mark: bool = True


class Figure(NamedTuple):
    """A picture with its finding in words and its numbers.

    `finding` is the text alternative; `drawing` is SVG or images; `caption` says how to read it.
    A `wide` one takes two thirds of a page, and one that is `full`, too, all of it.
    """

    title: str
    finding: str
    drawing: Markup
    table: Table | None = None
    caption: str = ""
    keys: Sequence[Key] = ()
    wide: bool = False
    full: bool = False


class Words(NamedTuple):
    """Paragraphs, under a heading if there is one; or a list `beside` something else."""

    lines: Sequence[str]
    heading: str = ""
    beside: bool = False


class Facts(NamedTuple):
    """Names with what they are; `code` for what is typed or copied."""

    facts: Sequence[tuple[str, str]]
    heading: str = ""
    code: bool = False


class Source(NamedTuple):
    """A text as it stands in a file, behind a summary."""

    summary: str
    text: str
    shown: bool = False


class Square(NamedTuple):
    """A cell of a verdict matrix; `look` names its colour, `brief` is its text on a narrow page."""

    lines: Sequence[str]
    look: str = ""
    brief: str = ""


class Matrix(NamedTuple):
    """Verdicts of all pairs: a row and a column for each name; None on the diagonal."""

    names: Sequence[str]
    squares: Sequence[Sequence[Square | None]]
    caption: str
    note: str


class Folded(NamedTuple):
    """Blocks behind a click."""

    summary: str
    blocks: Sequence[Block]


Block = Table | Figure | Words | Facts | Source | Matrix | Folded


class Section(NamedTuple):
    """A part of the page: `blocks` makes it from a record; none leaves it out.

    `together` makes it from several records at once; where it makes nothing, each has its own.
    """

    key: str
    title: str
    lead: str
    blocks: Callable[[Record], list[Block]]
    together: Callable[[Sequence[Record]], list[Block]] | None = None


def cell(value: Any) -> Cell:
    """A cell of a text, or of a number with four digits."""
    if isinstance(value, Cell):
        return value
    if isinstance(value, str) or value is None:
        return Cell(value or "")
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    shown = f"{value:,}" if isinstance(value, int) else number(float(value))
    return Cell(shown, float(value) if math.isfinite(value) else None)


def table(
    names: Sequence[str], rows: Sequence[Sequence[Any]], caption: str = "", note: str = ""
) -> Table:
    """A table of texts and numbers."""
    return Table(names, [[cell(value) for value in row] for row in rows], caption, note)
