"""Who competes with whom in a search, and how they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun.objectives.metrics import judging, sign
from dlfun.training.evolution import History
from dlfun.types import Members


class Field(NamedTuple):
    """The members of a search.

    Attributes:
      points: for each member, the swept names and values that it begins with.
      trials: [members], which configuration each has: members that share one are judged together.
      groups: [members], in which group each competes.
    """

    members: Members
    points: Sequence[dict[str, Any]]
    trials: np.ndarray
    groups: np.ndarray


def scores_of(history: History) -> np.ndarray:
    """The last validation of each member: higher is better, and -inf is that of one that failed."""
    metric = judging(history, "validation")
    return np.nan_to_num(sign(metric) * np.asarray(history[metric][:, -1], float), nan=-np.inf)


def best_first(scores: np.ndarray) -> np.ndarray:
    """Places by falling score; ties go to the lower place."""
    return np.argsort(-scores, kind="stable")
