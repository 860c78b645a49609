"""Is A better than B, by how much, and how sure are we: the verdict on each pair of arms."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from dlfun.errors import UserError, unknown
from dlfun.stats.arms import Arm, Side, make_side
from dlfun.stats.decision import decided_by, explain
from dlfun.stats.decision import verdict as decide
from dlfun.stats.effects import hedges_g
from dlfun.stats.evidence import RUNS, Evidence, Plan, gather
from dlfun.stats.labels import AHEAD, EQUIVALENT, NONE
from dlfun.stats.multiplicity import holm
from dlfun.stats.power import WEAKER, seeds_for_equivalence, seeds_to_detect, smallest_detectable
from dlfun.stats.tests import TTest, sign_flip
from dlfun.stats.words import Printing, sentence

FAMILIES = ("all-pairs", "vs-reference")

PRACTICAL = 0.75
"""The upper probability of winning that makes a gain practical (Bouthillier et al. 2021)."""


class Pair(NamedTuple):
    """What is said of two arms; None where a number is undefined, ready to be written as JSON.

    `a` is the arm with the better mean. `diff`, `ci`, `theta` and `hedges_g` are positive, or
    above one half, where a is better, also if lower values of the metric are; means are as
    measured. They are of the runs that succeeded, copies counting once; `theta` has failed runs,
    too; `wins` is the share of pairs that a wins, by which runs that failed or stayed at chance are
    judged (of arms that are not paired it is theta). `n` counts what the verdict rests on: `unit`
    is runs, or test examples where both arms have one result. `ci` is the t interval, or the one
    over examples; where an arm is skewed `ci_bootstrap` stands beside it, of the pair alone, and
    the label is that of the interval that holds both. `p_worse`, `p_rope` and `p_better` say of
    a - b: below -delta, within, above delta. `p` is that of `p_test`, `p_holm` adjusted for the
    family; it explains, and `decided_by` says what the label is from.
    """

    a: str
    b: str
    n: int
    unit: str
    n_distinct_a: int
    n_distinct_b: int
    mean_a: float | None
    mean_b: float | None
    diff: float | None
    sd_diff: float | None
    ci: tuple[float | None, float | None]
    ci_level: float
    ci_bootstrap: tuple[float | None, float | None] | None
    family_size: int
    p: float | None
    p_test: str
    p_at_floor: bool
    p_disagrees: bool
    p_holm: float | None
    p_signflip: float | None
    p_t: float | None
    theta: float | None
    theta_ci: tuple[float | None, float | None]
    wins: float | None
    wins_ci: tuple[float | None, float | None]
    hedges_g: float | None
    relative_error_change: float | None
    delta: float
    p_worse: float | None
    p_rope: float | None
    p_better: float | None
    verdict: str
    decided_by: str
    winner: str | None
    words: str
    mde: float | None
    n_detect: int | None
    n_equiv: int | None
    n_failed_a: int
    n_failed_b: int
    n_at_chance_a: int | None
    n_at_chance_b: int | None
    mixture: bool
    bouthillier: bool


def compare_arms(
    arms: Sequence[Arm],
    *,
    delta: float,
    higher_is_better: bool = True,
    family: str = "all-pairs",
    reference: str | None = None,
    alpha: float = 0.05,
    paired: bool = True,
    split_variance: float = 0.0,
    power: float = 0.8,
    population: bool = False,
    percent: bool = False,
    unit: str = "",
) -> list[Pair]:
    """The verdict on each pair of a family of arms.

    `delta` is the largest difference that counts as none, in the metric's unit. Paired arms have
    replicate r at index r. `split_variance` is n_test / n_train where each replicate draws its own
    split of one pool (Nadeau & Bengio 2003). `population` extends the claim to all examples like
    those tested, from the arms' `examples`. For a declared look, alpha is the level of that look.
    `percent` says that scores are accuracies in fractions, which sentences give in points, `unit`
    what other scores are counted in. Raises UserError for arms that cannot be compared so.

    >>> a, b = Arm("a", [0.90, 0.92] * 5), Arm("b", [0.89, 0.90] * 5)
    >>> compare_arms([a, b], delta=0.003, percent=True)[0].words
    'a beats b by 1.5 points [1.1, 1.9], 10 seeds'
    """
    _check(arms, delta, alpha, paired, split_variance, population)
    pairs = _family(arms, family, reference)
    size = len(pairs)
    plan = Plan(delta, alpha / size, size, paired, split_variance, power, population)
    sides = {arm.name: make_side(arm, 1 if higher_is_better else -1) for arm in arms}
    found = [gather(*_ordered(sides[a], sides[b]), plan) for a, b in pairs]
    printing = Printing(percent, unit, higher_is_better)
    return _adjusted([_pair(x, plan, printing, higher_is_better) for x in found], plan)


def _check(
    arms: Sequence[Arm],
    delta: float,
    alpha: float,
    paired: bool,
    split_variance: float,
    population: bool,
) -> None:
    names = [arm.name for arm in arms]
    if len(arms) < 2 or len(set(names)) < len(names):
        raise UserError(f"a comparison needs two arms with different names, not {names}")
    if not (np.isfinite(delta) and delta >= 0 and 0 < alpha < 1):
        raise UserError(f"delta {delta:g} must be 0 or more and alpha {alpha:g} between 0 and 1")
    sizes = {arm.name: np.size(arm.scores) for arm in arms}
    if not min(sizes.values()) or (paired and len(set(sizes.values())) > 1):
        raise UserError(
            f"a paired comparison needs as many runs of each arm, not {sizes}; "
            "run the same seeds of each, or compare unpaired"
        )
    if population and (split_variance or any(arm.examples is None for arm in arms)):
        raise UserError(
            "a claim on the population needs every arm's correct answers on one shared test split; "
            "with random splits the interval is of the population already"
        )


def _family(arms: Sequence[Arm], family: str, reference: str | None) -> list[tuple[str, str]]:
    names = [arm.name for arm in arms]
    if family not in FAMILIES:
        raise unknown("family", family, FAMILIES)
    if family == "all-pairs":
        return list(combinations(names, 2))
    if reference not in names:
        raise unknown("reference", str(reference), names)
    return [(name, str(reference)) for name in names if name != reference]


def _ordered(a: Side, b: Side) -> tuple[Side, Side]:
    return (b, a) if b.mean > a.mean else (a, b)


def _pair(found: Evidence, plan: Plan, printing: Printing, higher_is_better: bool) -> Pair:
    a, b, theta = found.a, found.b, found.theta
    verdict, favoured, test = decide(found, plan), found.favoured, explain(found, plan)
    sign = 1 if higher_is_better else -1
    mde, detect, equiv = _seeds(found, plan)
    more = max(detect, equiv) - found.n if detect and equiv else 0
    none = bool(found.without)
    worse, rope, better = (_plain(p) for p in found.compared.posterior(plan.delta))
    scores = found.x.scores, found.y.scores
    return Pair(
        a=a.name,
        b=b.name,
        n=found.n,
        unit=found.unit,
        n_distinct_a=a.n_distinct,
        n_distinct_b=b.n_distinct,
        mean_a=_plain(sign * a.mean),
        mean_b=_plain(sign * b.mean),
        diff=_plain(found.compared.diff),
        sd_diff=_plain(found.compared.sd),
        ci=(None, None) if found.without_spread else _ends(*found.compared.interval(plan.level)),
        ci_level=plan.level,
        ci_bootstrap=_ends(*found.bootstrap[0]) if found.bootstrap else None,
        family_size=plan.size,
        p=None if none or found.without_spread else _plain(test.p),
        p_test=test.name,
        p_at_floor=bool(test.p <= test.least),
        p_disagrees=False,
        p_holm=None,
        p_signflip=_plain(sign_flip(scores[0] - scores[1])) if _flips(found, plan) else None,
        p_t=None if found.without_spread else _plain(found.compared.p),
        theta=_plain(theta.estimate),
        theta_ci=_ends(theta.low, theta.high),
        wins=_plain(found.wins.estimate),
        wins_ci=_ends(found.wins.low, found.wins.high),
        hedges_g=_plain(hedges_g(*scores)) if found.unit == RUNS and not found.one_sample else None,
        relative_error_change=_relative_error_change(a, b, higher_is_better, printing.percent),
        delta=plan.delta,
        p_worse=worse,
        p_rope=rope,
        p_better=better,
        verdict=verdict,
        decided_by=decided_by(found, plan),
        winner=favoured.a.name if verdict in AHEAD else None,
        words=sentence(verdict, favoured, more, plan, printing),
        mde=mde,
        n_detect=detect,
        n_equiv=equiv,
        n_failed_a=a.n_failed,
        n_failed_b=b.n_failed,
        n_at_chance_a=a.n_at_chance,
        n_at_chance_b=b.n_at_chance,
        mixture=found.mixture,
        bouthillier=bool(theta.low > 0.5 and theta.high > PRACTICAL),
    )


def _flips(found: Evidence, plan: Plan) -> bool:
    """Whether there are pairs of runs whose differences' signs may be flipped."""
    return plan.paired and found.unit == RUNS and not found.one_sample


def _seeds(found: Evidence, plan: Plan) -> tuple[float | None, int | None, int | None]:
    """The smallest detectable difference; the seeds to detect delta, and to show equivalence.

    None of them where failures decide, or where more seeds would tell nothing. Both numbers of
    seeds allow for the weaker of two labels.
    """
    test = found.compared
    if found.mixture or found.without_spread or not isinstance(test, TTest) or found.unit != RUNS:
        return None, None, None
    # What is left of the variance of the mean when the share that seeds reduce is taken away.
    extra = max(test.error**2 - test.sd**2 / test.n, 0.0) if test.n else 0.0
    spread = test.sd if found.paired else float(test.sd / np.sqrt(2))
    rest = plan.power, plan.alpha, found.paired, extra
    detect, equiv = (
        None if count is None else count + WEAKER
        for count in (
            seeds_to_detect(spread, plan.delta, *rest),
            seeds_for_equivalence(spread, plan.delta, *rest),
        )
    )
    return _plain(smallest_detectable(spread, max(2, test.n - WEAKER), *rest)), detect, equiv


def _relative_error_change(a: Side, b: Side, higher_is_better: bool, percent: bool) -> float | None:
    """The error of a over that of b, less 1: an accuracy's error, or a loss that is positive."""
    if higher_is_better and not percent:
        return None
    errors = [1 - side.mean if higher_is_better else -side.mean for side in (a, b)]
    return _plain(errors[0] / errors[1] - 1) if min(errors) >= 0 and errors[1] > 0 else None


def _adjusted(pairs: list[Pair], plan: Plan) -> list[Pair]:
    """Pairs with Holm's p values; a test without runs enough counts as 1."""
    adjusted = holm([1.0 if pair.p is None else pair.p for pair in pairs])
    found = []
    for pair, p in zip(pairs, adjusted.tolist(), strict=True):
        apart = disagrees(pair.verdict, p, plan.alpha * plan.size)
        found.append(pair._replace(p_holm=None if pair.p is None else p, p_disagrees=apart))
    return found


def disagrees(verdict: str, p: float, alpha: float) -> bool:
    """Whether an adjusted p value falls on the other side of alpha than the verdict.

    >>> disagrees("better", 0.092, 0.05), disagrees("equivalent", 0.01, 0.05)
    (True, False)
    """
    return verdict not in (EQUIVALENT, NONE) and (verdict in AHEAD) != (p <= alpha)


def _plain(value: float) -> float | None:
    """A Python float, or None where it is not finite."""
    return float(value) if np.isfinite(value) else None


def _ends(low: float, high: float) -> tuple[float | None, float | None]:
    return _plain(low), _plain(high)
