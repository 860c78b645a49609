"""The table of a study, from its rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun.errors import visible
from dlfun.objectives import metrics
from dlfun.stats import Interval, t_interval
from dlfun.studies.comparison.verdicts import metric_of
from dlfun.words import plural, width

Row = Mapping[str, Any]

MEANING = (
    "± is the half-width of the 95 % t interval of the mean over seeds; sd is the standard "
    "deviation over seeds."
)


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
        lines.append(Line(label, dataset, metric, t_interval(healthy), members))
    order = list(dict.fromkeys(line.dataset for line in lines))
    return sorted(lines, key=lambda line: (order.index(line.dataset), _worst_last(line)))


def is_copy(row: Row) -> bool:
    """Whether a run said the same as one before it: it is no result of its own."""
    return row.get("copy_of", "") != ""


def copies(lines: Sequence[Line]) -> list[str]:
    """A sentence on the arms some of whose runs are copies, if there are any."""
    several = len({line.dataset for line in lines}) > 1
    found: dict[tuple[int, int], list[str]] = {}
    for line in lines:
        n = sum(row["status"] == "ok" for row in line.rows)
        distinct = n - sum(map(is_copy, line.rows))
        if distinct < n:
            name = f"{line.label} on {line.dataset}" if several else line.label
            found.setdefault((distinct, n), []).append(name)
    return [
        f"{', '.join(names)}: {'one result' if distinct == 1 else f'{distinct} results'} in {n} "
        "runs, as the others repeat their answers; copies count once."
        for (distinct, n), names in found.items()
    ]


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


def shown(value: float, metric: str) -> str:
    """Accuracies in per cent, other metrics with four digits."""
    return metrics.figure(value, metric)


def heading(lines: Sequence[Line]) -> str:
    """What the score column holds."""
    judged = {line.metric for line in lines}
    name = next(iter(judged)).replace("_", " ") if len(judged) == 1 else "score"
    return f"{name} %" if judged and all(metrics.metric(m).share for m in judged) else name


def cells(line: Line, kind: str) -> dict[str, str]:
    """One line of the table, column by column; `kind` heads its score."""
    first, score, metric = line.rows[0], line.score, line.metric
    failed = sum(row["status"] == "failed" for row in line.rows)
    return {
        "dataset": line.dataset,
        "model": line.label,
        kind: shown(score.estimate, metric),
        "±": shown(score.half_width, metric),
        "sd": shown(score.sd, metric),
        R2: shown(explained(line.rows, metric), metric),
        "seeds": str(len(line.rows)),
        "failed": str(failed),
        "parameters": f"{int(first['parameters']):,}" if first["parameters"] != "" else "-",
        "compile s": f"{number(first, 'compile_seconds'):.1f}",
        "run s": f"{sum(number(row, 'seconds') for row in line.rows):.1f}",
        "chance": shown(number(first, "chance"), metric),
    }


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


def no_better_than_the_mean(lines: Sequence[Line]) -> list[str]:
    """A sentence on the arms that are so, if any are, and one on others with an R^2 below 0."""
    several = len({line.dataset for line in lines}) > 1
    names = [f"{line.label} on {line.dataset}" if several else line.label for line in lines]
    return about_the_mean([(n, x.rows, x.metric) for n, x in zip(names, lines, strict=True)])


def about_the_mean(arms: Sequence[tuple[str, Sequence[Row], str]]) -> list[str]:
    """The same of arms by name, rows and metric.

    R^2 is against the mean of the test targets, which no arm knows: below 0 says not that the mean
    of the training targets is as near.
    """
    worse = [name for name, rows, metric in arms if is_no_better_than_the_mean(rows, metric)]
    negative = [name for name, rows, metric in arms if explained(rows, metric) < 0]
    others = [name for name in negative if name not in worse]
    said = [said_of(worse)] if worse else []
    return said + ([f"By {R2}, {said_of(others, 'test')}"] if others else [])


def said_of(worse: Sequence[str], split: str = "training") -> str:
    """The sentence on arms that are no better than the mean of a split's targets.

    >>> said_of(["softmax"])
    'softmax is no better than always saying the mean of the training targets.'
    """
    verb = "is" if len(worse) == 1 else "are"
    names = ", ".join(worse)
    return f"{names} {verb} no better than always saying the mean of the {split} targets."


def without_empty(table: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Rows without chance or R^2 where no line has one."""
    empty = [name for name in ("chance", R2) if all(row[name] == "-" for row in table)]
    return [{name: v for name, v in row.items() if name not in empty} for row in table]


WORDS = ("dataset", "metric", "model", "layout")
"""Columns of words, which stand to the left."""


def text_table(rows: Sequence[Mapping[str, str]], left: Collection[str] = WORDS) -> str:
    """Rows of the same columns as aligned text; all but the columns `left` to the right."""
    rows = [{name: visible(cell.replace("\n", " ")) for name, cell in row.items()} for row in rows]
    names = list(rows[0])
    widths = {n: max(len(n), *(width(row[n]) for row in rows)) for n in names}

    def padded(name: str, text: str) -> str:
        blanks = " " * (widths[name] - width(text))
        return text + blanks if name in left else blanks + text

    def line(row: Mapping[str, str]) -> str:
        return "  ".join(padded(n, row[n]) for n in names).rstrip()

    rule = "  ".join("-" * widths[n] for n in names)
    return "\n".join([line({n: n for n in names}), rule, *(line(row) for row in rows)])


def study_table(
    rows: Sequence[Row],
    split: str = "test",
    by: Sequence[str] = ("model",),
    most: int | None = None,
) -> str:
    """The table of a study's rows, with what ± means below it; of `most` lines, the best."""
    every = summarise(rows, split, by)
    lines = every[:most]
    table = [cells(line, heading(lines)) for line in lines]
    if len({line.metric for line in lines}) > 1:
        table = [
            {"dataset": row.pop("dataset"), "metric": line.metric.replace("_", " "), **row}
            for row, line in zip(table, lines, strict=True)
        ]
    if any(row["status"] == "stopped" for row in rows):
        for row, line in zip(table, lines, strict=True):
            row["steps"] = f"{steps_of(line):,.0f}"
    if len({line.dataset for line in lines}) == 1:
        table = [{n: v for n, v in row.items() if n != "dataset"} for row in table]
    table = without_empty(table)
    left = len(every) - len(lines)
    said = [f"... and {plural(left, 'more line')}, all in members.csv"] if left else []
    said += [*no_better_than_the_mean(lines), *copies(lines)] if tuple(by) == ("model",) else []
    return "\n".join([text_table(table), *said, MEANING])
