"""Population-based training: the worst go on from the best, with numbers near theirs.

Jaderberg et al. 2017: truncation selection of a fifth, and exploration by a factor or anew. The
numbers of a member become a schedule, which no search over constant numbers can find.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import jax
import numpy as np

from dlfun.config.search_space import Dimension
from dlfun.errors import OPT, UserError
from dlfun.studies.search.field import Field, best_first, scores_of
from dlfun.studies.search.samplers import at
from dlfun.training.evolution import Decision, History, Part
from dlfun.types import HParams

TRUNCATED = 0.2
"""Of a group this part goes on from a member of as large a part that is best."""

ANEW = 0.25
"""How often a number is drawn anew, and not moved."""

FACTOR = 1.25
"""By which a number on a log scale is multiplied or divided."""

STEP = 0.1
"""By which part of its range a number on a linear scale is moved."""


def parts_of(members: int, validations: int, rounds: int) -> list[Part]:
    """Parts of about equal length; all members are trained in all of them.

    >>> parts_of(10, 20, 3)
    [Part(members=10, until=7), Part(members=10, until=13), Part(members=10, until=20)]

    Raises:
      UserError: if there are fewer validations than rounds.
    """
    if rounds > validations:
        raise UserError(
            f"{OPT.rounds}={rounds}: a run of {validations} validations cannot be parted so often; "
            f"give {validations} or less, or more {OPT.evaluations}"
        )
    return [Part(members, round(validations * (k + 1) / rounds)) for k in range(rounds)]


def moved(dimension: Dimension, value: float, up: bool) -> float:
    """A number a step up or down, inside its bounds.

    >>> moved(Dimension("log", 0.01, 1.0), 0.1, True), moved(Dimension("lin", 0, 1), 0.95, True)
    (0.125, 1)
    """
    if dimension.scale == "log":
        new = value * FACTOR if up else value / FACTOR
    else:
        span = dimension.high - dimension.low
        new = value + STEP * span if up else value - STEP * span
    return min(max(new, dimension.low), dimension.high)


def explored(dimension: Dimension, value: float, draws: np.ndarray) -> float:
    """A number near another, or drawn anew.

    Args:
      draws: three numbers in [0, 1).
    """
    if dimension.scale == "choice" or draws[0] < ANEW:
        return float(at(dimension, draws[1]))
    return moved(dimension, value, up=bool(draws[2] < 0.5))


def decider(
    space: Mapping[str, Dimension], field: Field, key: jax.Array
) -> Callable[[int, np.ndarray, HParams, History], Decision]:
    """In each group the worst go on from a random one of the best, with explored numbers.

    Nobody goes on from a member of another group: groups have splits of their own, and
    examples that one is trained on may validate another.
    """
    names = list(space)

    def decide(part: int, slots: np.ndarray, hparams: HParams, history: History) -> Decision:
        scores = scores_of(history)
        rows = np.arange(len(slots))
        parents = rows.copy()
        numbers = {name: np.array(getattr(hparams, name)) for name in names}
        for group in np.unique(field.groups):
            own = np.flatnonzero(field.groups[slots] == group)
            order = own[best_first(scores[own])]
            count = min(math.ceil(TRUNCATED * len(own)), len(own) // 2)
            of_group = jax.random.fold_in(jax.random.fold_in(key, int(group)), part)
            draws = np.asarray(jax.random.uniform(of_group, (count, len(names), 4)), float)
            for row, drawn in zip(order[len(order) - count :], draws, strict=True):
                parent = order[int(drawn[0, 3] * count)]
                parents[row] = parent
                for name, own_draws in zip(names, drawn, strict=True):
                    value = float(numbers[name][parent])
                    numbers[name][row] = explored(space[name], value, own_draws)
        return Decision(rows, parents, hparams._replace(**numbers))

    return decide
