"""The noise floor of a study's data sets in words. Needs no JAX."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dlfun.objectives.metrics import figure
from dlfun.objectives.metrics import metric as metric_row
from dlfun.stats.noise_floor import NoiseFloor, noise_floor
from dlfun.studies.comparison.gates import DatasetRuns
from dlfun.studies.comparison.verdicts import metric_of, score
from dlfun.types import SPLITS
from dlfun.words import plural

MOST = 3
"""Of more data sets one line tells of all."""


def floor_notes(tested: Mapping[str, DatasetRuns]) -> list[str]:
    """What differences seeds alone make: a line a data set, or one for many of them."""
    known = {
        name: (floor, metric_of(one.rows, "test"))
        for name, one in tested.items()
        if (floor := floor_of(one))
    }
    if tested and not known:
        return ["noise floor: there is none of seeds alone, as runs are folds or have no scores"]
    if len(known) <= MOST:
        several = len(tested) > 1
        return [floor_note(name if several else "", *one) for name, one in known.items()]
    metric = next(iter(known.values()))[1]
    low, middle, high = np.quantile([floor.means for floor, _ in known.values()], [0, 0.5, 1])
    n = min(floor.n for floor, _ in known.values())
    return [
        f"noise floor: of one model against itself, by seeds alone, 95 % of means of "
        f"{plural(n, 'seed')} differ by less than {amount(middle, metric)} on the data set in the "
        f"middle of {len(known)}, {amount(low, metric)} on the quietest, {amount(high, metric)} on "
        "the noisiest"
    ]


def floor_of(tested: DatasetRuns) -> NoiseFloor | None:
    """The noise floor of a data set; None where no arm has two runs with a score.

    Folds differ by what they are tested on, and have none.
    """
    if SPLITS[tested.facts.scheme].folds:
        return None
    metric = metric_of(tested.rows, "test")
    arms: dict[str, list[float]] = {}
    for row in tested.rows:
        arms.setdefault(row["model"], []).append(score(row, metric))
    return noise_floor(list(arms.values()))


def amount(value: float, metric: str) -> str:
    """A difference with its unit."""
    return f"{figure(value, metric, form='.3g')} {metric_row(metric).step}".strip()


def floor_note(dataset: str, floor: NoiseFloor, metric: str) -> str:
    """What a model against itself would show."""
    sd, runs, means, lead = (
        amount(x, metric) for x in (floor.sd, floor.runs, floor.means, floor.lead)
    )
    where = f" on {dataset}" if dataset else ""
    return (
        f"noise floor{where}: of one model against itself, by seeds alone, 95 % of single runs "
        f"differ by less than {runs}, of means of {plural(floor.n, 'seed')} by less than {means}; "
        f"of {max(floor.arms, 2)} equal models the best leads the last by up to {lead} (sd over "
        f"seeds {sd}, {floor.df} degrees of freedom)"
    )
