"""Evidence of the runs of two arms about their difference."""

from typing import NamedTuple

import numpy as np

from dlfun.stats.arms import Side, distinct
from dlfun.stats.effects import superiority
from dlfun.stats.intervals import Interval, wilson
from dlfun.stats.labels import (
    Ends,
)
from dlfun.stats.paired_examples import Compared, Disagreement, compare_examples
from dlfun.stats.scope import two_way
from dlfun.stats.skewed import bootstrap_t_ends, suspicious
from dlfun.stats.tests import TTest, paired_t, welch

UNKNOWN = Interval(np.nan, np.nan, np.nan, np.nan, 0)

RUNS, EXAMPLES = "runs", "examples"
"""The units that a verdict counts."""


class Plan(NamedTuple):
    """What holds for every pair of a family; `alpha` is the share of one pair of `size`."""

    delta: float
    alpha: float
    size: int
    paired: bool
    split_variance: float
    power: float
    population: bool

    @property
    def level(self) -> float:
        """The level of one pair's interval, so that all of them hold together."""
        return 1 - self.alpha

    @property
    def levels(self) -> tuple[float, float]:
        """That level, and the narrower one of two one-sided tests."""
        return self.level, 1 - 2 * self.alpha

    @property
    def alone(self) -> tuple[float, float]:
        """The same two levels for a pair that is the whole family."""
        return 1 - self.size * self.alpha, 1 - 2 * self.size * self.alpha


class Evidence(NamedTuple):
    """What is known of two arms.

    Attributes:
      a, b: the arms, with all their runs.
      x, y: the same with one run for each result, those of one place being pairs if `paired`.
      compared: their difference, of the runs that succeeded, or over test examples.
      theta: the probability that a run of a scores more than one of b, failed runs scoring least.
      wins: the share of pairs in which a scores more; of arms that are not paired, theta.
      unit: what `n` counts: runs, or test examples.
      bootstrap: ends of bootstrap-t intervals at the two levels of a pair alone; none where no arm
        is more skewed than the other.
    """

    a: Side
    b: Side
    x: Side
    y: Side
    paired: bool
    compared: Compared
    theta: Interval
    wins: Interval
    unit: str
    bootstrap: list[Ends]

    @property
    def n(self) -> int:
        """The number of units, failed runs among them; unpaired, that of the smaller arm."""
        if self.unit == EXAMPLES:
            return self.compared.n
        return min(self.x.n, self.y.n)

    @property
    def one_sample(self) -> bool:
        """Whether the one result of an arm stands against the runs of the other."""
        return self.unit == RUNS and self.a.constant != self.b.constant

    @property
    def mixture(self) -> bool:
        """Whether some runs of an arm, but not all, failed or stayed at chance."""
        return self.a.mixed or self.b.mixed

    @property
    def without(self) -> tuple[Side, ...]:
        """The arms without a run that succeeded."""
        return tuple(side for side in (self.a, self.b) if side.failed.all())

    @property
    def without_spread(self) -> bool:
        """Whether all differences are the same, and not zero: nothing says how they vary."""
        return self.unit == RUNS and self.compared.sd == 0 and self.compared.diff != 0

    @property
    def favoured(self) -> "Evidence":
        """The same with the arm first that the numbers favour."""
        lead = self.wins.estimate - 0.5 if self.mixture else self.compared.diff
        return self if not lead < 0 else self.turned()

    def turned(self) -> "Evidence":
        """The same with the arms in the other order."""
        if isinstance(self.compared, Disagreement):
            first, second, n = self.compared
            compared: Compared = Disagreement(second, first, n)
        else:
            compared = self.compared._replace(diff=-self.compared.diff)
        return self._replace(
            a=self.b,
            b=self.a,
            x=self.y,
            y=self.x,
            compared=compared,
            theta=_of_other(self.theta),
            wins=_of_other(self.wins),
            bootstrap=[(-high, -low) for low, high in self.bootstrap],
        )

    def plain(self, plan: Plan) -> tuple[Ends, Ends]:
        """The intervals of the difference at the two levels of the plan."""
        first, second = (self.compared.interval(level) for level in plan.levels)
        return first, second

    def widest(self, plan: Plan) -> tuple[Ends, Ends]:
        """The same, with the bootstrapped ones taken in where there are some."""
        first, second = (
            (min(low for low, _ in ends), max(high for _, high in ends))
            for ends in zip(
                self.plain(plan), *([self.bootstrap] * bool(self.bootstrap)), strict=True
            )
        )
        return first, second


def gather(a: Side, b: Side, plan: Plan) -> Evidence:
    """The evidence on two arms."""
    x, y, paired = distinct(a, b, plan.paired)
    if a.constant and b.constant:
        found = _by_example(x, y)
        return Evidence(a, b, x, y, True, found, UNKNOWN, UNKNOWN, EXAMPLES, [])
    good = ~x.weak, ~y.weak
    compared = difference_of(x, y, good, paired, plan)
    ends: list[Ends] = []
    if suspicious(x.scores[good[0]], y.scores[good[1]]):
        # A bootstrap of so few runs knows nothing of the far tails that a family would ask for.
        ends = bootstrap_t_ends(_samples(x, y, good, paired), compared.error, plan.alone)
    wins = wins_of(x, y, paired, plan)
    # Of an arm with one result: the share of the other's runs that it beats or loses to.
    one_sample = a.constant or b.constant
    theta = wins if one_sample else wins_of(x, y, False, plan)
    return Evidence(a, b, x, y, paired, compared, theta, wins, RUNS, ends)


def _by_example(x: Side, y: Side) -> Compared:
    """Two arms of one result each; the difference alone where no examples were kept."""
    if x.examples is None or y.examples is None or x.failed[0] or y.failed[0]:
        return TTest(float(x.scores[0] - y.scores[0]), np.nan, np.nan, np.nan, 1)
    return compare_examples(x.examples[0], y.examples[0])


def wins_of(x: Side, y: Side, paired: bool, plan: Plan, margin: float = 0.0) -> Interval:
    """How often a run of x, with the margin added, scores more than its pair, or any run, of y."""
    one, other = x.ranked + margin, y.ranked
    if not paired:
        return superiority(one, other, plan.level, plan.split_variance)
    share = np.mean((one > other) + (one == other) / 2)
    return wilson(float(share), x.n / (1 + x.n * plan.split_variance), plan.level)


def _of_other(wins: Interval) -> Interval:
    """The same as the other arm sees it."""
    return wins._replace(estimate=1 - wins.estimate, low=1 - wins.high, high=1 - wins.low)


Masks = tuple[np.ndarray, np.ndarray]


def _samples(x: Side, y: Side, chosen: Masks, paired: bool) -> list[np.ndarray]:
    """The differences of pairs both of whose runs are chosen, or the chosen scores of each arm."""
    if paired:
        both = chosen[0] & chosen[1]
        return [x.scores[both] - y.scores[both]]
    return [x.scores[chosen[0]], y.scores[chosen[1]]]


def difference_of(x: Side, y: Side, chosen: Masks, paired: bool, plan: Plan) -> TTest:
    """The t test of the difference of the chosen runs."""
    samples = _samples(x, y, chosen, paired)
    if not min(map(len, samples)):
        return TTest(np.nan, np.nan, np.nan, np.nan, 0)
    if plan.population and x.examples is not None and y.examples is not None:
        if paired:
            both = chosen[0] & chosen[1]
            return two_way([x.examples[both] - y.examples[both]])
        return two_way([x.examples[chosen[0]], y.examples[chosen[1]]])
    if paired:
        return paired_t(samples[0], plan.split_variance)
    return welch(samples[0], samples[1], plan.split_variance)
