"""Rows of members.csv: their numbers, and the lines that they make, arm by arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun.objectives import metrics
from dlfun.stats import Interval, t_interval
from dlfun.studies.comparison.verdicts import metric_of, overlap

Row = Mapping[str, Any]

BRIEF = 6
"""Characters from which on a number is shortened where it names something."""


R2 = "R²"
"""Heads the share of the targets' variance that an arm explains."""


class Line(NamedTuple):
    """One arm: what it is, how it scored, what it cost."""

    label: str
    dataset: str
    metric: str
    score: Interval
    rows: Sequence[Row]


def number(row: Row, name: str) -> float:
    """A number of a row; NaN where it has none."""
    value = row.get(name, "")
    return float("nan") if value == "" else float(value)


def text(value: Any) -> str:
    """A swept value as its flag takes it."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def brief(value: str) -> str:
    """A text, a number in it with four digits at most.

    >>> brief("0.04418187285766832"), brief("0.001"), brief("relu"), brief("50,50")
    ('0.04418', '0.001', 'relu', '50,50')
    """
    try:
        return f"{float(value):.4g}" if len(value) > BRIEF else value
    except ValueError:
        return value


def summarise(rows: Sequence[Row], split: str, by: Sequence[str]) -> list[Line]:
    """A line for each group of rows that agree in `by`, best first, data set by data set.

    Failed runs are counted in their line, and left out of its mean. A search stopped some
    before their last step: their score is that of the step they came to.
    """
    groups: dict[tuple, list[Row]] = {}
    for row in rows:
        groups.setdefault((row["dataset"], *(text(row.get(n, "")) for n in by)), []).append(row)
    lines = []
    for (dataset, *names), members in groups.items():
        metric = metric_of(members, split)
        finished = [r for r in members if r["status"] == "ok"]
        rows_of = finished or [r for r in members if r["status"] == "stopped"]
        healthy = [number(r, metric) for r in rows_of if not is_copy(r)]
        shown = [brief(name) for name in names]
        label = (
            ", ".join(shown)
            if len(by) == 1
            else ", ".join(f"{n}={v}" for n, v in zip(by, shown, strict=True))
        )
        score = t_interval(healthy, split_variance=overlap(members, metric))
        lines.append(Line(label, dataset, metric, score, members))
    order = list(dict.fromkeys(line.dataset for line in lines))
    return sorted(lines, key=lambda line: (order.index(line.dataset), _worst_last(line)))


def run_of(rows: Sequence[Row]) -> str:
    """What runs are called that are counted: folds, or seeds."""
    return "fold" if rows and rows[0].get("fold", "") != "" else "seed"


def is_copy(row: Row) -> bool:
    """Whether a run said the same as one before it: it is no result of its own."""
    return row.get("copy_of", "") != ""


def _worst_last(line: Line) -> tuple[float, float]:
    """Of those that a search stopped, the ones that came further come first."""
    if np.isnan(line.score.estimate):
        return (np.inf, 0.0)
    finished = any(row["status"] == "ok" for row in line.rows)
    worse = -metrics.sign(line.metric) * line.score.estimate
    return (-np.inf if finished else -steps_of(line), worse)


def steps_of(line: Line) -> float:
    """The most steps that one of its runs was trained for."""
    return max(number(row, "steps") for row in line.rows)


def explained(rows: Sequence[Row], metric: str) -> float:
    """The mean R^2 of an arm's runs that did not fail, on the split of an rmse; NaN without."""
    split, share = metrics.parts(metric)[0], metrics.metric(metric).explained
    values = [number(row, f"{split}_{share}") for row in rows if row["status"] == "ok"]
    return float(np.mean(values)) if values and share else float("nan")


def is_no_better_than_the_mean(rows: Sequence[Row], metric: str) -> bool:
    """Whether an arm predicts numbers no better than who always says their mean in training."""
    scores = [number(row, metric) for row in rows if row["status"] == "ok"]
    if not metrics.metric(metric).from_mean or not scores:
        return False
    return bool(np.mean(scores) >= number(rows[0], "chance"))
