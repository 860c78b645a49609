"""The claim of a comparison: deltas, family, scope and looks. Needs no JAX."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from dlfun.errors import OPT, UserError, unknown
from dlfun.objectives.metrics import default_delta

FAMILIES = ("all-pairs", "vs-reference")
POPULATION = "population"
SCOPES = ("this-test-set", POPULATION)

ALL = ""
"""The key of the delta for every data set that has none of its own."""


@dataclasses.dataclass(frozen=True)
class Claim:
    """What is fixed before a comparison is confirmed.

    Attributes:
      delta: data set, or `ALL`, -> the largest difference that counts as none, in the metric's
        unit (accuracies as fractions); data sets without one take their default.
      family: the pairs of which a claim is made: all, or each arm against the reference.
      reference: an arm; None unless the family is vs-reference.
      scope: this-test-set, or population: all examples like those tested.
      alpha: chance that a family has a wrong claim.
      power: chance that a difference of delta is found, in numbers of seeds.
      looks: declared numbers of seeds at which the study may stop; empty: one look.
      frozen_hash: of the configurations that were tuned and frozen, else None.
      test_openings: how often the test split was opened for them.
    """

    delta: Mapping[str, float] = dataclasses.field(default_factory=dict)
    family: str = "all-pairs"
    reference: str | None = None
    scope: str = "this-test-set"
    alpha: float = 0.05
    power: float = 0.8
    looks: tuple[int, ...] = ()
    frozen_hash: str | None = None
    test_openings: int = 1


def delta_of(claim: Claim, dataset: str, metric: str, spread: float = 0.0) -> tuple[float, bool]:
    """The delta of a data set, and whether it was given.

    Args:
      spread: the standard deviation of the training targets, where these are numbers.

    >>> delta_of(Claim({"": 0.02}), "digits", "test_accuracy")
    (0.02, True)
    >>> delta_of(Claim(), "mnist", "test_accuracy")
    (0.001, False)
    """
    for name in (dataset, ALL):
        if name in claim.delta:
            return claim.delta[name], True
    return default_delta(metric, dataset, spread), False


def check_deltas(delta: Mapping[str, float], datasets: Iterable[str]) -> None:
    """Raises UserError if a delta is of a data set that a study does not have."""
    known = list(datasets)
    for name in delta:
        if name not in (ALL, *known):
            raise UserError(f"{OPT.delta}={name}: {unknown('data set', name, known)}")


def declared_looks(seeds: int, most: int) -> tuple[int, ...]:
    """Looks that double from `seeds` to `most`.

    >>> declared_looks(10, 40), declared_looks(10, 50)
    ((10, 20, 40), (10, 20, 40, 50))

    Raises:
      UserError: if `most` is not above `seeds`.
    """
    if most <= seeds:
        raise UserError(
            f"{OPT.max_seeds}={most} leaves {OPT.until_decided} nothing to add to "
            f"{OPT.seeds}={seeds}; "
            "give a larger number"
        )
    looks = [seeds]
    while 2 * looks[-1] < most:
        looks.append(2 * looks[-1])
    return (*looks, most)
