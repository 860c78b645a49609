"""Plots of one number against another: lines with bands, and points with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from scipy import stats

from dlfun.objectives import metrics
from dlfun.report.html import marks
from dlfun.report.html.axes import Axis, spanning, ticks
from dlfun.report.html.blocks import Key

WIDTH, HEIGHT = 420.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 16.0, 30.0, 48.0


class Series(NamedTuple):
    """What a plot shows in one style, all [points], in shown units.

    Attributes:
      low, high: ends of an interval or a band around y; None where there is none.
      runs: [runs, points], single runs behind a mean; None where there are none.
    """

    label: str
    style: int
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    runs: np.ndarray | None = None


class Plane(NamedTuple):
    """The two axes of a plot; `names` stand at 0, 1, ... of x in the place of numbers.

    `taken` are the lines that words are to keep clear of: their x and y.
    """

    x: Axis
    y: Axis
    x_label: str
    y_label: str
    names: tuple[str, ...] = ()
    taken: tuple[tuple[np.ndarray, np.ndarray], ...] = ()


def mean_series(label: str, style: int, x: np.ndarray, runs: np.ndarray, most: int) -> Series:
    """The mean over runs [runs, points] with its pointwise 95 % t band.

    `most` single runs are kept to be shown; runs that are not finite at a point are left out there.
    """
    known = np.isfinite(runs)
    n = known.sum(0)
    filled = np.where(known, runs, 0.0)
    mean = np.where(n > 0, filled.sum(0) / np.maximum(n, 1), np.nan)
    spread = (np.where(known, runs - mean, 0.0) ** 2).sum(0) / np.maximum(n - 1, 1)
    half = stats.t.ppf(0.975, np.maximum(n - 1, 1)) * np.sqrt(spread / np.maximum(n, 1))
    half = np.where(n > 1, half, np.nan)
    shown = runs[np.linspace(0, len(runs) - 1, min(most, len(runs))).round().astype(int)]
    return Series(label, style, x, mean, mean - half, mean + half, shown)


def within(series: Series, metric: str) -> Series:
    """A series of means in shown units, its band no further than the metric goes."""
    factor = metrics.metric(metric).factor
    if series.low is None or series.high is None:
        return series
    low, high = metrics.shown_ends(series.low / factor, series.high / factor, metric)
    return series._replace(low=factor * low, high=factor * high)


def points(
    series: Series, kept: np.ndarray | slice = slice(None)
) -> list[tuple[float, float, float, float]]:
    """x, y and the ends of the interval of points, those `kept`; NaN where there is none."""
    none = np.full(len(series.x), np.nan)
    low = none if series.low is None else series.low
    high = none if series.high is None else series.high
    columns = (part[kept].tolist() for part in (series.x, series.y, low, high))
    return list(zip(*columns, strict=True))


def keys_of(series: Sequence[Series], line: bool = True, mark: bool = False) -> list[Key]:
    """The legend of series: their lines, their markers, or both."""
    counts = [0 if s.runs is None else len(s.runs) for s in series]
    return [
        Key(s.label, s.style, n, line, mark or not line)
        for s, n in zip(series, counts, strict=True)
    ]


def plane(
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    log_x: bool = False,
    bands: bool = True,
) -> Plane:
    """Axes that hold all series, and their bands unless these may leave the plot."""
    xs = np.concatenate([s.x for s in series])
    parts = [(s.y, s.low, s.high) if bands else (s.y,) for s in series]
    ends = [part for own in parts for part in own if part is not None]
    return Plane(
        spanning(xs, LEFT, WIDTH - RIGHT, log_x, 0.02 if log_x else 0.03),
        spanning(np.concatenate(ends), HEIGHT - BOTTOM, TOP, False, 0.05 if bands else 0.25),
        x_label,
        y_label,
        taken=tuple((s.x, s.y) for s in series),
    )


def named(axes: Plane, names: Sequence[str]) -> Plane:
    """The axes with names along x, and room at both ends."""
    x = Axis(-0.5, len(names) - 0.5, axes.x.start, axes.x.end)
    return axes._replace(x=x, names=tuple(name[:14] for name in names))


def frame(axes: Plane) -> Markup:
    """Grid, ticks and the names of both axes; that of y stands above its numbers."""
    x, y = axes.x, axes.y
    parts = []
    for value, text in ticks(y):
        place = float(y.at(value))
        parts.append(marks.rule(x.start, place, x.end, place, "grid"))
        parts.append(marks.words(x.start - 7, place + 4.5, text, "tick", "end"))
    marked = list(enumerate(axes.names)) if axes.names else ticks(x, 6)
    for value, text in spaced(marked, x):
        place = float(x.at(value))
        parts.append(marks.rule(place, y.start, place, y.start + 4, "axis"))
        parts.append(marks.words(place, y.start + 20, text, "tick", "middle"))
    parts.append(marks.rule(x.start, y.start, x.end, y.start, "axis"))
    parts.append(marks.words(2, 14, axes.y_label, "label"))
    parts.append(marks.words((x.start + x.end) / 2, HEIGHT - 6, axes.x_label, "label", "middle"))
    return Markup("").join(parts)


def spaced(marked: Sequence[tuple[float, str]], axis: Axis) -> list[tuple[float, str]]:
    """Ticks whose texts do not touch one another, nor leave the drawing."""
    kept: list[tuple[float, str]] = []
    edge = -np.inf
    for value, text in marked:
        place, half = float(axis.at(value)), 3.8 * len(text) + 3
        if place - half >= edge and place + half <= WIDTH + 8:
            kept.append((value, text))
            edge = place + half
    return kept


def level(axes: Plane, value: float, label: str) -> Markup:
    """A line across at a value of y, such as chance, with its name."""
    if not (np.isfinite(value) and axes.y.low <= value <= axes.y.high):
        return Markup("")
    place = float(axes.y.at(value))
    x, y, anchor = clear_place(axes, place, 7.2 * len(label))
    return marks.rule(axes.x.start, place, axes.x.end, place, "mark") + marks.words(
        x, y, label, "aside", anchor
    )


def clear_place(axes: Plane, place: float, width: float) -> tuple[float, float, str | None]:
    """Where words on a level at `place` stand: at an end of it, above or below, clear of lines.

    Where no place is clear, it is the one that the fewest points of lines run through.
    """
    start, end = axes.x.start, axes.x.end
    spots: list[tuple[float, float, str | None]] = [
        (end, place - 4, "end"),
        (start + 4, place - 4, None),
        (end, place + 13, "end"),
        (start + 4, place + 13, None),
    ]
    inside = [spot for spot in spots if axes.y.end < spot[1] - 10 and spot[1] < axes.y.start]

    def crossed(spot: tuple[float, float, str | None]) -> int:
        left = spot[0] - width if spot[2] else spot[0]
        xs = np.linspace(left, left + width, 16)
        heights = [on_line(axes, xs, *line) for line in axes.taken]
        return sum(int(((spot[1] - 13 < ys) & (ys < spot[1] + 3)).sum()) for ys in heights)

    return min(inside or spots, key=crossed)


def on_line(axes: Plane, places: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where a line stands over places of x, in units of the drawing; NaN beside its ends."""
    with np.errstate(invalid="ignore", divide="ignore"):
        xs, ys = axes.x.at(x), axes.y.at(y)
    known = np.isfinite(xs) & np.isfinite(ys)
    if not known.any():
        return np.full(len(places), np.nan)
    order = np.argsort(xs[known], kind="stable")
    at = xs[known][order], ys[known][order]
    return np.interp(places, *at, left=np.nan, right=np.nan)


def curves(
    series: Sequence[Series],
    axes: Plane,
    finding: str,
    over: Sequence[Markup] = (),
    points: bool = False,
) -> Markup:
    """Lines with their bands; single runs are there, and not shown until they are asked for."""
    parts = [frame(axes), *over]
    places = [axes.x.at(s.x) for s in series]
    for s, xs in zip(series, places, strict=True):
        if s.low is not None and s.high is not None:
            low, high = (np.clip(end, axes.y.low, axes.y.high) for end in (s.low, s.high))
            parts.append(marks.band(xs, axes.y.at(low), axes.y.at(high), s.style))
    for k, (s, xs) in enumerate(zip(series, places, strict=True)):
        if s.runs is not None:
            parts.append(single(s, xs, axes.y, k))
        parts.append(marks.line(xs, axes.y.at(s.y), s.style))
        if points:
            parts.append(marks.dots(xs, axes.y.at(s.y), s.style, 3.5))
    return marks.drawing(WIDTH, HEIGHT, finding, *parts)


def single(series: Series, xs: np.ndarray, y: Axis, number: int) -> Markup:
    """The single runs of a series, a thin line each, hidden at first."""
    assert series.runs is not None
    every = -(-len(xs) // 60)
    inside = np.clip(series.runs, y.low, y.high)[:, ::every]
    lines = "".join(marks.path(xs[::every], y.at(run)) for run in inside)
    return marks.element("path", class_=f"runs r{number} {marks.style(series.style)}", d=lines)


def scatter(
    series: Sequence[Series],
    axes: Plane,
    finding: str,
    over: Sequence[Markup] = (),
    size: float = 5.0,
) -> Markup:
    """Points, with upright intervals where they have one."""
    parts = [frame(axes), *over]
    for s in series:
        xs, ys = axes.x.at(s.x), axes.y.at(s.y)
        if s.low is not None and s.high is not None:
            ends = zip(axes.y.at(s.low), axes.y.at(s.high), xs, strict=True)
            parts += [marks.bar(a, b, x, marks.style(s.style), upright=True) for a, b, x in ends]
        parts.append(marks.dots(xs, ys, s.style, size, "dots" if size >= 4 else "dots faint"))
    return marks.drawing(WIDTH, HEIGHT, finding, *parts)
