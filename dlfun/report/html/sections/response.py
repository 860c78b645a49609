"""The section on searches: the score against each searched value, and all values at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from dlfun.report.html import marks, plots
from dlfun.report.html.axes import Axis, spanning, ticks
from dlfun.report.html.blocks import Block, Figure, Table, table
from dlfun.report.html.plots import HEIGHT, WIDTH, Series
from dlfun.report.html.record import Record
from dlfun.report.html.sections.tried import Tried, of_sweep, of_tuning, placed
from dlfun.report.html.units import better, first_upper, spoken, unit_of
from dlfun.report.sweeps import is_log

BARS = 30
"""Configurations whose intervals are drawn, at most, of so many runs at least."""

RUNS = 3


def response(record: Record) -> list[Block]:
    """The figures of a sweep, or of the tuning of all arms of each data set."""
    swept = of_sweep(record)
    by_metric: dict[tuple[str, str], list[Tried]] = {}
    for tried in [*swept, *of_tuning(record)]:
        by_metric.setdefault((tried.dataset, tried.metric), []).append(tried)
    blocks: list[Block] = []
    for found in by_metric.values():
        names = dict.fromkeys(name for tried in found for name in tried.names)
        blocks += [piece([t for t in found if name in t.names], name) for name in names]
    return blocks + [parallel(tried) for tried in swept if len(tried.names) > 1]


def piece(found: Sequence[Tried], name: str) -> Figure:
    """The score of every configuration of some arms against one of their values."""
    unit, dataset = unit_of(found[0].metric), found[0].dataset
    values, kinds = placed([row for tried in found for row in tried.rows], name)
    own = np.split(values, np.cumsum([len(tried.rows) for tried in found])[:-1])
    series = [
        Series(t.model, t.style, v, unit.factor * t.scores, *ends_of(t))
        for t, v in zip(found, own, strict=True)
    ]
    log = not kinds and is_log(values)
    label = spoken(name) + (", log scale" if log else "")
    axes = plots.plane(series, label, unit.label, log_x=log)
    axes = plots.named(axes, kinds) if kinds else axes
    finding = f"{unit.name} on {dataset} against {spoken(name)}: " + "; ".join(
        best_at(tried, name) for tried in found
    )
    rings = [ring(axes, s, t.chosen) for s, t in zip(series, found, strict=True)]
    return Figure(
        f"{first_upper(spoken(name))}, {dataset}",
        finding,
        plots.scatter(series, axes, finding, rings, size=3.6),
        numbers(found, name),
        f"A mark a configuration, its mean over seeds{bar_words(series)}. "
        + f"{first_upper(better(found[0].metric))}."
        + (" Ringed: the one chosen." if any(t.chosen.any() for t in found) else "")
        + stopped_words(found),
        plots.keys_of(series, line=False) if len(series) > 1 else (),
    )


def ends_of(tried: Tried) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The ends of the intervals that are drawn, in shown units; NaN where runs are few."""
    if not tried.spans or len(tried.spans) > BARS or all(s.n < RUNS for s in tried.spans):
        return None, None
    factor = unit_of(tried.metric).factor
    kept = [s if s.n >= RUNS else s._replace(low=np.nan, high=np.nan) for s in tried.spans]
    return factor * np.array([s.low for s in kept]), factor * np.array([s.high for s in kept])


def bar_words(series: Sequence[Series]) -> str:
    """What the bars of a figure are, if it has any."""
    return ", bar: 95 % t interval" if any(s.low is not None for s in series) else ""


def stopped_words(found: Sequence[Tried]) -> str:
    """How many configurations a search stopped, whose scores are not those of whole runs."""
    rows = [row for tried in found for row in tried.rows]
    stopped = sum(row["status"] == "stopped" for row in rows)
    if not stopped:
        return ""
    return (
        f" The search stopped {stopped:,} of {len(rows):,} early: their scores are those of then."
    )


def ring(axes: plots.Plane, series: Series, chosen: np.ndarray) -> Markup:
    """A ring around the chosen configuration."""
    xs, ys = axes.x.at(series.x[chosen]), axes.y.at(series.y[chosen])
    return marks.dots(xs, ys, 0, 8, "ring")


def best_of(tried: Tried) -> int:
    """The place of the best configuration."""
    higher = unit_of(tried.metric).higher
    known = np.where(np.isfinite(tried.scores), tried.scores, -np.inf if higher else np.inf)
    return int(known.argmax() if higher else known.argmin())


def best_at(tried: Tried, name: str) -> str:
    """Where the best configuration of an arm lies."""
    i = best_of(tried)
    score = unit_of(tried.metric).whole(tried.scores[i])
    return f"the best {tried.model}, {score}, is at {short(tried.rows[i].get(name, ''))}"


def short(value: str) -> str:
    """A value as it is said: numbers with three digits.

    >>> short("0.0031622"), short("adam")
    ('0.00316', 'adam')
    """
    try:
        return f"{float(value):.3g}"
    except ValueError:
        return value


def numbers(found: Sequence[Tried], name: str) -> Table:
    """The configurations of all arms, best first, with one of their values or with all."""
    unit = unit_of(found[0].metric)
    names = [name] if name else list(dict.fromkeys(n for tried in found for n in tried.names))
    rows = []
    for tried in found:
        order = np.argsort(-tried.scores if unit.higher else tried.scores)
        for i in order:
            values = [tried.rows[i].get(n, "") for n in names]
            score = float(unit.factor * tried.scores[i])
            rows.append([tried.model, *values, score, "chosen" if tried.chosen[i] else ""])
    return table(["arm", *names, unit.label, ""], rows, "Configurations")


def parallel(tried: Tried) -> Figure:
    """All values of every configuration at once: a line each, the better the darker."""
    unit = unit_of(tried.metric)
    names = [*tried.names, unit.name]
    columns = [placed(tried.rows, name) for name in tried.names]
    columns.append((unit.factor * tried.scores, []))
    places = np.linspace(12, WIDTH - 12, len(names))
    axes = [
        spanning(values, HEIGHT - 14, 46, not kinds and is_log(values), 0.02)
        for values, kinds in columns
    ]
    heights = np.stack([a.at(v) for a, (v, _) in zip(axes, columns, strict=True)], axis=1)
    finding = (
        f"All searched values of {tried.model} on {tried.dataset} at once; the best has "
        + best_values(tried)
    )
    parts = [threads(places, heights, tried.scores, unit.higher)]
    for k, (name, axis, (_, kinds)) in enumerate(zip(names, axes, columns, strict=True)):
        parts.append(post(float(places[k]), axis, spoken(name), kinds, k % 2 == 1))
    return Figure(
        f"All values at once, {tried.dataset}",
        finding,
        marks.drawing(WIDTH, HEIGHT, finding, *parts),
        numbers([tried], ""),
        "A line a configuration; the better its score, the stronger the line."
        + stopped_words([tried]),
    )


def best_values(tried: Tried) -> str:
    """What the best configuration is."""
    row = tried.rows[best_of(tried)]
    return ", ".join(f"{spoken(name)} {short(row.get(name, ''))}" for name in tried.names)


def threads(places: np.ndarray, heights: np.ndarray, scores: np.ndarray, higher: bool) -> Markup:
    """The lines, the best last and strongest."""
    known = np.flatnonzero(np.isfinite(scores))
    order = known[np.argsort(scores[known] if higher else -scores[known])]
    top = max(len(order) // 10, 1)
    return Markup("").join(
        marks.element(
            "path",
            class_="thread top" if i >= len(order) - top else "thread",
            opacity=f"{0.15 + 0.6 * (i + 1) / len(order):.2f}",
            d=marks.path(places, heights[k]),
        )
        for i, k in enumerate(order)
    )


def post(x: float, axis: Axis, name: str, kinds: list[str], lower: bool) -> Markup:
    """An upright axis with its ticks; names stand in two lines in turns, not to touch."""
    marked = [(float(i), kind[:12]) for i, kind in enumerate(kinds)] or ticks(axis, 4)
    last = x > WIDTH * 0.8
    side, step = ("end", -5) if last else (None, 5)
    anchor = None if x < WIDTH * 0.2 else "end" if last else "middle"
    at = {None: 4.0, "end": WIDTH - 4, "middle": x}[anchor]
    parts = [marks.rule(x, axis.start, x, axis.end, "axis")]
    parts += [
        marks.words(x + step, float(axis.at(v)) + 4, text, "tick halo", side) for v, text in marked
    ]
    parts.append(marks.words(at, 32 if lower else 14, name, "label", anchor))
    return Markup("").join(parts)
