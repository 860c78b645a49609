"""What the runs of two arms say about their difference."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlfun.stats.arms import Side
from dlfun.stats.effects import superiority
from dlfun.stats.intervals import Interval
from dlfun.stats.labels import NONE, label, rank_label
from dlfun.stats.scope import two_way
from dlfun.stats.tests import TTest, paired_t, welch


class Plan(NamedTuple):
    """What holds for every pair of a family; `alpha` is the share of one pair of `size`."""

    delta: float
    alpha: float
    size: int
    paired: bool
    chance: float | None
    split_variance: float
    power: float
    correct: Mapping[str, ArrayLike] | None

    @property
    def level(self) -> float:
        """The level of one pair's interval, so that all of them hold together."""
        return 1 - self.alpha


class Evidence(NamedTuple):
    """Two arms with the t test of their difference and the probability that a's runs win."""

    a: Side
    b: Side
    test: TTest
    theta: Interval

    @property
    def n(self) -> int:
        """The number of replicates, failed ones among them; unpaired, the smaller number."""
        return min(self.a.n, self.b.n)

    @property
    def mixture(self) -> bool:
        """Whether some runs of an arm, but not all, failed or stayed at chance.

        No interval of a mean is then valid.
        """
        return self.a.mixed or self.b.mixed

    @property
    def by_rank(self) -> bool:
        """Whether the verdict is by rank, since the means are a mixture's or unknown."""
        return self.mixture or not np.isfinite(self.test.diff)

    @property
    def favoured(self) -> "Evidence":
        """The same with the arm first that the numbers favour."""
        lead = self.theta.estimate - 0.5 if self.by_rank else self.test.diff
        return self if lead >= 0 else self._turned()

    def verdict(self, plan: Plan) -> str:
        """The label of the pair."""
        if self.a.failed.all() and self.b.failed.all():
            return NONE
        if self.by_rank:
            return rank_label(self.theta[1:3], self.n)
        inner = self.test.interval(1 - 2 * plan.alpha)
        return label(self.test.interval(plan.level), inner, plan.delta, self.n)

    def _turned(self) -> "Evidence":
        estimate, low, high = (1 - self.theta[i] for i in (0, 2, 1))
        theta = self.theta._replace(estimate=estimate, low=low, high=high)
        return Evidence(self.b, self.a, self.test._replace(diff=-self.test.diff), theta)


def gather(a: Side, b: Side, plan: Plan) -> Evidence:
    """The evidence on two arms."""
    theta = superiority(a.ranked, b.ranked, plan.level, plan.split_variance)
    return Evidence(a, b, _test(a, b, plan), theta)


def _test(a: Side, b: Side, plan: Plan) -> TTest:
    if plan.correct is not None:
        return two_way(_tables(a, b, plan.correct, plan))
    if plan.paired:
        return paired_t(a.scores - b.scores, plan.split_variance)
    return welch(a.scores, b.scores, plan.split_variance)


def _tables(a: Side, b: Side, correct: Mapping[str, ArrayLike], plan: Plan) -> list[np.ndarray]:
    """Right answers [runs, examples]; a failed run is right as often as chance, or left out."""
    tables = []
    for side in (a, b):
        table = np.array(correct[side.name], float)
        table[side.failed] = np.nan if plan.chance is None else plan.chance
        tables.append(table)
    if plan.paired:
        tables = [tables[0] - tables[1]]
    return [table[np.isfinite(table).all(1)] for table in tables]
