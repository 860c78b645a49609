"""An arm of a comparison: the runs of one algorithm, and how failed ones count."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlfun.stats.spread import finite


class Arm(NamedTuple):
    """The runs of one algorithm: scores [n], NaN where a run failed; at_chance [n] or None."""

    name: str
    scores: ArrayLike
    at_chance: ArrayLike | None = None


class Side(NamedTuple):
    """An arm as it enters a comparison, turned so that more is better.

    `scores` [n] hold failed runs at chance, NaN where chance is unknown; `ranked` [n] hold them
    at -inf, the worst rank. `mean` is -inf where no score is known.
    """

    name: str
    scores: np.ndarray
    ranked: np.ndarray
    failed: np.ndarray
    at_chance: np.ndarray | None
    mean: float

    @property
    def n(self) -> int:
        """The number of runs, failed ones among them."""
        return len(self.scores)

    @property
    def n_failed(self) -> int:
        """The number of failed runs."""
        return int(self.failed.sum())

    @property
    def n_at_chance(self) -> int | None:
        """The number of runs at chance; None where it is unknown."""
        return None if self.at_chance is None else int(self.at_chance.sum())

    @property
    def mixed(self) -> bool:
        """Whether some runs, but not all, failed or stayed at chance."""
        weak = self.failed if self.at_chance is None else self.failed | self.at_chance
        return bool(weak.any() and not weak.all())


def make_side(arm: Arm, sign: int, chance: float | None) -> Side:
    """An arm whose scores are multiplied by sign, -1 where lower ones are better.

    A run that failed is not also at chance.
    """
    measured = np.asarray(arm.scores, float)
    failed = ~np.isfinite(measured)
    oriented = np.where(failed, np.nan, sign * np.where(failed, 0.0, measured))
    scores = np.where(failed, np.nan if chance is None else sign * chance, oriented)
    at_chance = None if arm.at_chance is None else np.asarray(arm.at_chance, bool) & ~failed
    kept = finite(scores)
    mean = float(kept.mean()) if len(kept) else -np.inf
    return Side(arm.name, scores, np.where(failed, -np.inf, oriented), failed, at_chance, mean)
