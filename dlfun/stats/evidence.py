"""What the runs of two arms say about their difference."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from dlfun.stats.arms import Side, distinct
from dlfun.stats.effects import rank_p, superiority
from dlfun.stats.intervals import Interval, wilson
from dlfun.stats.labels import (
    EQUIVALENT,
    NONE,
    TOO_FEW,
    UNRESOLVED,
    Ends,
    ahead,
    label,
)
from dlfun.stats.paired_examples import Compared, Disagreement, compare_examples
from dlfun.stats.scope import two_way
from dlfun.stats.skewed import bootstrap_t_ends, suspicious
from dlfun.stats.tests import TTest, paired_t, sign_flip, smallest_p, welch

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


class Test(NamedTuple):
    """The test behind a p value: its name, the value, and the smallest it could have been."""

    name: str
    p: float
    least: float = 0.0


class Evidence(NamedTuple):
    """What is known of two arms.

    Attributes:
      a, b: the arms, with all their runs.
      x, y: the same with one run for each result, those of one place being pairs if `paired`.
      compared: their difference, of the runs that succeeded, or over test examples.
      theta: the probability that a run of a scores more than one of b, failed runs scoring least.
      wins: the share of pairs in which a scores more; of arms that are not paired, theta.
      unit: what `n` counts: runs, or test examples.
      bootstrap: ends of bootstrap-t intervals at the two levels of the plan; none where no arm is
        skewed.
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

    def intervals(self, plan: Plan) -> list[list[Ends]]:
        """Intervals at the two levels of the plan, and where there are some, bootstrapped ones."""
        plain = [self.compared.interval(level) for level in plan.levels]
        return [plain, self.bootstrap] if self.bootstrap else [plain]

    def verdict(self, plan: Plan) -> str:
        """The label of the pair."""
        if self.without or self.without_spread or not np.isfinite(self.compared.diff):
            return NONE
        if self.mixture:
            return _with_failures(self.favoured, plan)
        ci, inner = map(_hull, zip(*self.intervals(plan), strict=True))
        return label(ci, inner, plan.delta, self.n)

    def decided_by(self, plan: Plan) -> str:
        """What the label was taken from, where it differs from that of the first interval."""
        if self.mixture:
            return "ranks"
        if self.unit == EXAMPLES:
            return EXAMPLES
        ci, inner = self.intervals(plan)[0]
        plain = label(ci, inner, plan.delta, self.n)
        return "t" if self.verdict(plan) in (plain, NONE) else "bootstrap-t"

    def test(self, plan: Plan) -> Test:
        """The test that explains the verdict."""
        if self.unit == EXAMPLES:
            exact = isinstance(self.compared, Disagreement)
            return Test("exact McNemar test" if exact else "t test over examples", self.compared.p)
        if self.mixture:
            return _rank_test(self)
        if self.one_sample:
            return Test("t test of one sample", self.compared.p)
        if plan.population:
            return Test("two-way t test", self.compared.p)
        if not plan.paired:
            return Test("Welch's t test", self.compared.p)
        if plan.split_variance:
            return Test("t test, corrected for splits that overlap", self.compared.p)
        # It holds for independent paired replicates on one test set.
        p = sign_flip(self.x.scores - self.y.scores)
        return Test("exact sign-flip test", p, smallest_p(self.compared.n))


def _hull(intervals: Sequence[Ends]) -> Ends:
    """The interval that holds them all."""
    lows, highs = zip(*intervals, strict=True)
    return min(lows), max(highs)


def gather(a: Side, b: Side, plan: Plan) -> Evidence:
    """The evidence on two arms."""
    x, y, paired = distinct(a, b, plan.paired)
    if a.constant and b.constant:
        found = _by_example(x, y)
        return Evidence(a, b, x, y, True, found, UNKNOWN, UNKNOWN, EXAMPLES, [])
    good = ~x.weak, ~y.weak
    compared = _test(x, y, good, paired, plan)
    ends: list[Ends] = []
    if suspicious(x.scores[good[0]]) or suspicious(y.scores[good[1]]):
        ends = bootstrap_t_ends(_samples(x, y, good, paired), compared.error, plan.levels)
    wins = _wins(x, y, paired, plan)
    # Of an arm with one result: the share of the other's runs that it beats or loses to.
    one_sample = a.constant or b.constant
    theta = wins if one_sample else _wins(x, y, False, plan)
    return Evidence(a, b, x, y, paired, compared, theta, wins, RUNS, ends)


def _by_example(x: Side, y: Side) -> Compared:
    """Two arms of one result each; the difference alone where no examples were kept."""
    if x.examples is None or y.examples is None or x.failed[0] or y.failed[0]:
        return TTest(float(x.scores[0] - y.scores[0]), np.nan, np.nan, np.nan, 1)
    return compare_examples(x.examples[0], y.examples[0])


def _wins(x: Side, y: Side, paired: bool, plan: Plan, margin: float = 0.0) -> Interval:
    """How often a run of x, with the margin added, scores more than its pair, or any run, of y."""
    one, other = x.ranked + margin, y.ranked
    if not paired:
        return superiority(one, other, plan.level, plan.split_variance)
    share = np.mean((one > other) + (one == other) / 2)
    return wilson(float(share), x.n / (1 + x.n * plan.split_variance), plan.level)


def _of_other(wins: Interval) -> Interval:
    """The same as the other arm sees it."""
    return wins._replace(estimate=1 - wins.estimate, low=1 - wins.high, high=1 - wins.low)


def _rank_test(found: Evidence) -> Test:
    """The test of as many wins as losses: of the pairs, or of all runs with one another."""
    if not found.paired:
        p = rank_p(found.theta.estimate, found.x.n, found.y.n)
        return Test("Mann-Whitney test", p)
    one, other = found.x.ranked, found.y.ranked
    won, decided = int((one > other).sum()), int((one != other).sum())
    p = float(stats.binomtest(won, decided).pvalue) if decided else 1.0
    return Test("sign test of pairs", p, smallest_p(decided) if decided else 0.0)


Masks = tuple[np.ndarray, np.ndarray]


def _samples(x: Side, y: Side, chosen: Masks, paired: bool) -> list[np.ndarray]:
    """The differences of pairs both of whose runs are chosen, or the chosen scores of each arm."""
    if paired:
        both = chosen[0] & chosen[1]
        return [x.scores[both] - y.scores[both]]
    return [x.scores[chosen[0]], y.scores[chosen[1]]]


def _test(x: Side, y: Side, chosen: Masks, paired: bool, plan: Plan) -> TTest:
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


def _with_failures(found: Evidence, plan: Plan) -> str:
    """The label where some runs failed or stayed at chance, of the arm that leads in rank.

    A failed run has the worst rank, and the runs that succeeded must agree. Failed runs of the
    leading arm count there as lower than any score, so that more of them do not make its label
    stronger.
    """
    x, y, n = found.x, found.y, found.n
    if n < TOO_FEW:
        return NONE
    ends = found.intervals(plan)
    labels = {label(ci, inner, plan.delta, n) for ci, inner in ends}
    if labels == {EQUIVALENT} and _alike_in_rank(found, plan):
        return EQUIVALENT
    intervals = [pair[0] for pair in ends]
    if x.weak.any():
        everyone = np.ones(x.n, bool), ~y.weak
        lowered = _test(_lowered(x, y, found.paired), y, everyone, found.paired, plan)
        intervals.append(lowered.interval(plan.level))
        agreed = all(low > 0 for low, _ in intervals)
    else:
        agreed = not any(high < 0 for _, high in intervals)
    if not (found.wins.low > 0.5 and agreed):
        return UNRESOLVED
    return ahead(all(low > plan.delta for low, _ in intervals), n)


def _alike_in_rank(found: Evidence, plan: Plan) -> bool:
    """Whether a run of either arm, with the margin added, mostly beats one of the other."""
    pairs = (found.x, found.y), (found.y, found.x)
    return all(_wins(*pair, found.paired, plan, plan.delta).low > 0.5 for pair in pairs)


def _lowered(x: Side, y: Side, paired: bool) -> Side:
    """The first arm with each failed run as far behind the other arm as its best one is ahead."""
    good = ~x.weak, ~y.weak
    other = y.scores if paired else np.full(x.n, y.scores[good[1]].mean())
    lead = np.abs((x.scores - other)[good[0] & good[1]] if paired else (x.scores - other)[good[0]])
    lowest = other - lead.max()
    scores = np.where(x.weak, np.fmin(x.scores, lowest), x.scores)
    if x.examples is None or y.examples is None:
        return x._replace(scores=scores)
    shift = np.where(x.weak, lowest, 0.0)[:, None]
    return x._replace(scores=scores, examples=np.where(x.weak[:, None], shift, x.examples))
