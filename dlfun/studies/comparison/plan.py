"""The plan of a comparison: the seeds it needs, and what they cost here; trains nothing."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dlfun.config.comparison_spec import Claim, delta_of
from dlfun.config.options import StudyOptions
from dlfun.errors import OPT, UserError
from dlfun.objectives.metrics import usual
from dlfun.stats.power import seeds_for_verdicts
from dlfun.studies.comparison.pilot import check_pilot, of_pilot
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
    models = list(options.models)
    check_pilot(pilot, options.datasets, models, claim)
    costs = explain(options, lambda names: check_pilot(pilot, names, models, claim))
    targets = {one.dataset: one.target_sd for one in costs}
    needs = []
    for dataset, target_sd in targets.items():
        if pilot is None:
            metric = f"test_{usual(numbers=bool(target_sd))}"
            delta, _ = delta_of(claim, dataset, metric, target_sd)
            spreads = {f"sd {k:g} x delta": k * delta for k in ASSUMED}
        else:
            metric, spreads = of_pilot(Path(pilot), dataset, models, claim)
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
