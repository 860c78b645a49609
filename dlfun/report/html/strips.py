"""Strips: a row for each name, with a dot for each value, its mean and its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from dlfun.report.html import marks
from dlfun.report.html.axes import Axis, spanning, ticks

WIDTH = 420.0
HALF_LETTER = 4.2
"""Half the width of a letter below an axis, at most: the last number stays in the drawing."""

LETTERS = 52
"""As many fit into a line."""
PITCH, HEAD, FOOT, SIDE = 46.0, 8.0, 50.0, 8.0
"""Height of a row; room above, below and beside all rows."""

MOST = 400
"""Dots of a row, at most: evenly picked by rank where there are more."""


class Strip(NamedTuple):
    """A row: its name to the left, its numbers in words to the right, all in shown units.

    `ends` are its mean, and the low and high end of its interval.
    """

    label: str
    values: np.ndarray
    style: int
    ends: tuple[float, float, float]
    note: str = ""
    strong: bool = False

    @property
    def mean(self) -> float:
        """What the upright tick marks."""
        return self.ends[0]


class Mark(NamedTuple):
    """A line across all rows at a value, and what it is."""

    value: float
    label: str = ""


def picked(values: np.ndarray) -> np.ndarray:
    """The finite values, thinned by rank if they are too many."""
    kept = values[np.isfinite(values)]
    if len(kept) <= MOST:
        return kept
    return np.sort(kept)[np.linspace(0, len(kept) - 1, MOST).round().astype(int)]


def reach(rows: Sequence[Strip], marks_: Sequence[Mark], rope: float | None) -> np.ndarray:
    """All numbers that the axis must hold."""
    parts = [np.array(r.ends) for r in rows] + [r.values for r in rows]
    ends = [] if rope is None else [-rope, rope]
    return np.concatenate([*parts, [m.value for m in marks_], ends])


def strips(
    rows: Sequence[Strip],
    label: str,
    finding: str,
    lines: Sequence[Mark] = (),
    rope: float | None = None,
    limits: tuple[float, float] | None = None,
) -> Markup:
    """A drawing of rows over a common axis.

    Args:
      label: of the axis.
      rope: half the width of a shaded band around 0.
      limits: ends of the axis; what lies outside is pointed at by an arrow. None shows all.
    """
    height = HEAD + PITCH * len(rows) + FOOT
    start, end = SIDE, WIDTH - SIDE
    axis = (
        spanning(reach(rows, lines, rope), start, end)
        if limits is None
        else Axis(*limits, start, end)
    )
    bottom = height - FOOT
    parts = [shaded(axis, rope, bottom), *grid(axis, bottom)]
    parts += [across(axis, mark, bottom) for mark in lines]
    parts += [row_marks(row, axis, HEAD + PITCH * i) for i, row in enumerate(rows)]
    parts.append(marks.words(WIDTH / 2, height - 6, label, "label", "middle"))
    return marks.drawing(WIDTH, height, finding, *parts)


def shaded(axis: Axis, rope: float | None, bottom: float) -> Markup:
    """The band of differences that count as none."""
    if not rope:
        return Markup("")
    low, high = np.clip(axis.at([-rope, rope]), axis.start, axis.end)
    return marks.box(low, HEAD - 4, high - low, bottom - HEAD + 4, "rope")


def grid(axis: Axis, bottom: float) -> list[Markup]:
    """Upright lines at the ticks of the axis, with their numbers below."""
    marked = [(float(axis.at(v)), text) for v, text in ticks(axis)]
    lines = [marks.rule(x, HEAD - 4, x, bottom, "grid") for x, _ in marked]
    places = [(min(x, WIDTH - HALF_LETTER * len(text)), text) for x, text in marked]
    return lines + [marks.words(x, bottom + 20, text, "tick", "middle") for x, text in places]


def across(axis: Axis, mark: Mark, bottom: float) -> Markup:
    """A line across all rows, its name at the bottom."""
    x = float(axis.at(mark.value))
    if not axis.start <= x <= axis.end:
        return Markup("")
    side = "end" if x > WIDTH / 2 else None
    name = marks.words(x + (-4 if side else 4), bottom - 3, mark.label, "aside", side)
    return marks.rule(x, HEAD - 4, x, bottom, "mark") + (name if mark.label else Markup(""))


def beside(label: str, note: str) -> str:
    """A label, cut where it would run into the note at the end of its line.

    >>> beside("cnn", "98.20 ± 0.10"), len(beside("x" * 99, "98.20 ± 0.10"))
    ('cnn', 38)
    """
    room = LETTERS - len(note) - 2
    return label if len(label) <= room else f"{label[: room - 1]}…"


def row_marks(row: Strip, axis: Axis, top: float) -> Markup:
    """One row: name and numbers above, dots and interval below."""
    middle = top + 31
    look = "name strong" if row.strong else "name"
    parts = [
        marks.words(axis.start, top + 14, beside(row.label, row.note), look),
        marks.words(axis.end, top + 14, row.note, "note", "end"),
    ]
    values = picked(row.values)
    xs = axis.at(values)
    inside = (xs >= axis.start) & (xs <= axis.end)
    # Dots leave their line in the ratio that spreads any number of them evenly.
    lifts = ((np.arange(len(values)) * 0.6180339887) % 1 - 0.5) * 10
    size = 2.6 if len(values) <= 60 else 1.8
    parts.append(marks.dots(xs[inside], middle + lifts[inside], row.style, size, "dots faint"))
    parts.append(summary(row, axis, middle))
    return Markup("").join(parts)


def summary(row: Strip, axis: Axis, middle: float) -> Markup:
    """The mean with its interval; an arrow at the edge where they lie outside."""
    if not np.isfinite(row.mean):
        return Markup("")
    mean, low, high = (float(x) for x in axis.at(row.ends))
    if axis.start <= mean <= axis.end:
        caps = low >= axis.start, high <= axis.end
        low, high = (float(x) for x in np.clip([low, high], axis.start, axis.end))
        tick = marks.rule(mean, middle - 8, mean, middle + 8, "mean")
        return marks.bar(low, high, middle, "", caps=caps) + tick
    edge, way = (axis.end, -7) if mean > axis.end else (axis.start, 7)
    arrow = f"M{marks.short(edge + way)} {marks.short(middle - 5)}l{-way} 5l{way} 5"
    return marks.element("path", class_="arrow", d=arrow)
