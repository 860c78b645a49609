"""Validation curves of a sweep: a line with its band for each configuration, coloured by value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape

from dlfun.report.html import marks, plots
from dlfun.report.html.arm_curves import SweptCurves, swept_curves
from dlfun.report.html.axes import spanning
from dlfun.report.html.blocks import Figure, Table, table
from dlfun.report.html.examples import evenly
from dlfun.report.html.plots import Plane, Series
from dlfun.report.html.record import Arm, Record, arms
from dlfun.report.html.results import swept_names
from dlfun.report.html.small_multiples import area, sample
from dlfun.report.html.units import better, first_upper, unit_of
from dlfun.report.rows import run_of
from dlfun.report.sweeps import FEW, is_log, numbers_of, varied
from dlfun.words import listed, plural, spoken

POINTS = 120
"""Points of a line that are drawn, at most."""

RUNS = 20
"""Single runs of a configuration that can be shown, at most."""


def swept_panel(record: Record, arm: Arm, metric: str) -> Figure | None:
    """One metric of the configurations of an arm while they trained; None where it is unknown."""
    found = swept_curves(record, arm)
    if not found or metric not in found[0].curves.history:
        return None
    unit, (dataset, model) = unit_of(metric), arm
    few = len(found) <= FEW
    series = [mean_of(one, metric, RUNS if few else 0) for one in found]
    means = np.concatenate([s.y for s in series])
    y = spanning(means, plots.HEIGHT - plots.BOTTOM, plots.TOP, pad=0.08)
    axes = plots.plane(series, "training step", unit.label)._replace(y=y)
    named = in_legend(found)
    names = [spoken(name) for name in varied(swept_names(record), arms(record)[arm])]
    finding = f"{unit.name} of {model} on {dataset} at the last step, by {listed(names)}: "
    finding += "; ".join(
        f"{found[i].curves.label} {unit.text(float(series[i].y[-1]) / unit.factor)}" for i in named
    )
    drawing = legend(found, series, named, heading(record, arm, few))
    return Figure(
        f"{first_upper(unit.name)} of {model} on {dataset}, by {listed(names)}",
        finding,
        drawing + drawn(found, series, axes, finding),
        numbers([series[i] for i in named], unit.label),
        caption(record, metric, few, len(found) - len(named)),
    )


def in_legend(found: Sequence[SweptCurves]) -> list[int]:
    """Those with a name of their own, best first; where all have a colour, all by value."""
    if len(found) <= FEW:
        return list(range(len(found)))
    named = [i for i, one in enumerate(found) if one.named]
    return sorted(named, key=lambda i: found[i].configuration.rank or 0)


def mean_of(one: SweptCurves, metric: str, runs: int) -> Series:
    """The curve of a configuration in shown units, with so many single runs."""
    curves = one.curves
    values = unit_of(metric).factor * curves.history[metric]
    return plots.mean_series(curves.label, 0, curves.steps, values, runs)


def heading(record: Record, arm: Arm, few: bool) -> str:
    """What stands before the values of a legend: the name of what was swept, and its scale."""
    rows = arms(record)[arm]
    names = varied(swept_names(record), rows)
    if len(names) != 1:
        return ""
    values = numbers_of([row[names[0]] for row in rows])
    log = few and values is not None and is_log(values)
    return spoken(names[0]) + (" (colours: log scale)" if log else "")


def legend(
    found: Sequence[SweptCurves], series: Sequence[Series], named: Sequence[int], above: str
) -> Markup:
    """The values of configurations with their colours, under the name of what was swept."""
    entries = [marks.element("li", marks.element("span", escape(f"{above}:")))] if above else []
    for i in named:
        one, runs = found[i], series[i].runs
        values = one.configuration.label
        text = f"{one.named}: {values}" if one.named else values
        label = sample(f"line {one.curves.look}") + escape(text)
        if runs is not None and len(runs) > 1:
            tick = marks.element("input", type="checkbox", data_runs=i)
            entries.append(marks.element("li", marks.element("label", tick + label)))
        else:
            entries.append(marks.element("li", marks.element("span", label)))
    return marks.element("ul", Markup("").join(entries), class_="keys")


def drawn(
    found: Sequence[SweptCurves], series: Sequence[Series], axes: Plane, finding: str
) -> Markup:
    """Bands of a few below lines, grey lines below coloured ones; single runs hidden at first."""
    few = len(found) <= FEW
    parts = [plots.frame(axes)]
    for s, one in zip(series, found, strict=True):
        if few and s.low is not None and s.high is not None:
            low, high = (np.clip(end, axes.y.low, axes.y.high) for end in (s.low, s.high))
            look = f"band {one.curves.look}"
            parts.append(area(look, axes.x.at(s.x), axes.y.at(low), axes.y.at(high)))
    for i in sorted(range(len(found)), key=lambda i: (bool(found[i].named), i)):
        s, look = series[i], found[i].curves.look
        if s.runs is not None and len(s.runs) > 1:
            inside = np.clip(s.runs, axes.y.low, axes.y.high)
            lines = "".join(marks.path(axes.x.at(s.x), axes.y.at(run)) for run in inside)
            parts.append(marks.element("path", class_=f"runs r{i} {look}", d=lines))
        kept = evenly(len(s.x), POINTS)
        line = marks.path(axes.x.at(s.x[kept]), axes.y.at(s.y[kept]))
        parts.append(marks.element("path", class_=f"line {look}", d=line))
    return marks.drawing(plots.WIDTH, plots.HEIGHT, finding, *parts)


def caption(record: Record, metric: str, few: bool, others: int) -> str:
    """How the lines are read."""
    line = f"A line a configuration: its mean over {run_of(record.rows)}s"
    direction = first_upper(better(metric))
    if few:
        band = "the band is its pointwise 95 % t interval, cut where the plot ends"
        return f"{line}; {band}. {direction}. Tick a value to see its single runs."
    return (
        f"{line}. {direction}. In colour: the best by the mean at the last step, those that came "
        f"farthest first, the median and the worst; {plural(others, 'other')} in grey."
    )


def numbers(series: Sequence[Series], unit: str) -> Table:
    """The curves of some configurations as numbers, thinned if they are long."""
    rows = [
        [s.label, int(x), y, low, high]
        for s in series
        for x, y, low, high in plots.points(s, evenly(len(s.x), 30))
    ]
    return table(
        ["configuration", "step", f"mean {unit}", "low", "high"], rows, "Curves of configurations"
    )
