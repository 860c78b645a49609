"""Learning curves, calibration and responses for print."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from dlfun.objectives.metrics import shown_ends
from dlfun.report.figures.paper import (
    DASHES,
    LINE,
    MARKERS,
    SMALL,
    SOFT,
    Paper,
    colour_of,
    legend_above,
    name_ends,
    sheet,
)
from dlfun.report.html.plots import Series, mean_series
from dlfun.report.html.record import Record, Row, arm_arrays, arms
from dlfun.report.html.results import Group, Line, groups, style_of, swept_names
from dlfun.report.html.units import spoken, unit_of
from dlfun.report.rows import brief
from dlfun.report.styles import dash, shape

HIGH = 0.66
"""Height of a plot over its width."""

MOST = 8
"""Curves of a figure that can be told apart by their names; of more, the best."""

WIDE = 10.0
"""Values that differ by this factor stand on a log scale."""

Made = Iterator[tuple[str, Figure]]
Shown = tuple[Series, str]
"""A curve and its colour."""


def plot(paper: Paper) -> tuple[Figure, Axes, float]:
    """A figure of one plot, its axes, and the height of these in inches, about."""
    height = min(HIGH * paper.width, 3.6)
    figure, (axes,) = sheet(paper, height)
    axes.grid(axis="y", zorder=0)
    axes.set_axisbelow(True)
    return figure, axes, height - 0.5


def curves(record: Record, paper: Paper) -> Made:
    """A figure of every data set: the metric it is judged by, on validation, while training."""
    swept = swept_names(record)
    for group in groups(record):
        name = curve_metric(record, group)
        shown = curves_of(record, group, name) if name else []
        if not shown:
            continue
        figure, axes, height = plot(paper)
        for series, colour in shown:
            draw_curve(axes, series, colour, "-" if swept else DASHES[dash(series.style)])
        axes.margins(x=0)
        axes.set(xlabel="training step", ylabel=unit_of(name).label)
        name_ends(axes, [(float(s.y[-1]), s.label, c) for s, c in shown], height - LINE)
        if len(swept) == 1:
            heading(axes, spoken(swept[0]))
        yield f"curves-{group.dataset}", figure


def heading(axes: Axes, name: str) -> None:
    """What the values at the ends of lines are of, above them."""
    axes.annotate(name, (1.0, 1.0), (0, LINE * 72), xycoords="axes fraction", ha="center",
                  textcoords="offset points", fontsize=SMALL, color=SOFT)  # fmt: skip


def curve_metric(record: Record, group: Group) -> str:
    """The validation metric of a data set's curves; where nothing is held out, that of training."""
    kind = group.metric.partition("_")[2]
    for name in (f"validation_{kind}", f"train_{kind}", "train_loss"):
        if any(f"{group.dataset}/{x.model}/{name}" in record.history for x in group.lines):
            return name
    return ""


def curves_of(record: Record, group: Group, metric: str) -> list[Shown]:
    """A curve an arm; of a sweep one a configuration, coloured in the order of what was swept."""
    swept = swept_names(record)
    shown: list[Shown] = []
    members = {arm: [id(row) for row in rows] for arm, rows in arms(record).items()}
    lines = [x for x in group.lines if f"{x.dataset}/{x.model}/{metric}" in record.history]
    lines = lines[:MOST] if swept else lines
    colours = in_order(lines, swept) if swept else [colour_of(x.style) for x in lines]
    for line, colour in zip(lines, colours, strict=True):
        name, order = f"{line.dataset}/{line.model}", members[line.dataset, line.model]
        runs = np.asarray(record.history[f"{name}/{metric}"], float)
        own = [order.index(id(row)) for row in line.rows]
        if max(own) >= len(runs):
            continue  # a search whose curves are of other members
        steps = np.asarray(record.history[f"{name}/step"], float)
        series = mean_series(label_of(line, swept), line.style, steps, runs[own], 0)
        shown.append((in_unit(series, metric), colour))
    return shown


def in_unit(series: Series, metric: str) -> Series:
    """A series of stored values in shown units, its band no further than the metric goes."""
    factor, (low, high) = unit_of(metric).factor, shown_ends(series.low, series.high, metric)
    return series._replace(y=factor * series.y, low=factor * low, high=factor * high)


def label_of(line: Line, swept: list[str]) -> str:
    """What a curve is called: of one swept name by its value alone, which the others share."""
    return brief(line.rows[0][swept[0]]) if len(swept) == 1 else line.label


def in_order(lines: list[Line], swept: list[str]) -> list[str]:
    """Colours from dark to light in the order of the first swept name."""
    values, _ = placed([line.rows[0] for line in lines], swept[0])
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    scale = colormaps["viridis"]
    shares = 0.85 * ranks / max(len(lines) - 1, 1)
    return [str(to_hex(scale(share))) for share in shares]


def draw_curve(axes: Axes, series: Series, colour: str, line: Any) -> None:
    """A mean with its band."""
    axes.plot(series.x, series.y, color=colour, linestyle=line, zorder=3)
    if series.low is not None and series.high is not None:
        axes.fill_between(series.x, series.low, series.high, color=colour, alpha=0.16, linewidth=0)


def calibration(record: Record, paper: Paper) -> Made:
    """A reliability diagram of every data set."""
    needed = ("calibration_count", "calibration_confidence", "calibration_accuracy")
    found: dict[str, list[tuple[str, np.ndarray, np.ndarray]]] = {}
    for (dataset, model), arrays in arm_arrays(record, "evidence"):
        if all(name in arrays for name in needed):
            count, sure, right = (np.asarray(arrays[name], float) for name in needed)
            kept = count > 0
            found.setdefault(dataset, []).append((model, 100 * sure[kept], 100 * right[kept]))
    for dataset, known in found.items():
        figure, (axes,) = sheet(paper, min(0.92 * paper.width, 4.2))
        axes.plot([0, 100], [0, 100], color=SOFT, linewidth=0.7, dashes=(4, 3), zorder=1)
        for model, sure, right in known:
            style = style_of(record, model)
            axes.plot(
                sure, right, color=colour_of(style), linestyle=DASHES[dash(style)],
                marker=MARKERS[shape(style)], markersize=3.2, label=model, zorder=3,
            )  # fmt: skip
        axes.set(xlim=(0, 101), ylim=(0, 101), xlabel="confidence (%)", ylabel="right (%)")
        axes.grid(zorder=0)
        legend_above(figure, axes, paper.width)
        yield f"calibration-{dataset}", figure


def placed(rows: list[Row], name: str) -> tuple[np.ndarray, list[str]]:
    """Values of a column as numbers; or, where they are names, as places in a list of them."""
    given = [row.get(name, "") for row in rows]
    try:
        return np.array([float(value or "nan") for value in given]), []
    except ValueError:
        kinds = list(dict.fromkeys(given))
        return np.array([float(kinds.index(value)) for value in given]), kinds


def response(record: Record, paper: Paper) -> Made:
    """Of a sweep a figure for each name searched: the scores against its values."""
    names = swept_names(record)
    for group in groups(record) if names else []:
        for name in names:
            values, kinds = placed([line.rows[0] for line in group.lines], name)
            if len(set(values.tolist())) < 2:
                continue
            figure, axes, _ = plot(paper)
            draw_response(axes, group, values)
            if kinds:
                axes.set_xticks(range(len(kinds)), [kind[:14] for kind in kinds])
            elif min(values) > 0 and max(values) / min(values) >= WIDE:
                axes.set_xscale("log")
            axes.set(xlabel=spoken(name), ylabel=group.unit.label)
            yield f"response-{name}-{group.dataset}", figure


def draw_response(axes: Axes, group: Group, values: np.ndarray) -> None:
    """Every run of a configuration as a faint dot, their mean and its interval."""
    factor = group.unit.factor
    for line, value in zip(group.lines, values, strict=True):
        colour, mark = colour_of(line.style), MARKERS[shape(line.style)]
        runs = factor * line.scores[np.isfinite(line.scores)]
        axes.plot([value] * len(runs), runs, linestyle="", marker=mark, color=colour,
                  markersize=2.6, markeredgewidth=0, alpha=0.4)  # fmt: skip
        ends = shown_ends(line.score.low, line.score.high, group.metric)
        reach = np.nan_to_num(np.abs(np.array(ends) - line.score.estimate))[:, None]
        axes.errorbar([value], [factor * line.score.estimate], factor * reach, fmt=mark,
                      color=colour, markersize=4, capsize=2, linewidth=1, zorder=3)  # fmt: skip
