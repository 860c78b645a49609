"""What a sweep or a tuning tried: the values of its configurations with their scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlfun.report.html.record import Record, Row
from dlfun.report.html.results import groups, style_of, swept_names
from dlfun.report.html.sections.tuning import by_arm, searched, trials
from dlfun.report.sweeps import varied
from dlfun.stats import Interval
from dlfun.studies.comparison.verdicts import metric_of


class Tried(NamedTuple):
    """Configurations of an arm with their scores as stored; `spans` are their intervals."""

    dataset: str
    model: str
    style: int
    metric: str
    names: list[str]
    rows: list[Row]
    scores: np.ndarray
    chosen: np.ndarray
    spans: Sequence[Interval] = ()


def of_sweep(record: Record) -> list[Tried]:
    """The configurations of a sweep."""
    names = swept_names(record)
    if not names:
        return []
    found = []
    for group in groups(record):
        rows = [line.rows[0] for line in group.lines]
        means = np.array([line.score.estimate for line in group.lines])
        none = np.zeros(len(rows), bool)
        model = group.lines[0].model
        kept = varied(names, rows)
        spans = [line.score for line in group.lines]
        found.append(Tried(group.dataset, model, 0, group.metric, kept, rows, means, none, spans))
    return found


def of_tuning(record: Record) -> list[Tried]:
    """The trials of each arm that was tuned."""
    found = []
    for (dataset, model), rows in by_arm(record).items():
        metric = metric_of(rows, "validation")
        done = [trial for trial in trials(rows, metric) if trial.drawn]
        names = searched(record, model)
        found.append(
            Tried(
                dataset,
                model,
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
