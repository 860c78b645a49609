"""Tuning curves: how good the best of so many trials is to be expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from dlfun.records.schema import is_searched
from dlfun.report.html import marks, plots
from dlfun.report.html.blocks import Block, Figure, table
from dlfun.report.html.plots import Series
from dlfun.report.html.record import Arm, Record, Row, column
from dlfun.report.html.results import configurations, in_figures, style_of
from dlfun.report.html.units import better, first_upper, unit_of
from dlfun.studies.comparison.verdicts import metric_of


class Trial(NamedTuple):
    """A configuration that was tried: its mean score over replicates, as stored, and its time.

    `drawn` is false of the one that the user gave.
    """

    row: Row
    score: float
    seconds: float
    chosen: bool
    drawn: bool


def searched(record: Record, model: str) -> list[str]:
    """The names that were searched for a model: those of its declared space, if that is known."""
    space = record.frozen.get("spaces", {}).get(model)
    columns = record.tuning[0]
    if space:
        return [name for name in space if name in columns]
    return [name for name in columns if is_searched(name)]


def by_arm(record: Record) -> dict[Arm, list[Row]]:
    """The rows of tuning.csv of each arm."""
    found: dict[Arm, list[Row]] = {}
    for row in record.tuning:
        found.setdefault((row["dataset"], row["model"]), []).append(row)
    return found


def trials(rows: Sequence[Row], metric: str) -> list[Trial]:
    """The trials of an arm; one whose runs all failed has no score."""
    by_trial: dict[str, list[Row]] = {}
    for row in rows:
        by_trial.setdefault(row["trial"], []).append(row)
    found = []
    for own in by_trial.values():
        ok = [row for row in own if row["status"] == "ok"]
        known = column(ok, metric)
        known = known[np.isfinite(known)]
        times = column(own, "seconds")
        found.append(
            Trial(
                own[0],
                float(known.mean()) if len(known) else float("nan"),
                float(np.nansum(times)),
                any(row.get("chosen", "").lower() == "true" for row in own),
                own[0].get("drawn", "") != "false",
            )
        )
    return found


def tuning(record: Record) -> list[Block]:
    """For every data set, the best against the number of trials and against their time."""
    panels: dict[tuple[str, str], list[Curve]] = {}
    for arm, rows in by_arm(record).items():
        metric = metric_of(rows, "validation")
        done = trials(rows, metric)
        if sum(t.drawn and np.isfinite(t.score) for t in done) >= 2:
            panels.setdefault((arm[0], metric), []).append(arm_curve(record, arm, metric, done))
    blocks: list[Block] = []
    for (dataset, metric), curves in panels.items():
        for which, arms in in_figures([curve.median.label for curve in curves]).items():
            own = [curve for curve in curves if curve.median.label in arms]
            blocks.append(panel(dataset + which, metric, own, "trials"))
            timed = [in_seconds(curve) for curve in own if curve.seconds > 0]
            if timed:
                blocks.append(panel(dataset + which, metric, timed, "seconds of tuning"))
        blocks.append(budgets(record, dataset, metric, curves))
    return blocks


class Curve(NamedTuple):
    """The tuning curve of an arm.

    Attributes:
      median: the median best of 1, 2, ... trials with its band.
      expected: the expected best of as many.
      seconds: of one trial.
      given: the score of the configuration that the user gave; NaN where it was not tried.
    """

    median: Series
    expected: np.ndarray
    seconds: float
    given: float = float("nan")


def in_seconds(curve: Curve) -> Curve:
    """A curve over time in the place of trials."""
    return curve._replace(median=curve.median._replace(x=curve.median.x * curve.seconds))


def arm_curve(record: Record, arm: Arm, metric: str, done: Sequence[Trial]) -> Curve:
    """The curve of an arm; trials that failed rank last."""
    from dlfun.stats.tuning import best_band, expected_best, median_best

    unit, scores = unit_of(metric), np.array([t.score for t in done if t.drawn])
    given = unit.factor * next((t.score for t in done if not t.drawn), np.nan)
    band = best_band(scores, higher_is_better=unit.higher)
    best = median_best(scores, higher_is_better=unit.higher)
    median, low, high = (unit.factor * part for part in (best, band.low, band.high))
    expected = unit.factor * expected_best(scores, higher_is_better=unit.higher)
    counts = np.arange(1.0, len(scores) + 1)
    series = Series(arm[1], style_of(record, arm[1]), counts, median, low, high)
    return Curve(series, expected, float(np.mean([t.seconds for t in done])), given)


def panel(dataset: str, metric: str, curves: Sequence[Curve], label: str) -> Figure:
    """One data set over one kind of budget."""
    unit, series = unit_of(metric), [curve.median for curve in curves]
    stood = [
        Series(c.median.label, c.median.style, c.median.x[:1], np.array([c.given]))
        for c in curves
        if np.isfinite(c.given)
    ]
    axes = plots.plane(
        [*series, *stood], f"{label}, log scale", f"best {unit.label}", log_x=True, bands=False
    )
    finding = f"Best {unit.name} on {dataset} of all {label}: " + "; ".join(
        f"{s.label} {unit.text(float(s.y[-1]) / unit.factor)}" for s in series
    )
    over = [line for curve in curves for line in thin_lines(curve, axes, unit.higher)]
    over += [marks.dots(axes.x.at(s.x), axes.y.at(s.y), s.style, 4.5) for s in stood]
    rows = [
        [c.median.label, *point, expected]
        for c in curves
        for point, expected in zip(plots.points(c.median), c.expected.tolist(), strict=True)
    ]
    names = ["arm", label, f"median best {unit.label}", "low", "high", "expected best"]
    return Figure(
        f"Best against {label}, {dataset}",
        finding,
        plots.curves(series, axes, finding, over),
        table(names, rows, "Tuning curve"),
        "The median best of so many random trials, with the exact 95 % band of the whole curve as "
        "far as the trials bound it, and its safe end dotted beyond; thin: the expected best; "
        "mark: the configuration as it was given. "
        f"{first_upper(better(metric))}.",
        plots.keys_of(series),
    )


def thin_lines(curve: Curve, axes: plots.Plane, higher: bool) -> list[Markup]:
    """The expected best, and the end of the band that the trials bound for every budget."""
    median = curve.median
    safe = median.low if higher else median.high
    assert safe is not None
    inside = np.where((safe >= axes.y.low) & (safe <= axes.y.high), safe, np.nan)
    xs = axes.x.at(median.x)
    return [
        marks.line(xs, axes.y.at(inside), median.style, "edge"),
        marks.line(xs, axes.y.at(curve.expected), median.style, "hair"),
    ]


def budgets(record: Record, dataset: str, metric: str, curves: Sequence[Curve]) -> Block:
    """What tuning is worth to each arm: as given, after one random trial, and after all."""
    from dlfun.stats.tuning import budget_reaching

    unit = unit_of(metric)
    rows = [
        [
            c.median.label,
            c.given,
            float(c.expected[0]),
            float(c.expected[-1]),
            len(c.expected),
            budget_reaching(c.expected),
            chosen_of(record, dataset, c.median.label),
            ahead(c, curves, unit.higher),
            ", ".join(f"{name}={text}" for name, text in space_of(record, c.median.label)),
        ]
        for c in curves
    ]
    names = ["arm", "as given", "one trial", "all trials", "trials", "to 95 %"]
    names += ["chosen", "ahead of", "searched"]
    note = (
        f"{first_upper(unit.label)}: of the configuration given, and the expected best of one and "
        "of all random trials. To 95 %: trials that bring 95 % of what all gain over one. Ahead "
        "of: arms whose expected best is behind, from so many trials on, within what was searched."
    )
    return table(names, rows, f"What tuning is worth on {dataset}", note)


def space_of(record: Record, model: str) -> list[tuple[str, str]]:
    """What was searched of an arm, as flags say it."""
    return list(record.frozen.get("spaces", {}).get(model, {}).items())


def chosen_of(record: Record, dataset: str, model: str) -> str:
    """The configuration that was chosen for an arm."""
    point = configurations(record.frozen).get((dataset, model))
    if point is None:
        return ""
    return ", ".join(f"{name}={short(value)}" for name, value in point.items()) or "as given"


def short(value: Any) -> str:
    """A value of a configuration, numbers with three digits."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def ahead(curve: Curve, curves: Sequence[Curve], higher: bool) -> str:
    """The arms that one is ahead of, and from which number of trials on."""
    from dlfun.stats.tuning import overtakes

    found = []
    for other in curves:
        start = overtakes(curve.expected, other.expected, higher) if other is not curve else None
        if start is not None:
            found.append(f"{other.median.label} ({start})")
    return ", ".join(found)
