"""Runs that failed or stayed at chance, by name."""

from __future__ import annotations

from dlfun.report.html.blocks import Block, Words, table
from dlfun.report.html.record import Record, Row
from dlfun.report.html.results import configurations, swept_names
from dlfun.words import plural

NUMBERS = ("learning_rate", "weight_decay", "gradient_clip", "dropout_rate", "optimizer")
"""Flags that say why a run may have failed, where nothing was swept."""


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
    """The hyperparameters to name: those swept, else the usual suspects among the flags."""
    given = dict(flag_values(record))
    return swept_names(record) or [name for name in NUMBERS if name in given]


def flag_values(record: Record) -> list[tuple[str, str]]:
    """Flags that have a value."""
    parts = (line.removeprefix("--").partition("=") for line in record.flags if "=" in line)
    return [(name, value) for name, _, value in parts]


def failure_row(record: Record, row: Row, names: list[str]) -> list[object]:
    """A run that failed, with its hyperparameters."""
    given = dict(flag_values(record))
    chosen = configurations(record.frozen).get((row["dataset"], row["model"]), {})
    happened = "not finite" if row["status"] == "failed" else "at chance"
    values = [
        str(row.get(n) or chosen.get(n) or of_model(given.get(n, ""), row["model"])) for n in names
    ]
    step = row.get("failed_at") or ""
    return [
        row["model"],
        row["dataset"],
        int(row["replicate"] or 0),
        happened,
        int(step) if step else "",
        *values,
    ]


def of_model(text: str, model: str) -> str:
    """A flag's value for one model, of MODEL:VALUE,REST.

    >>> of_model("cnn:0.1,0.01", "cnn"), of_model("cnn:0.1,0.01", "rnn"), of_model("0.3", "cnn")
    ('0.1', '0.01', '0.3')
    """
    parts = dict(p.rpartition(":")[::2] for p in text.split(","))
    return parts.get(model, parts.get("", text))
