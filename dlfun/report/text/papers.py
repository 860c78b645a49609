"""The tables of records for papers: arms with their intervals, and pairs with their verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.config.studies import STUDIES
from dlfun.records.checksums import check_record
from dlfun.records.reader import (
    broken,
    is_judged,
    read_json,
    read_rows,
    script_of,
    swept_of,
)
from dlfun.report.best import BOLD, best_arms
from dlfun.report.record_names import record_names
from dlfun.report.rows import Line, brief, steps_of, summarise
from dlfun.report.scales import gather, side_by_side
from dlfun.report.text.across import across_cells, summaries
from dlfun.report.text.across import meaning as across_meaning
from dlfun.report.text.formats import Bold, table_as
from dlfun.report.text.notes import noted, notes_in
from dlfun.report.text.table import heading, shown
from dlfun.report.text.verdicts import about, counted, verdict

ARMS = (
    "± is the half-width of the 95 % t interval of the mean over runs; n is how many did not "
    "fail, copies of one result counting once."
)
PAIRS = (
    "Intervals of a - b hold for all pairs of a family together; θ is the chance that a beats b."
)
NEEDED = {
    "a",
    "b",
    "dataset",
    "metric",
    "n",
    "unit",
    "diff",
    "ci",
    "ci_level",
    "p_holm",
    "theta",
} | {
    "theta_ci",
    "hedges_g",
    "n_distinct_a",
    "n_distinct_b",
    "paired",
    "scope",
    "split_scheme",
    "verdict",
    "winner",
}
"""What the table takes of a pair."""


class Arm(NamedTuple):
    """A line of the table of a record: which record, what was swept, and whether it is best."""

    record: str
    swept: dict[str, str]
    line: Line
    best: bool


def arms_of(record: str, folder: Path, pairs: Sequence[Mapping[str, Any]]) -> list[Arm]:
    """The arms of a record, best first; no arm is the best where no pairs were compared.

    Args:
      record: what the record is called in the table.
      pairs: of its comparison.json.
    """
    judged = is_judged(folder)
    swept = [] if judged else swept_of(folder)
    split = "test" if judged else STUDIES[script_of(folder)].split
    lines = summarise(read_rows(folder), split, ["model", *swept])
    best = {
        (dataset, name)
        for dataset in dict.fromkeys(line.dataset for line in lines)
        for name in best_arms(means_of(lines, dataset), pairs, dataset)
    }
    return [
        Arm(
            record,
            {name: brief(line.rows[0].get(name, "")) for name in swept},
            line,
            (line.dataset, line.rows[0]["model"]) in best,
        )
        for line in lines
    ]


def means_of(lines: Sequence[Line], dataset: str) -> dict[str, float]:
    """Arm -> its mean on a data set, best first."""
    return {x.rows[0]["model"]: x.score.estimate for x in lines if x.dataset == dataset}


def study_cells(arms: Sequence[Arm], together: bool) -> list[dict[str, str]]:
    """A row an arm: mean, half the width of its 95 % t interval, sd, members, how many failed.

    `together` has the mean and the half-width in one cell, bold where the arm is best.
    """
    kind = heading([arm.line for arm in arms])
    swept = list(dict.fromkeys(name for arm in arms for name in arm.swept))
    several = len({arm.line.metric for arm in arms}) > 1
    stopped = any(one["status"] == "stopped" for arm in arms for one in arm.line.rows)

    def row(arm: Arm) -> dict[str, str]:
        line = arm.line
        mean, half, sd = (
            shown(value, line.metric)
            for value in (line.score.estimate, line.score.half_width, line.score.sd)
        )
        both = mean if half == "-" else f"{mean} ± {half}"
        score = {kind: Bold(both) if arm.best else both}
        return {
            "record": arm.record,
            "dataset": line.dataset,
            "model": line.rows[0]["model"],
            **{name: arm.swept.get(name, "") for name in swept},
            **({"metric": line.metric.replace("_", " ")} if several else {}),
            **({"steps": f"{steps_of(line):.0f}"} if stopped else {}),
            **(score if together else {kind: mean, "half width": half}),
            "sd": sd,
            "n": str(line.score.n),
            "failed": str(sum(one["status"] == "failed" for one in line.rows)),
        }

    return [row(arm) for arm in arms]


def pair_cells(record: str, pairs: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """A row a pair of arms of a comparison.json; accuracies differ by percentage points."""

    def measured(pair: Mapping[str, Any], *names: str) -> str:
        found = [value for name in names for value in np.atleast_1d(pair[name])]
        return ends([shown(as_number(value), pair["metric"]) for value in found])

    return [
        {
            "record": record,
            "dataset": pair["dataset"],
            "a": pair["a"],
            "b": pair["b"],
            "metric": pair["metric"].replace("_", " "),
            "n": counted(pair),
            "a - b": measured(pair, "diff"),
            "interval": measured(pair, "ci"),
            "level %": f"{100 * pair['ci_level']:.4g}",
            "p (Holm)": digits(pair["p_holm"]),
            "θ": digits(pair["theta"]),
            "θ interval": ends([digits(value) for value in np.atleast_1d(pair["theta_ci"])]),
            "g": digits(pair["hedges_g"]),
            "verdict": verdict(pair),
        }
        for pair in pairs
    ]


def ends(texts: Sequence[str]) -> str:
    """An interval, or a number alone; - where it is not known.

    >>> ends(["1", "2"]), ends(["-", "-"])
    ('1 to 2', '-')
    """
    return "-" if set(texts) == {"-"} else " to ".join(texts)


def as_number(value: Any) -> float:
    """A number of JSON; NaN for null."""
    return np.nan if value is None else float(value)


def digits(value: Any) -> str:
    """A number of JSON with three digits; - for null."""
    return "-" if value is None else f"{value:.3g}"


def read_pairs(folder: Path) -> list[dict[str, Any]]:
    """The pairs of a record's comparison.json; none if it has no such file.

    Raises:
      UserError: if it is damaged, or of another version.
    """
    if not (folder / "comparison.json").exists():
        return []
    found = read_json(folder, "comparison.json")
    if not isinstance(found, list) or not all(
        isinstance(pair, dict) and set(pair) >= NEEDED for pair in found
    ):
        raise broken(folder, "comparison.json")
    return found


def over_datasets(labels: Sequence[str], folders: Sequence[Path]) -> tuple[str, list[Any]]:
    """What the table of arms over data sets holds, and its rows: none with fewer than three."""
    compared = {
        label: read_rows(folder)
        for label, folder in zip(labels, folders, strict=True)
        if is_judged(folder) or not STUDIES[script_of(folder)].searches
    }
    across = gather(side_by_side(compared)) if compared else None
    if across is None:
        return "", []
    left = f" Left out: {'; '.join(across.left_out)}." if across.left_out else ""
    about = f"Over {len(across.scales)} data sets, {across_meaning(across)}.{left}"
    return about, across_cells(summaries(across), "{} to {}")


def print_tables(folders: Sequence[str | Path], format: str) -> str:
    """The tables of records: of arms, of pairs if any, and of arms over data sets if many.

    Several records share all tables, told apart by a column. What is in the tables is their
    caption, but in CSV, where an empty line parts them.

    Raises:
      UserError: if a folder holds no record, or the format is unknown.
    """
    paths = [Path(folder) for folder in folders]
    labels = record_names(paths)
    arms: list[Arm] = []
    compared: list[dict[str, str]] = []
    told: list[dict[str, Any]] = []
    for label, path in zip(labels, paths, strict=True):
        check_record(path)
        pairs = read_pairs(path)
        arms += arms_of(label, path, pairs)
        compared += pair_cells(label, pairs)
        told += pairs
    meaning = f"{ARMS} {BOLD}" if any(arm.best for arm in arms) else ARMS
    tables = [(meaning, study_cells(arms, together=format != "csv")), (meaning_of(told), compared)]
    tables.append(over_datasets(labels, paths))
    parts = []
    for title, rows in tables:
        if len(paths) == 1:
            rows = [{n: v for n, v in row.items() if n != "record"} for row in rows]
        if rows:
            parts.append(table_as(rows, format, caption=title))
    return "\n\n".join([*parts, *noted(list(notes_in(paths)), format)])


def print_pairs(pairs: Sequence[Mapping[str, Any]], format: str) -> str:
    """The table of pairs alone."""
    rows = [{n: v for n, v in row.items() if n != "record"} for row in pair_cells("", pairs)]
    return table_as(rows, format, caption=meaning_of(pairs))


def meaning_of(pairs: Sequence[Mapping[str, Any]]) -> str:
    """What a table of pairs holds, and what its verdicts are about."""
    return f"{PAIRS} Verdicts are about {about(pairs)}."
