"""The plan of a comparison: the seeds it needs, and what they cost here; trains nothing."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.config.comparison_spec import Claim, delta_of
from dlfun.config.options import StudyOptions
from dlfun.data import is_path
from dlfun.errors import OPT, UserError
from dlfun.objectives.metrics import usual
from dlfun.records.checksums import check_record
from dlfun.records.reader import read_rows
from dlfun.stats import sd_upper
from dlfun.stats.power import seeds_for_verdicts
from dlfun.studies.comparison.verdicts import make_arms, metric_of
from dlfun.studies.population.layout_candidates import Explained, explain

ASSUMED = (0.5, 1.0, 2.0, 4.0)
"""Without a pilot: spreads of paired differences, in units of delta."""


class Need(NamedTuple):
    """The seeds that a pair needs.

    Attributes:
      pair: the arms, or the spread that is assumed.
      sd: of paired differences; from a pilot, its 80 % upper limit.
      detect, equivalence: seeds to find a difference of delta, and to show that there is none;
        None: more than can be said.
    """

    dataset: str
    metric: str
    pair: str
    delta: float
    sd: float
    detect: int | None = None
    equivalence: int | None = None


class Plan(NamedTuple):
    """Needs, and for each arm the layouts that were measured, fastest first."""

    needs: list[Need]
    costs: list[Explained]
    power: float


def make_plan(options: StudyOptions, claim: Claim, pilot: str | None) -> Plan:
    """The plan of a comparison; `pilot` is a record of the same models, or None.

    Raises:
      UserError: if the pilot has too few seeds of these models.
    """
    count = len(options.models)
    size = count * (count - 1) // 2 if claim.family == "all-pairs" else count - 1
    if size < 1:
        raise UserError(f"{OPT.plan} is for comparisons; name two models or more")
    for dataset in options.datasets if pilot is not None else ():
        if not is_path(dataset):  # what is read from a path has another name, known when it is read
            of_pilot(Path(str(pilot)), dataset, list(options.models), claim)
    costs = explain(options)
    targets = {one.dataset: one.target_sd for one in costs}
    needs = []
    for dataset, target_sd in targets.items():
        if pilot is None:
            metric = f"test_{usual(numbers=bool(target_sd))}"
            delta, _ = delta_of(claim, dataset, metric, target_sd)
            spreads = {f"sd {k:g} x delta": k * delta for k in ASSUMED}
        else:
            metric, spreads = of_pilot(Path(pilot), dataset, list(options.models), claim)
            delta, _ = delta_of(claim, dataset, metric, target_sd)
        for pair, sd in spreads.items():
            needs.append(with_seeds(Need(dataset, metric, pair, delta, sd), claim, size))
    return Plan(needs, costs, claim.power)


def with_seeds(need: Need, claim: Claim, size: int) -> Need:
    """A need with its seeds, whose share of the error rate is that of a family of this size."""
    if need.delta <= 0:
        return need
    detect, same = seeds_for_verdicts(need.sd, need.delta, claim.power, claim.alpha / size)
    return need._replace(detect=detect, equivalence=same)


def of_pilot(
    folder: Path, dataset: str, models: Sequence[str], claim: Claim
) -> tuple[str, dict[str, float]]:
    """The metric, and for each pair of models the upper limit of the sd of its differences.

    Raises:
      UserError: if the record lacks the data set, or has fewer than two seeds of a model.
    """
    rows = [row for row in read_members(folder) if row["dataset"] == dataset]
    metric = metric_of(rows, "test")
    arms = {arm.name: np.asarray(arm.scores, float) for arm in make_arms(rows, metric)}
    missing = [model for model in models if len(arms.get(model, ())) < 2]
    if missing:
        raise UserError(
            f"{OPT.pilot}={folder}: has fewer than 2 seeds of {missing[0]} on {dataset} with a "
            "test "
            "score; name a comparison of the same models and data sets"
        )
    pairs = (
        itertools.combinations(models, 2)
        if claim.family == "all-pairs"
        else ((m, claim.reference) for m in models if m != claim.reference)
    )
    found = {}
    for a, b in pairs:
        both = min(len(arms[a]), len(arms[str(b)]))
        differences = arms[a][:both] - arms[str(b)][:both]
        kept = differences[np.isfinite(differences)]
        sd = float(kept.std(ddof=1)) if len(kept) > 1 else float("inf")
        found[f"{a} - {b}"] = sd_upper(sd, len(kept))
    return metric, found


def read_members(folder: Path) -> Sequence[Mapping[str, Any]]:
    """The rows of a record's members.csv.

    Raises:
      UserError: if it is no record.
    """
    check_record(folder)
    try:
        return read_rows(folder)
    except UserError:
        raise UserError(
            f"{OPT.pilot}={folder}: holds no members.csv to read; name the record of a comparison"
        ) from None
