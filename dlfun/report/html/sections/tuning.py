"""Tuning curves: how good the best of so many trials is to be expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlfun.report.html import plots
from dlfun.report.html.blocks import Block, Figure, table
from dlfun.report.html.plots import Series
from dlfun.report.html.record import Arm, Record, Row, column
from dlfun.report.html.results import style_of
from dlfun.report.html.units import better, first_upper, unit_of

KNOWN = (
    "dataset", "model", "trial", "replicate", "status", "parameters", "steps", "seconds", "chosen",
)  # fmt: skip
"""Columns of tuning.csv that are neither a metric nor searched."""


class Trial(NamedTuple):
    """A configuration that was tried: its mean score over replicates, as stored, and its time."""

    row: Row
    score: float
    seconds: float
    chosen: bool


def metric_of(rows: Sequence[Row]) -> str:
    """The validation metric that trials are judged by."""
    names = [name for name in rows[0] if name.startswith("validation_")]
    return names[0] if names else ""


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
            )
        )
    return found


def tuning(record: Record) -> list[Block]:
    """For every data set, the best against the number of trials and against their time."""
    panels: dict[tuple[str, str], list[tuple[Series, float]]] = {}
    for arm, rows in by_arm(record).items():
        metric = metric_of(rows)
        done = trials(rows, metric)
        series = arm_series(record, arm, metric, done)
        if series is not None:
            each = float(np.mean([t.seconds for t in done]))
            panels.setdefault((arm[0], metric), []).append((series, each))
    blocks: list[Block] = []
    for (dataset, metric), known in panels.items():
        blocks.append(panel(dataset, metric, [s for s, _ in known], "trials"))
        timed = [s._replace(x=s.x * each) for s, each in known if each > 0]
        if timed:
            blocks.append(panel(dataset, metric, timed, "seconds of tuning"))
    return blocks


def arm_series(record: Record, arm: Arm, metric: str, done: Sequence[Trial]) -> Series | None:
    """The expected best of 1, 2, ... trials with its band; failed trials count as the worst."""
    from dlfun.stats import tuning as curves

    unit = unit_of(metric)
    scores = np.array([t.score for t in done])
    if np.isfinite(scores).sum() < 2:
        return None
    worst = np.nanmin(scores) if unit.higher else np.nanmax(scores)
    scores = np.where(np.isfinite(scores), scores, worst)
    counts = np.arange(1, len(scores) + 1)
    best = curves.expected_best(scores, higher_is_better=unit.higher)
    low, high = curves.best_band(scores, higher_is_better=unit.higher)
    parts = (unit.factor * np.asarray(part, float) for part in (best, low, high))
    return Series(arm[1], style_of(record, arm[1]), counts.astype(float), *parts)


def panel(dataset: str, metric: str, series: list[Series], label: str) -> Figure:
    """One data set over one kind of budget."""
    unit = unit_of(metric)
    axes = plots.plane(series, f"{label}, log scale", f"best {unit.label}", log_x=True)
    finding = f"Best {unit.name} to be expected on {dataset} of all {label}: " + "; ".join(
        f"{s.label} {unit.text(float(s.y[-1]) / unit.factor)}" for s in series
    )
    rows = [[s.label, *point] for s in series for point in plots.points(s)]
    return Figure(
        f"Best against {label}, {dataset}",
        finding,
        plots.curves(series, axes, finding),
        table(["arm", label, f"best {unit.label}", "low", "high"], rows, "Tuning curve"),
        f"Expected best of so many random trials; band: 95 %. {first_upper(better(metric))}.",
        plots.keys_of(series),
    )
