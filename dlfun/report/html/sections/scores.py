"""Every run as a dot, and the table of all arms."""

from __future__ import annotations

import numpy as np

from dlfun.objectives.metrics import metric, shown_ends
from dlfun.report.best import BOLD
from dlfun.report.html.blocks import Block, Cell, Figure, Folded, Table, cell, table
from dlfun.report.html.record import Record, column
from dlfun.report.html.results import Group, Line, groups, tested
from dlfun.report.html.sections.overview import is_many, mean_table
from dlfun.report.html.strips import Mark, Strip, strips
from dlfun.report.html.units import NOTHING, better, first_upper, number
from dlfun.report.rows import R2, explained
from dlfun.report.text.table import about_the_mean, meaning
from dlfun.stats import bootstrap_t, describe
from dlfun.studies.comparison.verdicts import overlap

MOST = 24
"""Rows of a figure, at most; the best are shown."""

BOOTSTRAP = "bootstrap-t"
RESAMPLES = 9999
MAY_LACK = (BOOTSTRAP, R2, "at chance", "parameters", "run (s)", "compile (s)")
"""Columns that are left out where no arm has anything in them."""

BEHIND = (BOOTSTRAP, "compile (s)")
"""Columns of the table behind the other one alone."""

TROUBLE = ("failed", "at chance")
"""Columns that stand before the reader where an arm has such runs."""

MINOR = ("sd", "runs", "parameters", "run (s)")
"""Columns that a narrow page leaves to the table behind."""


def scores(record: Record) -> list[Block]:
    """A figure and a table for every data set; behind the means of all where they are many."""
    found = groups(record)
    runs: list[Block] = [block for group in found for block in (dot_plot(group), main_table(group))]
    if is_many(record):
        return [*mean_table(record), Folded("Every run, data set by data set", runs)]
    return runs


def main_table(group: Group) -> Table:
    """The best arms, with what of the whole table is asked for first."""
    whole = score_table(group)
    shown = whole.rows[:MOST]
    keep = [
        i
        for i, name in enumerate(whole.names)
        if name not in BEHIND and (name not in TROUBLE or any(row[i].value for row in whole.rows))
    ]
    left = len(whole.rows) - len(shown)
    return whole._replace(
        names=[whole.names[i] for i in keep],
        rows=[[row[i] for i in keep] for row in shown],
        caption=f"The best {MOST} of {len(whole.rows)} on {group.dataset}"
        if left
        else f"All arms on {group.dataset}",
        note=how_to_read(group),
        beside=True,
        closed=False,
        minor=MINOR,
        behind=[whole],
    )


def how_to_read(group: Group) -> str:
    """What the table's columns say, what chance is, and what is bold."""
    chance = chance_of(group)
    note = meaning(group.lines[0].rows)
    if any(row["status"] == "failed" for line in group.lines for row in line.rows):
        note += " Failed runs are counted, and left out of the mean."
    if np.isfinite(chance):
        note += f" Chance is {group.unit.whole(chance)}."
    note += about_mean(group)
    if any(line.best for line in group.lines):
        note += f" {BOLD}"
    return note


def shown(line: Line, group: Group) -> Strip:
    """The strip of a line."""
    unit, score = group.unit, line.score
    note = unit.text(score.estimate)
    if np.isfinite(score.half_width):
        note += f" ± {unit.text(score.half_width)}"
    values = unit.factor * line.scores
    mean, low, high = (unit.factor * x for x in (score.estimate, *group.ends(line)))
    return Strip(line.label, values, line.style, (mean, low, high), note, line.best)


def chance_of(group: Group) -> float:
    """The chance level of a data set, as stored; NaN where it has none."""
    values = column(group.lines[0].rows, "chance")
    return float(values[0]) if metric(group.metric).share else float("nan")


def dot_plot(group: Group) -> Figure:
    """Every run of every line."""
    lines, unit, chance = group.lines[:MOST], group.unit, chance_of(group)
    marked = [Mark(unit.factor * chance, "chance")] if np.isfinite(chance) else []
    rows = [shown(line, group) for line in lines]
    finding = f"{unit.name} on {group.dataset}, {better(group.metric)}: " + "; ".join(
        f"{row.label} {row.note}" for row in rows
    )
    left = len(group.lines) - len(lines)
    rest = f" The best {len(lines)} of {len(group.lines)}." if left else ""
    return Figure(
        f"{first_upper(unit.name)} on {group.dataset}",
        finding,
        strips(rows, unit.label, finding, marked),
        every_run(group),
        "A dot a run; the upright tick is the mean, the bar its 95 % t interval."
        f" {first_upper(better(group.metric))}.{rest}",
    )


def every_run(group: Group) -> Table:
    """The numbers behind the dots."""
    unit = group.unit
    rows = [
        [
            line.label,
            int(row["replicate"] or 0),
            Cell(unit.text(score), float(unit.factor * score) if np.isfinite(score) else None),
            row["status"],
        ]
        for line in group.lines
        for row, score in zip(line.rows, line.scores, strict=True)
    ]
    return table(["arm", "replicate", unit.label, "status"], rows, "Every run")


def score_table(group: Group) -> Table:
    """A row an arm, with all that is known of it."""
    unit = group.unit
    names = [
        "arm", unit.label, "±", BOOTSTRAP, "sd", R2, "runs", "failed", "at chance", "parameters",
        "run (s)", "compile (s)",
    ]  # fmt: skip
    rows = [score_row(line, group) for line in group.lines]
    keep = [
        i
        for i, name in enumerate(names)
        if name not in MAY_LACK or any(row[i].text not in ("", NOTHING) for row in rows)
    ]
    note = ""
    if "run (s)" in [names[i] for i in keep]:
        note += "Run is the time of one run; compile is shared by all runs of an arm."
    if BOOTSTRAP in [names[i] for i in keep]:
        note += (
            f" {BOOTSTRAP}: the 95 % interval of the mean by {RESAMPLES:,} resamples, where scores "
            "are skewed or a run lies far off, and the t interval is in doubt; very wide at 5 runs "
            "or fewer, and no more valid than t where some runs stayed at chance."
        )
    rows = [[row[i] for i in keep] for row in rows]
    name = f"All numbers on {group.dataset}"
    return Table([names[i] for i in keep], rows, name, note.strip(), closed=True)


def score_row(line: Line, group: Group) -> list[Cell]:
    """An arm as a row."""
    unit, score = group.unit, line.score

    def shown(value: float) -> Cell:
        return Cell(unit.text(value), value if np.isfinite(value) else None, line.best)

    return [
        Cell(line.label, None, line.best),
        shown(score.estimate),
        shown(score.half_width)._replace(strong=False),
        doubted(line, group),
        shown(score.sd)._replace(strong=False),
        share(line, group.metric),
        cell(len(line.rows)),
        cell(sum(row["status"] == "failed" for row in line.rows)),
        at_chance(line),
        counted(line, "parameters"),
        seconds(line, "seconds"),
        seconds(line, "compile_seconds"),
    ]


def share(line: Line, metric: str) -> Cell:
    """The mean R^2 of an arm; empty where it has none."""
    value = explained(line.rows, metric)
    return Cell(number(value), value) if np.isfinite(value) else cell("")


def about_mean(group: Group) -> str:
    """What the mean of the training targets scores, and which arms are no better; of an rmse."""
    chance = column(group.lines[0].rows, "chance")[0]
    if not metric(group.metric).explained or not np.isfinite(chance):
        return ""
    said = about_the_mean([(x.label, x.rows, group.metric) for x in group.lines])
    scored = f"Always saying the mean of the training targets has {group.unit.whole(chance)}."
    return "".join(f" {sentence}" for sentence in (scored, *said))


def doubted(line: Line, group: Group) -> Cell:
    """The bootstrap-t interval of a mean; empty unless its t interval is in doubt.

    It is of independent runs, and not of such that learned from the same examples.
    """
    if overlap(line.rows, "test_loss") or not describe(line.scores).skewed:
        return cell("")
    found = bootstrap_t(line.scores, resamples=RESAMPLES)
    ends = shown_ends(found.low, found.high, group.metric)
    return cell(group.unit.interval(ends) if np.isfinite(found.low) else "")


def at_chance(line: Line) -> Cell:
    """How many runs are no better than chance; empty where that was not asked."""
    said = [row.get("at_chance", "").lower() for row in line.rows]
    return cell(sum(word == "true" for word in said)) if any(said) else cell("")


def counted(line: Line, name: str) -> Cell:
    """A whole number of an arm."""
    value = line.rows[0].get(name) or ""
    return cell(int(float(value))) if value else cell("")


def seconds(line: Line, name: str) -> Cell:
    """The mean time of a run."""
    values = tested(line.rows, name)
    if not len(values):
        return cell("")
    mean = float(f"{values.mean():.3g}")
    return Cell(number(mean), mean)
