"""Learning curves of a record as one picture: training and validation, a row a data set."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlfun.objectives.metrics import judging, parts, shown_ends, words
from dlfun.objectives.metrics import metric as metric_row
from dlfun.records.reader import read_rows
from dlfun.report import styles
from dlfun.report.rows import run_of, text
from dlfun.report.sweeps import FEW, configurations, highlighted, is_log, numbers_of, varied
from dlfun.stats import t_interval
from dlfun.words import listed, plural, spoken

WIDE, HIGH = 7.0, 3.0
"""Inches of two panels side by side, and of one of them."""

ROWS = 24
"""Data sets that are drawn, at most."""

GREY = "0.65"
LAST = 0.82
"""The end of the scale of colours that is dark enough on white."""

LONG, LINE = 24, 0.2
"""Characters of a label from which on legends stand outside, and inches of a line of one."""

RATIO = 50.0
"""Losses whose means differ by this factor stand on a log scale."""


class Curve(NamedTuple):
    """The runs of an arm or a configuration, and how they are drawn; without a label in grey."""

    arm: str
    members: np.ndarray | slice
    colour: Any
    label: str
    band: bool = True


def curves_figure(folder: Path, swept: Sequence[str]) -> Figure:
    """The figure of a record: of each data set what arms are judged by, and their loss.

    Args:
      swept: the names that a sweep searched; its configurations then have a curve each.
    """
    with np.load(folder / "history.npz") as history:
        arrays = {name: history[name] for name in history.files}
    arms = [name.removesuffix("/step") for name in arrays if name.endswith("/step")]
    looks = styles.styles(arm.rpartition("/")[2] for arm in arms)
    rows = read_rows(folder) if swept else []
    curves, heading = {}, ""
    for arm in arms:
        own = [row for row in rows if f"{row['dataset']}/{row['model']}" == arm]
        model = arm.rpartition("/")[2]
        curves[arm] = [Curve(arm, slice(None), styles.colour(looks[model]).light, model)]
        if own:
            curves[arm], heading = configuration_curves(arm, own, swept)
    every = list(dict.fromkeys(arm.rpartition("/")[0] for arm in arms))
    shown = {arm: own for arm, own in curves.items() if arm.rpartition("/")[0] in every[:ROWS]}
    figure = drawn(arrays, shown, heading)
    band = ", band: pointwise 95 % t interval" if all(c[-1].band for c in curves.values()) else ""
    said = f"mean over {run_of(rows)}s{band}\nline: validation, dashes: training, under its dropout"
    left = plural(len(every) - ROWS, "more data set") if len(every) > ROWS else ""
    figure.suptitle(said + (f"\n{left} in history.npz" if left else ""), fontsize="small")
    return figure


def configuration_curves(
    arm: str, rows: Sequence[Mapping[str, Any]], swept: Sequence[str]
) -> tuple[list[Curve], str]:
    """A curve for each configuration, grey ones first, and the heading of their legend."""
    colours = [colour.light for colour in styles.COLOURS]
    found, names = configurations(rows, swept), varied(swept, rows) or list(swept[:1])
    heading = spoken(names[0]) if len(names) == 1 else ""  # of several, labels have the names
    if len(found) > FEW:
        named = highlighted(found)
        order = sorted(named, key=lambda i: found[i].rank or 0)
        grey = [
            Curve(arm, c.members, GREY, "", False) for i, c in enumerate(found) if i not in named
        ]
        labels = [f"{named[i]}: {found[i].label}" for i in order]
        return [
            *grey,
            *(
                Curve(arm, found[i].members, colour, label, False)
                for i, colour, label in zip(order, itertools.cycle(colours), labels, strict=False)
            ),
        ], heading
    scale = matplotlib.colormaps["plasma"]
    values = numbers_of([text(row[names[0]]) for row in rows]) if heading else None
    if values is not None and is_log(values):
        heading += " (colours: log scale)"
    ordered = [scale(LAST * c.place) if np.isfinite(c.place) else None for c in found]
    return [
        Curve(arm, c.members, colour or colours[i % len(colours)], c.label)
        for i, (c, colour) in enumerate(zip(found, ordered, strict=True))
    ], heading


def metrics_of(arrays: Mapping[str, np.ndarray], arm: str) -> list[str]:
    """What is drawn of an arm, without the split: what it is judged by, and its loss."""
    own = {name.removeprefix(f"{arm}/") for name in arrays if name.startswith(f"{arm}/")}
    judged = parts(judging(own, "validation"))[1]
    by_words = {
        words(metric): metric
        for metric in ("loss", judged)
        if f"train_{metric}" in own or f"validation_{metric}" in own
    }
    return list(by_words.values())[::-1]


def drawn(
    arrays: Mapping[str, np.ndarray], curves: Mapping[str, Sequence[Curve]], heading: str
) -> Figure:
    """All panels: a row a data set, a column a metric."""
    rows: dict[str, dict[str, list[str]]] = {}
    for arm in curves:
        for metric in metrics_of(arrays, arm):
            rows.setdefault(arm.rpartition("/")[0], {}).setdefault(metric, []).append(arm)
    columns = max(map(len, rows.values()), default=1)
    size = (WIDE * max(columns, 2) / 2, HIGH * max(len(rows), 1) + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    all_axes = figure.subplots(max(len(rows), 1), columns, squeeze=False)
    for (dataset, by_metric), own_axes in zip(rows.items(), all_axes, strict=False):
        for axes in own_axes[len(by_metric) :]:
            axes.set_axis_off()
        for axes, (metric, arms) in zip(own_axes, by_metric.items(), strict=False):
            panel(axes, arrays, [c for arm in arms for c in curves[arm]], metric)
            models = listed([arm.rpartition("/")[2] for arm in arms])
            axes.set(title=f"{models} on {dataset}" if len(arms) == 1 else dataset, xlabel="step")
        legend(figure, own_axes[0], heading)
    return figure


def panel(
    axes: Axes, arrays: Mapping[str, np.ndarray], curves: Sequence[Curve], metric: str
) -> None:
    """One metric of some curves: validation as lines with bands, training dashed."""
    row, means = metric_row(metric), []
    for curve in curves:
        held_out, train = (f"{curve.arm}/{split}_{metric}" for split in ("validation", "train"))
        steps, look = arrays[f"{curve.arm}/step"], {"color": curve.colour}
        if train in arrays and curve.label:
            label = "" if held_out in arrays else curve.label
            values = row.factor * np.asarray(arrays[train], float)[curve.members]
            middle = mean_of(values)
            axes.plot(steps, middle, "--", label=label, linewidth=1, alpha=0.7, **look)
            means.append(middle)
        if held_out in arrays:
            values = row.factor * np.asarray(arrays[held_out], float)[curve.members]
            middle = mean_of(values)
            axes.plot(
                steps, middle, label=curve.label, linewidth=1.6 if curve.label else 0.7, **look
            )
            means.append(middle)
            if curve.band:
                spans = [t_interval(column) for column in values.T]
                lows, highs = (np.array([s[k] for s in spans]) / row.factor for k in (1, 2))
                low, high = (row.factor * end for end in shown_ends(lows, highs, metric))
                axes.fill_between(steps, low, high, alpha=0.15, linewidth=0, **look)
    limit(axes, np.concatenate([*means, []]), row.share)
    axes.set(ylabel=f"{words(metric)} ({row.unit})" if len(row.unit) == 1 else words(metric))
    axes.grid(alpha=0.3)


def mean_of(values: np.ndarray) -> np.ndarray:
    """The mean of the runs [runs, intervals] that are finite; NaN where none is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(0)
    return np.where(known.any(0), total / np.maximum(known.sum(0), 1), np.nan)


def limit(axes: Axes, means: np.ndarray, share: bool) -> None:
    """An axis that holds the means; bands end with it. Losses far apart are on a log scale."""
    means = means[np.isfinite(means)]
    if not len(means) or means.min() == means.max():
        return
    if not share and means.min() > 0 and means.max() / means.min() > RATIO:
        axes.set_yscale("log")
        axes.set_ylim(means.min() / 1.2, means.max() * 1.2)
    else:
        room = 0.08 * (means.max() - means.min())
        axes.set_ylim(means.min() - room, means.max() + room)


def legend(figure: Figure, axes: Axes, heading: str) -> None:
    """The labels of the curves, under what was swept; below all panels where they are long."""
    lines, labels = axes.get_legend_handles_labels()
    if not labels or figure.legends:
        return
    if max(map(len, labels)) > LONG:
        width, height = figure.get_size_inches()
        figure.set_size_inches(width, height + LINE * len(labels))
        figure.legend(lines, labels, loc="outside lower center", frameon=False, fontsize="small")
    else:
        axes.legend(
            frameon=False, fontsize="x-small", title=heading or None, title_fontsize="x-small"
        )
