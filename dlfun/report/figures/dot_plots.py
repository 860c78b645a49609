"""Scores and differences for print: every seed a dot, the mean and its interval over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlfun.objectives.metrics import metric as metric_row
from dlfun.objectives.metrics import shown_ends
from dlfun.report.figures.paper import (
    INK,
    LINE,
    MARKERS,
    SMALL,
    SOFT,
    Paper,
    colour_of,
    sheet,
    wrapped,
)
from dlfun.report.html.record import Record, column
from dlfun.report.html.results import Group, Line, groups, scores_of
from dlfun.report.html.strips import Strip, picked
from dlfun.report.styles import shape

MOST = 24
"""Rows of a figure, at most: the best arms, or the first pairs."""

NEAR = 3.0
"""The chance level is drawn where the axis grows by this factor for it, at most."""

LIFT = 0.16
"""Dots leave the middle of their row by so much of its height, at most."""

ROPE = "#00805d"
"""The page's colour of differences that count as none."""

Made = Iterator[tuple[str, Figure]]


def scores(record: Record, paper: Paper) -> Made:
    """A figure of every data set: a row an arm, or a configuration of a sweep; the best above."""
    for group in groups(record):
        rows = [strip_of(line, group) for line in group.lines[:MOST]]
        figure, axes = rows_of(paper, rows, group.unit.label)
        chance = column(group.lines[0].rows, "chance")[0]
        at = group.unit.factor * float(chance)
        if metric_row(group.metric).share and is_near(at, rows):
            level(axes, at, "chance")
        yield f"scores-{group.dataset}", figure


def is_near(value: float, rows: Sequence[Strip]) -> bool:
    """Whether a value lies so near all rows that an axis which holds it still tells them apart."""
    known = np.concatenate([*(row.values for row in rows), *(row.ends for row in rows)])
    known = known[np.isfinite(known)]
    if not len(known) or not np.isfinite(value):
        return False
    low, high = known.min(), known.max()
    return bool(max(high, value) - min(low, value) <= NEAR * max(high - low, 1e-9))


def strip_of(line: Line, group: Group) -> Strip:
    """The row of an arm, in shown units."""
    ends = (line.score.estimate, *shown_ends(line.score.low, line.score.high, group.metric))
    mean, low, high = (group.unit.factor * float(x) for x in ends)
    return Strip(line.label, group.unit.factor * line.scores, line.style, (mean, low, high))


def differences(record: Record, paper: Paper) -> Made:
    """A figure of every data set with verdicts: a row a pair, with its simultaneous interval."""
    for group in groups(record):
        pairs = [pair for pair in record.pairs if pair["dataset"] == group.dataset][:MOST]
        if not pairs:
            continue
        rows = [pair_strip(pair, group) for pair in pairs]
        figure, axes = rows_of(paper, rows, group.unit.difference)
        delta = pairs[0].get("delta")
        if delta:
            rope = group.unit.factor * delta
            axes.axvspan(-rope, rope, color=ROPE, alpha=0.16, linewidth=0, zorder=0)
        axes.axvline(0, color=SOFT, linewidth=0.7, zorder=1)
        yield f"differences-{group.dataset}", figure


def pair_strip(pair: dict[str, Any], group: Group) -> Strip:
    """The row of a pair: its first arm minus its second, seed by seed where these are pairs."""
    unit, lines = group.unit, {line.label: line for line in group.lines}
    sign = unit.factor if unit.higher else -unit.factor
    a, b = (lines.get(pair[name]) for name in ("a", "b"))
    values = np.empty(0)
    if pair.get("paired", True) and pair["unit"] == "runs" and a is not None and b is not None:
        values = sign * paired(a, b, group.metric)
    ends = [np.nan if x is None else unit.factor * x for x in (pair["diff"], *pair["ci"])]
    style = 0 if a is None else a.style
    return Strip(f"{pair['a']} − {pair['b']}", values, style, (ends[0], ends[1], ends[2]))


def paired(a: Line, b: Line, metric: str) -> np.ndarray:
    """Differences of the scores of two arms, replicate by replicate."""
    first, second = (
        dict(zip((row["replicate"] for row in x.rows), scores_of(x.rows, metric), strict=True))
        for x in (a, b)
    )
    return np.array([first[r] - second[r] for r in first if r in second], float)


def rows_of(paper: Paper, rows: Sequence[Strip], label: str) -> tuple[Figure, Axes]:
    """A figure of rows, the first above, over an axis of this name."""
    names = [wrapped(row.label, max(8, int(paper.width * 7))) for row in rows]
    tallest = max(name.count("\n") + 1 for name in names)
    figure, (axes,) = sheet(paper, (0.11 + LINE * tallest) * len(rows) + 0.5)
    axes.set_yticks(range(len(rows)), names)
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlabel=label)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", zorder=0)
    axes.set_axisbelow(True)
    for place, row in enumerate(rows):
        draw_row(axes, row, place)
    return figure, axes


def draw_row(axes: Axes, row: Strip, place: int) -> None:
    """Dots of a row, its mean as an upright tick, its interval with caps."""
    values = picked(row.values)
    lifts = ((np.arange(len(values)) * 0.6180339887) % 1 - 0.5) * 2 * LIFT
    size = 3.0 if len(values) <= 60 else 2.0
    axes.plot(
        values, place + lifts, linestyle="", marker=MARKERS[shape(row.style)], markersize=size,
        color=colour_of(row.style), markeredgewidth=0, alpha=0.65, zorder=2,
    )  # fmt: skip
    mean, low, high = row.ends
    if np.isfinite(low) and np.isfinite(high):
        axes.plot([low, high], [place, place], color=INK, linewidth=0.9, zorder=3)
        axes.plot([low, high], [place] * 2, "|", color=INK, markersize=4, markeredgewidth=0.9,
                  zorder=3)  # fmt: skip
    if np.isfinite(mean):
        axes.plot([mean], [place], "|", color=INK, markersize=8, markeredgewidth=1.4, zorder=3)


def level(axes: Axes, value: float, name: str) -> None:
    """An upright line at a value, with its name above the rows."""
    axes.axvline(value, color=SOFT, linewidth=0.7, dashes=(4, 3), zorder=1)
    axes.annotate(
        name, (value, 1.0), (0, 1.5), xycoords=("data", "axes fraction"),
        textcoords="offset points", ha="center", va="bottom", fontsize=SMALL, color=SOFT,
    )  # fmt: skip
