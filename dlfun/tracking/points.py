"""The values of tracked runs, step by step: of an arm its band, of a member its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun.objectives.metrics import parts, shown_ends
from dlfun.records.schema import cell
from dlfun.report.html.record import Record, Row, column
from dlfun.report.html.results import Line, scores_of
from dlfun.report.rows import is_copy, overlap
from dlfun.report.tensorboard import PARTS
from dlfun.stats import Interval, t_interval

Points = dict[int, dict[str, float]]
"""Step -> name -> value, of those that are finite."""


def places_of(rows: Sequence[Row]) -> dict[int, int]:
    """The identity of a row -> its place among the rows of its arm, as in history.npz."""
    counts: dict[tuple[str, str], int] = {}
    found = {}
    for row in rows:
        arm = (row["dataset"], row["model"])
        found[id(row)] = counts.get(arm, 0)
        counts[arm] = found[id(row)] + 1
    return found


class RunCurves(NamedTuple):
    """Metrics over steps [intervals] of some runs: metric -> [runs, intervals]."""

    steps: np.ndarray
    metrics: dict[str, np.ndarray]


def curves_of(record: Record, line: Line, places: Sequence[int]) -> RunCurves:
    """The curves of the runs of a line; a classical model has none."""
    prefix = f"{line.dataset}/{line.model}/"
    if f"{prefix}step" not in record.history:
        return RunCurves(np.empty(0, int), {})
    own = {
        name.removeprefix(prefix): np.asarray(array, float)
        for name, array in record.history.items()
        if name.startswith(prefix) and "/" not in name.removeprefix(prefix)
    }
    steps = own.pop("step").astype(int)
    return RunCurves(steps, {name: array[list(places)] for name, array in own.items()})


def add(points: Points, step: int, name: str, value: float) -> None:
    """Adds a value, if it is finite."""
    if np.isfinite(value):
        points.setdefault(step, {})[name] = float(value)


def add_span(points: Points, step: int, name: str, span: Interval) -> None:
    """Adds a mean and the ends of its interval."""
    ends = shown_ends(span.low, span.high, name)
    for part, value in zip(PARTS, (span.estimate, *ends), strict=True):
        add(points, step, f"{name}/{part}", value)


def last_step(rows: Sequence[Row], other: int = 0) -> int:
    """The last step of runs; `other` where they have none, as classical models."""
    return max(int(row.get("steps") or 0) for row in rows) or other


def scored_columns(rows: Sequence[Row], known: Mapping[str, Any]) -> list[str]:
    """The columns of scores that a row has, but for those of which there are curves."""
    names = [name for name in rows[0] if parts(name)[0] and cell(name) == "number"]
    return [n for n in names if n not in known and any(row.get(n) for row in rows)]


def arm_points(curves: RunCurves, line: Line, end: int) -> Points:
    """The mean of an arm and its pointwise 95 % t interval, and its final scores with theirs.

    Members that failed are left out, and of final scores those that repeat another's. What is not
    trained in steps stands at `end`, beside the others.
    """
    points: Points = {}
    for name, array in curves.metrics.items():
        for step, values in zip(curves.steps.tolist(), array.T, strict=True):
            add_span(points, step, name, t_interval(values))
    own, last = [row for row in line.rows if not is_copy(row)], last_step(line.rows, end)
    for name in scored_columns(line.rows, curves.metrics):
        span = t_interval(scores_of(own, name), split_variance=overlap(line.rows, name))
        add_span(points, last, name, span)
        add(points, last, f"{name}/n", span.n)
    return points


def member_points(curves: RunCurves, line: Line, number: int, end: int) -> Points:
    """The curves of one run of a line, and its final scores."""
    points: Points = {}
    row = line.rows[number]
    for name, array in curves.metrics.items():
        for step, value in zip(curves.steps.tolist(), array[number].tolist(), strict=True):
            add(points, step, name, value)
    for name in scored_columns(line.rows, curves.metrics):
        add(points, last_step([row], end), name, column([row], name)[0])
    return points
