"""The section on targets: times that arms take to reach one in validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from dlfun.objectives.metrics import metric as metric_row
from dlfun.objectives.metrics import parts
from dlfun.report.html import plots
from dlfun.report.html.blocks import Block, Cell, Figure, Table, Words, cell, table
from dlfun.report.html.plots import Series
from dlfun.report.html.record import Record, arms, column, datasets
from dlfun.report.html.results import judged_by, styles, swept_names
from dlfun.report.html.strips import Strip, strips
from dlfun.report.html.units import NOTHING, Unit, number, unit_of
from dlfun.report.targets import (
    FRACTION,
    Curve,
    Target,
    Times,
    fastest,
    median_of,
    ratio,
    times_to_target,
)
from dlfun.stats import Interval, time_profile
from dlfun.stats.times import FEWEST

MEASURES = {"steps": "steps", "seconds": "seconds of training"}
FACTORS = (1.0, 1.5, 2.0, 3.0, 4.0)
"""Of a profile, those in its table."""


READING = [
    f"The target of a data set is {100 * FRACTION:.0f} % of the way from chance to the mean final "
    "validation score of its best arm. It is made of these results, by a rule that is the same "
    "for every study, so the times describe them and claim nothing. A run that never gets there "
    "has the time ∞ and is counted.",
    "Seconds are a run's share of the training of all runs of its arm; compiling is apart, once "
    "for all of them. Times are known to the interval at which validation is measured.",
]


class Panel(NamedTuple):
    """A data set with its target in a metric."""

    dataset: str
    unit: Unit
    target: Target


def targets(record: Record) -> list[Block]:
    """A figure and a table for each data set, and profiles over them where they are many."""
    if swept_names(record) or not record.history:
        return []
    panels, style = panels_of(record), styles(record)
    blocks: list[Block] = [Words(READING, "Time to a target")] if panels else []
    for panel in panels:
        blocks += [time_figure(panel, style), time_table(panel)]
    return blocks + [block for what in MEASURES for block in profiles(panels, what, style)]


def panels_of(record: Record) -> list[Panel]:
    """The data sets on which two arms or more have curves in a metric whose chance is known."""
    found = []
    for dataset in datasets(record):
        metric = "validation_" + parts(judged_by(record, dataset))[1]
        curves = curves_of(record, dataset, metric)
        chance = chance_of(record, dataset) if metric_row(metric).per_example else np.nan
        if len(curves) < 2 or not np.isfinite(chance):
            continue
        target = times_to_target(curves, metric, chance)
        if target is not None:
            found.append(Panel(dataset, unit_of(metric), target))
    return found


def chance_of(record: Record, dataset: str) -> float:
    """What guessing scores on a data set."""
    return float(column([r for r in record.rows if r["dataset"] == dataset], "chance")[0])


def curves_of(record: Record, dataset: str, metric: str) -> dict[str, Curve]:
    """Arm -> its validation curve, of arms that left one for each of their runs."""
    found = {}
    for (where, arm), rows in arms(record).items():
        name = f"{dataset}/{arm}"
        values = record.history.get(f"{name}/{metric}")
        if where != dataset or values is None or len(values) != len(rows):
            continue
        found[arm] = Curve(
            np.asarray(values, float),
            np.asarray(record.history[f"{name}/step"], float),
            column(rows, "seconds"),
            float(column(rows, "compile_seconds")[0]),
            [row["replicate"] for row in rows],
        )
    return found


def rule(panel: Panel) -> str:
    """The target, and how it was made."""
    return (
        f"{panel.unit.whole(panel.target.score)}, which is {100 * FRACTION:.0f} % of the way from "
        f"chance to the mean final {panel.unit.name} of {panel.target.best}, the best"
    )


def reached(times: Times) -> str:
    """How many runs get there."""
    return f"{times.reached} of {len(times.steps)}"


def time_figure(panel: Panel, style: Mapping[str, int]) -> Figure:
    """When each run gets there."""
    rows = []
    for times in panel.target.arms:
        median = median_of(times, "steps")
        note = f"{number(median.estimate)} steps, {reached(times)}"
        rows.append(Strip(times.arm, times.steps, style[times.arm], median[:3], note))
    finding = f"Median steps until {panel.unit.name} on {panel.dataset} reaches {rule(panel)}: "
    finding += "; ".join(f"{row.label} {row.note}" for row in rows)
    numbers = [
        [times.arm, int(r or 0), Cell(number(step), step if np.isfinite(step) else None)]
        for times in panel.target.arms
        for r, step in zip(times.replicates, times.steps.tolist(), strict=True)
    ]
    return Figure(
        f"Steps to the target on {panel.dataset}",
        finding,
        strips(rows, "training step", finding, limits=(0, 1.06 * panel.target.longest)),
        table(["arm", "replicate", "steps"], numbers, "Every run"),
        "A dot a run that gets there; the upright tick is the median over all runs, the bar its "
        "exact 95 % interval, which needs 6 runs.",
    )


def time_table(panel: Panel) -> Table:
    """A row an arm: medians in steps and seconds, and how many times the fastest arm's."""
    compared = panel.target.arms
    quickest = {what: fastest(compared, what) for what in MEASURES}
    names = ["arm", "reached by", "steps", "× fewest", "seconds", "× least", "compile (s)"]
    rows = []
    for times in compared:
        cells = [cell(times.arm), cell(reached(times))]
        for what, reference in quickest.items():
            cells += [spanned(median_of(times, what)), slower(times, reference, what)]
        rows.append([*cells, cell(float(f"{times.compiling:.3g}"))])
    note = (
        f"Target: {rule(panel)}. Medians over runs with their exact 95 % interval, which needs 6 "
        "runs. ×: ratio of the geometric means to those of the fastest of the arms all of whose "
        "runs get there, with its 95 % interval on the log scale; ∞ where a run never does."
    )
    return Table(names, rows, f"Time to the target on {panel.dataset}", note, True)


def spanned(found: Interval, digits: int | None = None) -> Cell:
    """An estimate with its interval to three digits; what is infinite sorts last."""
    low, middle, high = (
        number(float(f"{x:.3g}"), digits) for x in (found.low, found.estimate, found.high)
    )
    text = middle if np.isnan(found.low) or np.isinf(found.low) else f"{middle} [{low}, {high}]"
    return Cell(text, found.estimate if np.isfinite(found.estimate) else None)


def slower(times: Times, reference: Times | None, what: str) -> Cell:
    """How many times as long as the fastest arm."""
    if reference is None:
        return cell(NOTHING)
    if times is reference:
        return Cell("1", 1.0)
    return spanned(ratio(times, reference, what), 2)


def profiles(panels: Sequence[Panel], what: str, style: Mapping[str, int]) -> list[Block]:
    """On how many data sets an arm is within a factor of the fastest, where they are three."""
    if len(panels) < FEWEST:
        return []
    known = [{times.arm: times for times in panel.target.arms} for panel in panels]
    shared = [arm for arm in known[0] if all(arm in one for one in known)]
    table_ = np.array([[median_of(one[arm], what).estimate for one in known] for arm in shared])
    if len(shared) < 2 or np.isnan(table_).any():
        return []
    found = time_profile(table_)
    series = [
        Series(arm, style[arm], found.factors, 100 * share)
        for arm, share in zip(shared, found.share, strict=True)
    ]
    axes = plots.plane(series, "times the fastest arm's", "data sets (%)")
    finding = f"Mean share of {len(panels)} data sets whose target an arm reaches within 1 to 4 "
    finding += f"times the {MEASURES[what]} of the fastest: " + "; ".join(
        f"{arm} {100 * score:.0f} %" for arm, score in zip(shared, found.score, strict=True)
    )
    rows = [
        [arm, *(float(100 * share[at(found.factors, f)]) for f in FACTORS), float(100 * score)]
        for arm, share, score in zip(shared, found.share, found.score, strict=True)
    ]
    heads = ["arm", *(f"within {f:g} × (%)" for f in FACTORS), "mean from 1 to 4 (%)"]
    return [
        Figure(
            f"Profile of {MEASURES[what]} to the target",
            finding,
            plots.curves(series, axes, finding),
            table(heads, rows, "Performance profile"),
            "On how many data sets an arm's median time is within a factor of the fastest arm's; "
            "where half of its runs never get there, it is within none.",
            plots.keys_of(series),
        )
    ]


def at(factors: np.ndarray, factor: float) -> int:
    """The place of a factor."""
    return int(np.abs(factors - factor).argmin())
