"""The outcome of runs: their histories, final scores and parameters. Plain numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

Arrays = Mapping[str, np.ndarray]


class Outcome(NamedTuple):
    """Histories, final scores and parameters of the runs of an arm.

    Attributes:
      history: metric -> [members, intervals].
      finals: metric -> [members].
      parameters: name -> [kept, ...].
      kept: which of the members those are.
    """

    history: Arrays
    finals: Arrays
    parameters: Arrays
    kept: Sequence[int]


def stack_outcomes(parts: Sequence[Outcome]) -> Outcome:
    """The outcomes of several populations in a row; every part keeps all its members."""

    def stacked(field: str) -> dict[str, np.ndarray]:
        return {
            n: np.concatenate([getattr(p, field)[n] for p in parts])
            for n in getattr(parts[0], field)
        }

    history, finals = stacked("history"), stacked("finals")
    count = sum(len(part.kept) for part in parts)
    return Outcome(history, finals, stacked("parameters"), list(range(count)))
