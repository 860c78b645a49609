"""Successive halving: many configurations for a few steps, the best of them for more.

After each rung one of `eta` configurations goes on from where it is. Later brackets begin with
fewer configurations at a higher rung, for searches where the first steps mislead (Jamieson &
Talwalkar 2016; Li et al. 2018, whose Hyperband is all brackets).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import numpy as np

from dlfun.errors import OPT, UserError
from dlfun.studies.search.field import Field, best_first, scores_of
from dlfun.training.evolution import Decision, History, Part
from dlfun.types import HParams
from dlfun.words import plural


class Rung(NamedTuple):
    """How many configurations are trained in it, and up to which validation."""

    configurations: int
    until: int


def rungs(trials: int, validations: int, eta: int) -> tuple[Rung, ...]:
    """As many rungs as so many configurations and validations make; the last ends with the run.

    >>> [tuple(rung) for rung in rungs(64, 20, 3)]
    [(64, 1), (21, 2), (7, 7), (2, 20)]

    Raises:
      UserError: if they make only one.
    """

    def ends(decisions: int) -> list[int]:
        return [max(1, round(validations / eta**left)) for left in range(decisions, -1, -1)]

    decisions = 0
    while eta ** (decisions + 1) <= trials and len(set(ends(decisions + 1))) > decisions + 1:
        decisions += 1
    if decisions == 0:
        raise UserError(
            f"{OPT.trials}={trials}, validated {plural(validations, 'time')}: too few for "
            "halving by "
            f"{OPT.eta}={eta}; give {OPT.trials}={eta} or more, and {OPT.evaluations}=2 or more"
        )
    return tuple(Rung(trials // eta**k, end) for k, end in enumerate(ends(decisions)))


def brackets(trials: int, validations: int, eta: int, count: int) -> list[tuple[Rung, ...]]:
    """The rungs of each bracket: a later one begins one rung higher, at about the same cost.

    >>> [[rung.configurations for rung in one] for one in brackets(27, 27, 3, 4)]
    [[27, 9, 3, 1], [12, 4, 1], [6, 2], [4]]

    Raises:
      UserError: if there are fewer rungs than brackets.
    """
    first = rungs(trials, validations, eta)
    if count > len(first):
        raise UserError(
            f"{OPT.brackets}={count}: {OPT.trials}={trials} by {OPT.eta}={eta} makes "
            f"{len(first)} rungs; "
            f"give {len(first)} or less"
        )
    found = []
    for b in range(count):
        begin = -(-trials * len(first) // (eta**b * (len(first) - b)))
        found.append(
            tuple(Rung(max(1, begin // eta**k), rung.until) for k, rung in enumerate(first[b:]))
        )
    return found


def validations_spent(plan: Sequence[Sequence[Rung]]) -> int:
    """Intervals that all configurations of some brackets are trained for.

    >>> validations_spent([(Rung(9, 1), Rung(3, 3), Rung(1, 9))])
    21
    """
    total = 0
    for one in plan:
        before = 0
        for rung in one:
            total += rung.configurations * (rung.until - before)
            before = rung.until
    return total


def most_trials(spend: int, validations: int, eta: int, count: int) -> int:
    """The most configurations for which all brackets together spend no more than so many intervals.

    >>> most_trials(16 * 20, 20, 3, 1)
    135

    Raises:
      UserError: if even the fewest spend more.
    """

    def spent(trials: int) -> int:
        return validations_spent(brackets(trials, validations, eta, count))

    trials = eta ** max(1, count - 1)
    if spent(trials) > spend:
        raise UserError(
            f"halving in {count} brackets by {OPT.eta}={eta} takes as long as "
            f"{-(-spent(trials) // validations)} whole runs at least; give as many {OPT.trials}"
        )
    while spent(trials + 1) <= spend:
        trials += 1
    return trials


def parts_of(plan: Sequence[Rung], field: Field) -> list[Part]:
    """The parts of a bracket, whose first rung holds all configurations of each group."""
    each = len(field.trials) // plan[0].configurations
    return [Part(rung.configurations * each, rung.until) for rung in plan]


def decider(
    plan: Sequence[Rung], field: Field
) -> Callable[[int, np.ndarray, HParams, History], Decision]:
    """Keeps the configurations of the best mean validation in each group, with all their seeds.

    One with a failed seed ranks behind all without.
    """

    def decide(part: int, slots: np.ndarray, hparams: HParams, history: History) -> Decision:
        scores, trials, groups = scores_of(history), field.trials[slots], field.groups[slots]
        kept: list[np.ndarray] = []
        for group in np.unique(groups):
            own = np.unique(trials[groups == group])
            means = np.array([scores[trials == trial].mean() for trial in own])
            kept.append(own[best_first(means)[: plan[part + 1].configurations]])
        rows = np.flatnonzero(np.isin(trials, np.concatenate(kept)))
        return Decision(rows, rows, jax.tree.map(lambda leaf: np.asarray(leaf)[rows], hparams))

    return decide
