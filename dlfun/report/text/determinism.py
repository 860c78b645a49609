"""The table of a determinism certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlfun.report.text.table import text_table

LEFT = ("dataset", "model", "trained again", "layout", "metric")
MEANING = (
    "drift is the largest difference at the end; that of parameters is the largest of an array "
    "over its largest magnitude. Ranks are by the metric: of members among all of their arm, of "
    "arms by the mean of the members trained again; ties share a rank."
)


def drift_text(value: float | None) -> str:
    """A drift with two digits.

    >>> drift_text(0.0), drift_text(0.00123), drift_text(None)
    ('0', '0.0012', '-')
    """
    return "-" if value is None else f"{value:.2g}"


def certificate_rows(certificate: Mapping[str, Any]) -> list[dict[str, str]]:
    """A row a rerun of an arm, as cells of a table."""
    rows = []
    for arm in certificate["arms"]:
        for run in arm["reruns"]:
            rows.append(
                {
                    "dataset": arm["dataset"],
                    "model": arm["model"],
                    "trained again": run["run"],
                    "layout": run["layout"],
                    "members": f"{len(run['members'])} of {arm['members']}",
                    "bit-equal": "yes" if run["bit_equal"] else "no",
                    "metric": arm["metric"].replace("_", " "),
                    "drift": drift_text(run["drift"].get(arm["metric"])),
                    "train loss drift": drift_text(run["drift"].get("train_loss")),
                    "parameters drift": drift_text(run["parameter_drift"]),
                    "ranks of members": f"{run['member_rank_change']:g}",
                    "ranks of arm": f"{run['arm_rank_change']:g}",
                }
            )
    return rows


def certificate_table(certificate: Mapping[str, Any]) -> str:
    """The table, what its columns mean, and what the certificate says in words."""
    said = "\n".join(certificate["words"])
    return f"{text_table(certificate_rows(certificate), LEFT)}\n{MEANING}\n{said}"
