"""The rows of an arm's runs, as members.csv has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlfun.records.outcome import Result
from dlfun.training.train import Trained
from dlfun.types import Members


def shortest(value: np.generic) -> float | int:
    """A Python number with the fewest digits that read back as this value in its own precision.

    >>> shortest(np.float32(0.255))
    0.255
    """
    return value.item() if isinstance(value, np.integer) else float(str(value))


def make_rows(
    result: Result,
    members: Members,
    columns: Sequence[dict[str, Any]],
    failed_at: np.ndarray,
    finals: dict[str, Any],
) -> list[dict[str, Any]]:
    """A row a member: what it is, whether it failed, and the last value of every metric."""
    seeds = len(members.replicates) // max(len(columns), 1)
    rows = []
    for i, replicate in enumerate(members.replicates):
        failed = failed_at[i] >= 0
        row = {
            "model": result.model,
            "dataset": result.dataset,
            "replicate": replicate,
            **(columns[i // seeds] if columns else {}),
            "status": "failed" if failed else "ok",
            "failed_at": int(failed_at[i]) if failed else "",
            "steps": result.settings.steps,
        }
        rows.append(row | {name: shortest(values[i]) for name, values in finals.items()})
    return rows


def in_other_units(finals: dict[str, Any]) -> dict[str, Any]:
    """Nats per token as bits per token and as perplexity, for every split."""
    nats = {n.removesuffix("_nats"): v for n, v in finals.items() if n.endswith("_nats")}
    return {f"{split}_bits": values / np.log(2) for split, values in nats.items()} | {
        f"{split}_perplexity": np.exp(values) for split, values in nats.items()
    }


def final_metrics(found: Trained) -> dict[str, np.ndarray]:
    """The last value of every metric [members], the test split's if it was opened, and counters."""
    finals = {
        **{name: values[:, -1] for name, values in found.history.items()},
        **{f"test_{name}": values for name, values in found.test.items()},
        **found.kept.counters,
    }
    return finals | in_other_units(finals)
