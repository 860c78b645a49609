"""How the score responds to each searched value: slices, and all values at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from dlfun.report.html import marks, plots
from dlfun.report.html.axes import Axis, spanning, ticks
from dlfun.report.html.blocks import Block, Figure, Table, table
from dlfun.report.html.plots import HEIGHT, WIDTH, Series
from dlfun.report.html.record import Record, Row
from dlfun.report.html.results import groups, style_of, swept_names
from dlfun.report.html.sections.tuning import KNOWN, by_arm, metric_of, trials
from dlfun.report.html.units import Unit, better, unit_of

WIDE = 10.0
"""Values that differ by this factor stand on a log scale."""


class Tried(NamedTuple):
    """Configurations of an arm with their scores as stored."""

    label: str
    style: int
    metric: str
    names: list[str]
    rows: list[Row]
    scores: np.ndarray
    chosen: np.ndarray


def response(record: Record) -> list[Block]:
    """The figures of a sweep, or of the tuning of each arm."""
    found = [*of_sweep(record), *of_tuning(record)]
    blocks: list[Block] = []
    for tried in found:
        blocks += [piece(tried, name) for name in tried.names]
        if len(tried.names) > 2:
            blocks.append(parallel(tried))
    return blocks


def varied(names: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """The names that have more than one value."""
    return [name for name in names if len({row.get(name, "") for row in rows} - {""}) > 1]


def of_sweep(record: Record) -> list[Tried]:
    """The configurations of a sweep."""
    names = swept_names(record)
    if not names:
        return []
    found = []
    for group in groups(record):
        rows = [line.rows[0] for line in group.lines]
        means = np.array([line.score.estimate for line in group.lines])
        label = f"{group.lines[0].model} on {group.dataset}"
        none = np.zeros(len(rows), bool)
        found.append(Tried(label, 0, group.metric, varied(names, rows), rows, means, none))
    return found


def of_tuning(record: Record) -> list[Tried]:
    """The trials of each arm that was tuned."""
    found = []
    for (dataset, model), rows in by_arm(record).items():
        metric = metric_of(rows)
        done = trials(rows, metric)
        names = [n for n in rows[0] if n not in KNOWN and not n.startswith("validation_")]
        found.append(
            Tried(
                f"{model} on {dataset}",
                style_of(record, model),
                metric,
                varied(names, rows),
                [t.row for t in done],
                np.array([t.score for t in done]),
                np.array([t.chosen for t in done]),
            )
        )
    return found


def placed(rows: Sequence[Row], name: str) -> tuple[np.ndarray, list[str]]:
    """Values as numbers; or, where they are names, as places in a list of them."""
    given = [row.get(name, "") for row in rows]
    try:
        return np.array([float(v or "nan") for v in given]), []
    except ValueError:
        kinds = sorted(set(given))
        return np.array([float(kinds.index(v)) for v in given]), kinds


def is_log(values: np.ndarray) -> bool:
    """Whether values are better told apart by their logarithm."""
    kept = values[np.isfinite(values)]
    return bool(len(kept) and kept.min() > 0 and kept.max() / kept.min() >= WIDE)


def piece(tried: Tried, name: str) -> Figure:
    """The score of every configuration against one of its values."""
    unit = unit_of(tried.metric)
    values, kinds = placed(tried.rows, name)
    series = [Series("trial", tried.style, values, unit.factor * tried.scores)]
    scale = "" if kinds or not is_log(values) else ", log scale"
    label = f"{name.replace('_', ' ')}{scale}"
    axes = plots.plane(series, label, unit.label, log_x=bool(scale))
    finding = found(tried, name, values, kinds, unit)
    return Figure(
        f"{name.replace('_', ' ').capitalize()}: {tried.label}",
        finding,
        slice_drawing(series[0], tried.chosen, axes, kinds, finding),
        numbers(tried),
        f"A dot a configuration, its mean over seeds. {better(tried.metric).capitalize()}."
        + (" Ringed: the one chosen." if tried.chosen.any() else ""),
    )


def found(tried: Tried, name: str, values: np.ndarray, kinds: list[str], unit: Unit) -> str:
    """Where the best configuration lies."""
    known = np.where(np.isfinite(tried.scores), tried.scores, -np.inf if unit.higher else np.inf)
    best = int(known.argmax() if unit.higher else known.argmin())
    where = kinds[int(values[best])] if kinds else f"{values[best]:.3g}"
    return (
        f"{unit.name} against {name.replace('_', ' ')} of {tried.label}: the best of "
        f"{len(values)} configurations, {unit.whole(tried.scores[best])}, is at {where}"
    )


def slice_drawing(
    series: Series, chosen: np.ndarray, axes: plots.Plane, kinds: list[str], finding: str
) -> Markup:
    """Dots, with a ring around the chosen one; names of values in the place of ticks."""
    xs, ys = axes.x.at(series.x), axes.y.at(series.y)
    over = [marks.dots(xs[chosen], ys[chosen], 0, 8, "ring")]
    if not kinds:
        return plots.scatter([series], axes, finding, over, size=4)
    parts = [
        marks.words(float(axes.x.at(i)), axes.y.start + 18, kind[:14], "tick", "middle")
        for i, kind in enumerate(kinds)
    ]
    return plots.scatter([series], axes._replace(x_label=axes.x_label), finding, over + parts, 4)


def numbers(tried: Tried) -> Table:
    """All configurations, best first."""
    unit = unit_of(tried.metric)
    order = np.argsort(-tried.scores if unit.higher else tried.scores)
    rows = [
        [
            *(tried.rows[i].get(name, "") for name in tried.names),
            float(unit.factor * tried.scores[i]),
            "chosen" if tried.chosen[i] else "",
        ]
        for i in order
    ]
    return table([*tried.names, unit.label, ""], rows, f"Configurations of {tried.label}")


def parallel(tried: Tried) -> Figure:
    """All values of every configuration at once: a line each, the better the darker."""
    unit = unit_of(tried.metric)
    names = [*tried.names, "score"]
    columns = [placed(tried.rows, name) for name in tried.names]
    columns.append((unit.factor * tried.scores, []))
    places = np.linspace(34, WIDTH - 34, len(names))
    axes = [
        spanning(values, HEIGHT - 34, 40, not kinds and is_log(values), 0.02)
        for values, kinds in columns
    ]
    heights = np.stack([a.at(v) for a, (v, _) in zip(axes, columns, strict=True)], axis=1)
    finding = (
        f"All searched values of {tried.label} at once; the best configurations have "
        + best_values(tried, unit)
    )
    parts = [threads(places, heights, tried.scores, unit.higher)]
    for k, (name, axis, (_, kinds)) in enumerate(zip(names, axes, columns, strict=True)):
        shown = unit.label if k == len(names) - 1 else name.replace("_", " ")
        parts.append(post(float(places[k]), axis, shown, kinds, k % 2 == 1))
    return Figure(
        f"All values at once: {tried.label}",
        finding,
        marks.drawing(WIDTH, HEIGHT, finding, *parts),
        numbers(tried),
        "A line a configuration; the better its score, the stronger the line.",
    )


def best_values(tried: Tried, unit: Unit) -> str:
    """What the best configuration is."""
    known = np.where(np.isfinite(tried.scores), tried.scores, -np.inf if unit.higher else np.inf)
    row = tried.rows[int(known.argmax() if unit.higher else known.argmin())]
    return ", ".join(f"{name.replace('_', ' ')} {row.get(name, '')}" for name in tried.names)


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
    parts = [marks.rule(x, axis.start, x, axis.end, "axis")]
    parts += [marks.words(x + 4, float(axis.at(v)) + 4, text, "tick halo") for v, text in marked]
    parts.append(marks.words(x, 30 if lower else 14, name, "label", "middle"))
    return Markup("").join(parts)
