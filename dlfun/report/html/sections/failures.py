"""The section on failures: runs that failed or stayed at chance, by name."""

from __future__ import annotations

from dlfun.report.html.blocks import Block, Words, table
from dlfun.report.html.record import Record, Row
from dlfun.report.html.results import configurations, swept_names
from dlfun.words import plural

NUMBERS = ("learning_rate", "weight_decay", "gradient_clip", "dropout_rate", "optimizer")
"""What may say why a run failed, where nothing was swept."""


def failures(record: Record) -> list[Block]:
    """A row for every run that failed or is no better than chance."""
    failed = [row for row in record.rows if row["status"] == "failed"]
    idle = [
        row
        for row in record.rows
        if row["status"] == "ok" and row.get("at_chance", "").lower() == "true"
    ]
    if not failed and not idle:
        return []
    said = []
    if failed:
        said.append(
            f"{plural(len(failed), 'run')} of {len(record.rows):,} stopped being finite. They are "
            "left out of the means of the table and counted in its column; verdicts rank "
            "them last."
        )
    if idle:
        said.append(f"{plural(len(idle), 'run')} ended no better than chance.")
    names = searched(record)
    rows = [failure_row(record, row, names) for row in [*failed, *idle]]
    columns = ["arm", "data set", "replicate", "what happened", "at step"]
    columns += [name.replace("_", " ") for name in names]
    return [Words(said), table(columns, rows, "Runs that failed or stayed at chance")]


def searched(record: Record) -> list[str]:
    """The hyperparameters to name: those swept, else the usual suspects that a model has."""
    models = record.study.get("models", {}).values()
    return swept_names(record) or [n for n in NUMBERS if any(n in (own or {}) for own in models)]


def failure_row(record: Record, row: Row, names: list[str]) -> list[object]:
    """A run that failed, with its hyperparameters."""
    given = record.study.get("models", {}).get(row["model"]) or {}
    chosen = configurations(record.frozen).get((row["dataset"], row["model"]), {})
    happened = "not finite" if row["status"] == "failed" else "at chance"
    values = [str(row.get(n) or chosen.get(n) or given.get(n, "")) for n in names]
    step = row.get("failed_at") or ""
    return [
        row["model"],
        row["dataset"],
        int(row["replicate"] or 0),
        happened,
        int(step) if step else "",
        *values,
    ]
