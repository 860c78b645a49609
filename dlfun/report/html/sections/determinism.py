"""The determinism certificate, if the record was verified."""

from __future__ import annotations

from typing import Any

from dlfun.records.reader import broken
from dlfun.report.html.blocks import Block, Words, cell, table
from dlfun.report.html.record import Record
from dlfun.report.html.units import NOTHING, number, sentence

NAMES = (
    "arm", "data set", "trained again", "layout", "members", "bit-equal", "metric",
    "largest drift of it", "of parameters", "ranks of members", "ranks of the arm",
)  # fmt: skip


def determinism(record: Record) -> list[Block]:
    """What the certificate says, and its table."""
    found = record.determinism
    if not found:
        return []
    try:
        rows = [row_of(arm, run) for arm in found["arms"] for run in arm["reruns"]]
        words = [sentence(str(line)) for line in found["words"]]
    except (KeyError, TypeError) as error:
        raise broken(record.folder, "determinism.json") from error
    note = "Drift is the largest difference at the end of training; ranks are by the metric."
    return [Words(words), table(NAMES, rows, "Runs that were trained again", note)]


def row_of(arm: dict[str, Any], run: dict[str, Any]) -> list[Any]:
    """A rerun of an arm."""
    return [
        arm["model"],
        arm["dataset"],
        run["run"],
        run["layout"],
        f"{len(run['members'])} of {arm['members']}",
        "yes" if run["bit_equal"] else "no",
        arm["metric"].replace("_", " "),
        drift(run["drift"].get(arm["metric"])),
        drift(run["parameter_drift"]),
        float(run["member_rank_change"]),
        float(run["arm_rank_change"]),
    ]


def drift(value: float | None) -> Any:
    """A drift, as a cell."""
    return cell(NOTHING) if value is None else cell(number(value))._replace(value=value)
