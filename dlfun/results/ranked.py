"""Methods ranked over the data sets that all of them have a score on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun.stats.ranks import FEWEST, Ranks, friedman, mean_ranks, rank_algorithms
from dlfun.studies.comparison.verdicts import Row


class Ranked(NamedTuple):
    """Methods over data sets that all of them have a score on.

    Attributes:
      names: of the methods, best first.
      datasets: how many data sets.
      mean: mean rank of each, of its mean scores, 1 being the best.
      friedman: the statistic; None of fewer than three methods or data sets.
      tests: of `rank_algorithms`, in the order of the names; None of few data sets.
    """

    names: list[str]
    datasets: int
    mean: list[float]
    friedman: float | None
    tests: Ranks | None

    def pairs(self) -> list[dict[str, Any]]:
        """A row a pair, with its p value by Wilcoxon and Holm; none of few data sets."""
        if self.tests is None:
            return []
        return [
            {"a": a, "b": b, "p_holm": float(self.tests.p[i, j])}
            for i, a in enumerate(self.names)
            for j, b in enumerate(self.names)
            if i < j
        ]


def rank(rows: Sequence[Row], metric: str, higher: bool) -> Ranked | None:
    """Methods by their mean scores on the data sets where all have one."""
    scores: dict[str, dict[str, list[tuple[int, float]]]] = {}  # summed in the order of seeds
    for row in rows:
        own = scores.setdefault(row["dataset"], {}).setdefault(row["model"], [])
        own += [] if row["status"] == "failed" else [(int(row["replicate"]), float(row[metric]))]
    methods = list(dict.fromkeys(row["model"] for row in rows))
    complete = [
        [np.mean([score for _, score in sorted(own[method])]) for method in methods]
        for own in scores.values()
        if all(own.get(method) for method in methods)
    ]
    if len(complete) < 2:
        return None
    table = np.array(complete)
    mean = mean_ranks(table, higher)
    order = np.argsort(mean, kind="stable")
    table = table[:, order]
    few = len(table) < 3 or len(methods) < 3
    return Ranked(
        [methods[k] for k in order],
        len(table),
        mean[order].tolist(),
        None if few or not np.ptp(table, axis=1).any() else friedman(table),
        rank_algorithms(table, higher_is_better=higher) if len(table) >= FEWEST else None,
    )
