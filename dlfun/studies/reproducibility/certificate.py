"""The determinism certificate of a record: what repeats bit by bit, and what drifts by how much."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dlfun.config.options import StudyOptions
from dlfun.records.checksums import check_writable, write_into
from dlfun.records.differences import differences
from dlfun.records.environment import environment
from dlfun.records.outcome import Outcome
from dlfun.records.recorded import Recorded, left_behind
from dlfun.studies.comparison.verdicts import metric_of
from dlfun.studies.reproducibility import drift
from dlfun.studies.reproducibility.arms import Arm
from dlfun.studies.reproducibility.rerun import SAME, Rerun, reruns
from dlfun.words import plural

FILE = "determinism.json"


def verify(
    record: Recorded,
    options: StudyOptions,
    arms: Sequence[Arm],
    members: int = 3,
    again: Callable[[Arm], Sequence[Rerun]] | None = None,
) -> dict[str, Any]:
    """Trains members of a record again and adds what came of it to the record.

    Args:
      options: those of the record's config.flags.
      arms: those that they make, in the order of the record.
      members: how many of each arm are trained alone, and in another population.
      again: of each arm in turn, what else is run again; None trains its members.

    Returns:
      the certificate, as determinism.json holds it: `arms`, each with its `reruns`; `words`;
      the environments `then` and `now`, and in words their `differences`.

    Raises:
      UserError: if the record has other members than the arms, or cannot be written to.
    """
    check_writable(record.folder)
    named = [(arm.data.first.name, arm.name) for arm in arms]
    outcomes = left_behind(record, named, [arm.members for arm in arms])
    again = again or functools.partial(reruns, options, wanted=members)
    found = [checked(arm, outcome, again(arm)) for arm, outcome in zip(arms, outcomes, strict=True)]
    rank_arms(found)
    now = environment(list({arm.data.first.name: arm.data.first for arm in arms}.values()))
    changes = differences(record.environment, now)
    models = {model for _, model in named}
    others = dict.fromkeys(r["model"] for r in record.rows if r["model"] not in models)
    certificate = {
        "members": members,
        "words": words(found, list(others), changes),
        "arms": [{n: v for n, v in arm.items() if n != "means"} for arm in found],
        "differences": changes,
        "then": record.environment,
        "now": now,
    }
    write_into(record.folder, FILE, f"{json.dumps(certificate, indent=2)}\n")
    return certificate


def checked(arm: Arm, outcome: Outcome, runs: Sequence[Rerun]) -> dict[str, Any]:
    """An arm of the certificate, with the means that arms are ranked by."""
    known = dict.fromkeys(runs[0].outcome.finals, 0)
    metric = metric_of([known], "test" if arm.tested else "validation")
    seeds = arm.members // len(arm.configurations)
    return {
        "dataset": arm.data.first.name,
        "model": arm.name,
        "members": arm.members,
        "metric": metric,
        "reruns": [compared(outcome, run, metric) for run in runs],
        "means": {run.name: means(outcome, run, metric, seeds) for run in runs},
    }


def compared(outcome: Outcome, run: Rerun, metric: str) -> dict[str, Any]:
    """How far members that ran again are from the record, as the certificate has it."""
    rows, new = run.members, run.outcome
    old = {name: values[rows] for name, values in outcome.history.items()}
    finals = {name: values[rows] for name, values in outcome.finals.items() if name in new.finals}
    known = [i for i, row in enumerate(rows) if row in outcome.kept]
    places = [outcome.kept.index(rows[i]) for i in known]
    before = {name: values[places] for name, values in outcome.parameters.items()}
    after = {name: np.asarray(values)[known] for name, values in new.parameters.items()}
    kept = bool(known)
    same = {
        "history": drift.all_same(old, new.history),
        "metrics": drift.all_same(finals, new.finals),
        "parameters": drift.all_same(before, after) if kept else None,
    }
    scores = outcome.finals.get(metric, np.full(len(outcome.finals["replicate"]), np.nan))
    moved = scores.copy()
    moved[rows] = new.finals[metric]
    return {
        "run": run.name,
        "layout": str(run.layout),
        "population": run.population,
        "members": rows,
        "bit_equal": all(value is not False for value in same.values()),
        "bit_equal_in": same,
        "drift": {n: finite(d) for n, d in drift.metric_drifts(finals, new.finals).items()},
        "parameter_drift": finite(drift.parameter_drift(before, after)) if kept else None,
        "member_rank_change": float(drift.rank_change(scores, moved).max()),
    }


def finite(value: float) -> float | None:
    """The number; None where it is infinite, as JSON has none."""
    return value if np.isfinite(value) else None


def means(outcome: Outcome, run: Rerun, metric: str, seeds: int) -> list[tuple[float, float]]:
    """Before and after, the mean of each configuration over its members that ran again."""
    scores = outcome.finals.get(metric, np.full(len(outcome.finals["replicate"]), np.nan))
    own: dict[int, list[int]] = defaultdict(list)
    for i, row in enumerate(run.members):
        own[row // seeds].append(i)
    return [
        (
            drift.mean_known(scores[[run.members[i] for i in which]]),
            drift.mean_known(run.outcome.finals[metric][which]),
        )
        for which in own.values()
    ]


def rank_arms(found: Sequence[dict[str, Any]]) -> None:
    """Adds to every rerun how many ranks its arm moved, among those of its data set and metric.

    In a sweep each configuration has a rank, and the arm's largest change counts.
    """
    for number in range(len(found[0]["reruns"])):
        groups = defaultdict(list)
        for arm in found:
            groups[arm["dataset"], arm["metric"]].append(arm)
        for arms in groups.values():
            pairs = [list(arm["means"].values())[number] for arm in arms]
            before, after = np.array([pair for own in pairs for pair in own]).T
            ends = np.cumsum([len(own) for own in pairs])[:-1]
            moves = np.split(drift.rank_change(before, after), ends)
            for arm, moved in zip(arms, moves, strict=True):
                arm["reruns"][number]["arm_rank_change"] = float(moved.max())


def words(
    found: Sequence[Mapping[str, Any]], others: Sequence[str], changes: Sequence[str]
) -> list[str]:
    """What the certificate says, in sentences; `others` are models that were not trained again."""
    runs = [(f"{arm['dataset']}: {arm['model']}", run) for arm in found for run in arm["reruns"]]
    broken = [name for name, run in runs if run["run"] == SAME and not run["bit_equal"]]
    said = [
        f"not bit by bit in the same population and layout: {', '.join(broken)}"
        if broken
        else "every arm repeats bit by bit in the same population and layout"
    ]
    apart = [run for _, run in runs if run["run"] != SAME]
    if not apart:
        said.append("a search that decides on the way was run again as a whole, and not in parts")
    elif all(run["bit_equal"] for run in apart):
        said.append("so do members alone and in another population")
    else:
        moved = sum(run["arm_rank_change"] > 0 for run in apart)
        drift_by = "differ" if broken or changes else "drift by rounding"
        said.append(
            f"members alone and in another population {drift_by}; "
            + (
                f"the rank of an arm changes in {plural(moved, 'rerun')}"
                if moved
                else "no arm changes rank"
            )
        )
    if others:
        said.append(f"classical models are not trained again: {', '.join(others)}")
    if changes:
        said.append(
            "bits are promised for the same versions, machine and data, and here differ "
            + "; ".join(changes)
        )
    return said
