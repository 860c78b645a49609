"""Scores of a record's runs, arm by arm or configuration by configuration."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun.config.classical import CLASSICAL
from dlfun.objectives.metrics import shown_ends
from dlfun.records.reader import swept_by
from dlfun.report.best import best_arms
from dlfun.report.html.record import Arm, Record, Row, column, healthy
from dlfun.report.html.units import Unit, unit_of
from dlfun.report.rows import brief, is_copy
from dlfun.report.styles import styles as styles_of
from dlfun.report.sweeps import varied
from dlfun.stats import Interval, t_interval
from dlfun.studies.comparison.verdicts import metric_of, overlap
from dlfun.words import listed, plural, spoken


class Line(NamedTuple):
    """An arm, or a configuration of one, with the scores of its runs as stored.

    Attributes:
      style: of its marks, the same wherever it is shown.
      scores: [runs], NaN where a run failed.
      best: it is the best of its data set, or equivalent to that by a verdict.
    """

    label: str
    dataset: str
    model: str
    style: int
    rows: Sequence[Row]
    scores: np.ndarray
    score: Interval
    best: bool = False


class Group(NamedTuple):
    """The lines of a data set, best first, under the metric they are judged by."""

    dataset: str
    metric: str
    lines: list[Line]

    @property
    def unit(self) -> Unit:
        """How the metric is shown."""
        return unit_of(self.metric)

    def ends(self, line: Line) -> tuple[float, float]:
        """The ends of the interval of a line's mean, as stored and as far as they are shown."""
        low, high = shown_ends(line.score.low, line.score.high, self.metric)
        return low, high


def models(record: Record) -> list[str]:
    """The models, in the order they ran."""
    return list(dict.fromkeys(row["model"] for row in record.rows))


@functools.lru_cache(maxsize=2)
def styles(record: Record) -> dict[str, int]:
    """Model -> its style, that of its family."""
    return styles_of(models(record))


def style_of(record: Record, model: str) -> int:
    """The style of a model, the same in all figures."""
    known = styles(record)
    return known[model] if model in known else styles_of([*known, model])[model]


def swept_names(record: Record) -> list[str]:
    """The names a sweep searched, which are columns of the runs."""
    return [name for name in swept_by(record.study) if name in record.rows[0]]


def swept_words(record: Record) -> str:
    """A sweep in few words: its model, and over what it was swept; nothing of another study.

    Names with one value alone are left out, unless all have.
    """
    names = swept_names(record)
    if not names:
        return ""
    kept = varied(names, record.rows) or names
    values = {tuple(row[name] for name in names) for row in record.rows}
    over = listed([spoken(name) for name in kept])
    return f"{listed(models(record))}, {plural(len(values), 'configuration')} over {over},"


def judged_by(record: Record, dataset: str) -> str:
    """The metric of a data set: that of its verdicts, else the test metric, else validation's."""
    for pair in record.pairs:
        if pair["dataset"] == dataset:
            return str(pair["metric"])
    rows = [row for row in record.rows if row["dataset"] == dataset]
    tested = any(row.get(n) for row in rows for n in row if n.startswith("test_"))
    return metric_of(rows, "test" if tested else "validation")


def scores_of(rows: Sequence[Row], metric: str) -> np.ndarray:
    """The scores of runs, NaN where one failed; of one that was stopped, where it came to."""
    failed = np.array([row["status"] == "failed" for row in rows])
    return np.where(failed, np.nan, column(rows, metric))


@functools.lru_cache(maxsize=2)  # most sections ask for them
def groups(record: Record) -> list[Group]:
    """The lines of every data set."""
    found: dict[tuple[str, ...], list[Row]] = {}
    swept = swept_names(record)
    for row in record.rows:
        key = (row["dataset"], row["model"], *(row[name] for name in swept))
        found.setdefault(key, []).append(row)
    metrics = {name: judged_by(record, name) for name in dict.fromkeys(key[0] for key in found)}
    style = styles(record)
    lines = [line_of(rows, metrics[key[0]], swept, style[key[1]]) for key, rows in found.items()]
    return [
        Group(name, metric, in_order([x for x in lines if x.dataset == name], metric, record))
        for name, metric in metrics.items()
    ]


def label_of(rows: Sequence[Row], swept: Sequence[str]) -> str:
    """What runs are called: by their model, or by what was swept and whether they were stopped."""
    if not swept:
        return rows[0]["model"]
    label = ", ".join(f"{name}={brief(rows[0][name])}" for name in swept)
    steps = stopped_at(rows)
    return f"{label} (stopped at step {steps:,})" if steps else label


def stopped_at(rows: Sequence[Row]) -> int:
    """The last step at which a search stopped runs; 0 where one of them came to the end."""
    if all(row["status"] != "stopped" for row in rows) or any(r["status"] == "ok" for r in rows):
        return 0
    return max(int(row["steps"]) for row in rows)


def line_of(rows: list[Row], metric: str, swept: Sequence[str], style: int) -> Line:
    """The line of some runs; configurations of a sweep all have that of their model."""
    dataset, model, scores = rows[0]["dataset"], rows[0]["model"], scores_of(rows, metric)
    own = scores[[not is_copy(row) for row in rows]]
    score = t_interval(own, split_variance=overlap(rows, metric))
    return Line(label_of(rows, swept), dataset, model, style, rows, scores, score)


def in_order(lines: Sequence[Line], metric: str, record: Record) -> list[Line]:
    """Lines with the best first, those without a score last; the best are marked."""
    sign = -1 if unit_of(metric).higher else 1
    known = [line for line in lines if np.isfinite(line.score.estimate)]
    rest = [line for line in lines if not np.isfinite(line.score.estimate)]
    ordered = sorted(known, key=lambda line: (-came(line), sign * line.score.estimate)) + rest
    means = {line.label: line.score.estimate for line in ordered}
    best = best_arms(means, record.pairs, lines[0].dataset)
    return [line._replace(best=line.label in best) for line in ordered]


def came(line: Line) -> float:
    """How far its runs came before a search stopped them."""
    return stopped_at(line.rows) or np.inf


def configurations(frozen: dict[str, Any]) -> dict[Arm, dict[str, Any]]:
    """What was frozen for each data set and model."""
    return {
        (dataset, model): values
        for dataset, models in frozen.get("configurations", {}).items()
        for model, values in models.items()
    }


def tested(rows: Sequence[Row], name: str) -> np.ndarray:
    """A column of the healthy runs that have it."""
    values = column(healthy(rows), name)
    return values[np.isfinite(values)]


MANY = 8
"""Arms that a figure of lines can tell apart."""


def in_figures(names: Sequence[str]) -> dict[str, list[str]]:
    """Arms as they share figures, by what these are called: all in one, unless they are many.

    >>> in_figures(["cnn", "svm"])
    {'': ['cnn', 'svm']}
    >>> list(in_figures(["cnn", *(f"svm+{k}" for k in range(8))]))
    [', networks', ', classical models']
    """
    found: dict[str, list[str]] = {}
    for name in names:
        classical = name.partition("+")[0] in CLASSICAL
        found.setdefault(", classical models" if classical else ", networks", []).append(name)
    return found if len(names) > MANY and len(found) > 1 else {"": list(names)}
