"""The table of a study, from its rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from dlfun.errors import visible
from dlfun.objectives import metrics
from dlfun.report.rows import (
    R2,
    Line,
    Row,
    brief,
    explained,
    is_copy,
    is_no_better_than_the_mean,
    number,
    run_of,
    steps_of,
    summarise,
    text,
)
from dlfun.studies.comparison.verdicts import overlap
from dlfun.words import plural, width


def meaning(rows: Sequence[Row]) -> str:
    """What ± and sd are."""
    runs = f"{run_of(rows)}s"
    wider = "" if not overlap(rows, "test_loss") else ", wider as training sets overlap"
    return (
        f"± is the half-width of the 95 % t interval of the mean over {runs}{wider}; sd is the "
        f"standard deviation over {runs}."
    )


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


def shown(value: float, metric: str) -> str:
    """Accuracies in per cent, other metrics with four digits."""
    return metrics.figure(value, metric)


def heading(lines: Sequence[Line]) -> str:
    """What the score column holds."""
    judged = {line.metric for line in lines}
    name = next(iter(judged)).replace("_", " ") if len(judged) == 1 else "score"
    return f"{name} %" if judged and all(metrics.metric(m).share for m in judged) else name


def cells(line: Line, kind: str, by: Sequence[str] = ("model",)) -> dict[str, str]:
    """One line of the table, column by column; `kind` heads its score, `by` what it is of."""
    first, score, metric = line.rows[0], line.score, line.metric
    failed = sum(row["status"] == "failed" for row in line.rows)
    return {
        "dataset": line.dataset,
        **{name: brief(text(first.get(name, ""))) for name in by},
        kind: shown(score.estimate, metric),
        "±": shown(score.half_width, metric),
        "sd": shown(score.sd, metric),
        R2: shown(explained(line.rows, metric), metric),
        f"{run_of(line.rows)}s": str(len(line.rows)),
        "failed": str(failed),
        "parameters": f"{int(first['parameters']):,}" if first["parameters"] != "" else "-",
        "compile s": seconds(number(first, "compile_seconds")),
        "run s": seconds(sum(number(row, "seconds") for row in line.rows)),
        "chance": shown(number(first, "chance"), metric),
    }


def seconds(value: float) -> str:
    """A time with one digit; a dash where it is not known."""
    return "-" if np.isnan(value) else f"{value:.1f}"


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


MAY_LACK = (R2, "parameters", "compile s", "run s", "chance")


def without_empty(table: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Rows without those columns that no line has anything in, of those that it may lack."""
    empty = [name for name in MAY_LACK if all(row[name] == "-" for row in table)]
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
    """The table of a study's rows, with what ± means below it; of `most` lines, the best.

    A line is a configuration of a sweep where `by` names what was swept, a column each.
    """
    every = summarise(rows, split, by)
    lines = every[:most]
    table = [cells(line, heading(lines), by) for line in lines]
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
    return "\n".join([text_table(table), *said, meaning(rows)])
