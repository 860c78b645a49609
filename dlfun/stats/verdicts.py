"""Is A better than B, by how much, and how sure are we: the verdict on each pair of arms."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlfun.errors import UserError, unknown
from dlfun.stats.arms import Arm, Side, make_side
from dlfun.stats.effects import hedges_g, superiority
from dlfun.stats.intervals import Interval
from dlfun.stats.labels import EQUIVALENT, NONE, UNRESOLVED, label, rank_label
from dlfun.stats.multiplicity import holm
from dlfun.stats.power import seeds_for_equivalence, seeds_to_detect, smallest_detectable
from dlfun.stats.scope import two_way
from dlfun.stats.tests import TTest, paired_t, sign_flip, welch
from dlfun.stats.words import Finding, Printing, sentence

FAMILIES = ("all-pairs", "vs-reference")

PRACTICAL = 0.75
"""The upper probability of winning that makes a gain practical (Bouthillier et al. 2021)."""


class Pair(NamedTuple):
    """What is said of two arms; None where a number is undefined, ready to be written as JSON.

    `a` is the arm with the better mean. `diff`, `ci`, `theta` and `hedges_g` are positive, or
    above one half, where a is better, also if lower values of the metric are; means are as
    measured. `p_worse`, `p_rope` and `p_better` say of a - b: below -delta, within, above delta.
    """

    a: str
    b: str
    n: int
    mean_a: float | None
    mean_b: float | None
    diff: float | None
    sd_diff: float | None
    ci: tuple[float | None, float | None]
    ci_level: float
    family_size: int
    p_signflip: float | None
    p_holm: float | None
    p_t: float | None
    theta: float | None
    theta_ci: tuple[float | None, float | None]
    hedges_g: float | None
    relative_error_change: float | None
    delta: float
    p_worse: float | None
    p_rope: float | None
    p_better: float | None
    verdict: str
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


class _Plan(NamedTuple):
    """What holds for every pair of a family; `alpha` is the share of one pair."""

    delta: float
    sign: int
    alpha: float
    size: int
    paired: bool
    chance: float | None
    split_variance: float
    power: float
    correct: Mapping[str, ArrayLike] | None
    printing: Printing


def compare_arms(
    arms: Sequence[Arm],
    *,
    delta: float,
    higher_is_better: bool = True,
    family: str = "all-pairs",
    reference: str | None = None,
    alpha: float = 0.05,
    paired: bool = True,
    chance: float | None = None,
    split_variance: float = 0.0,
    power: float = 0.8,
    correct: Mapping[str, ArrayLike] | None = None,
    percent: bool = False,
    unit: str = "",
) -> list[Pair]:
    """The verdict on each pair of a family of arms.

    `delta` is the largest difference that counts as none, in the metric's unit. Paired arms have
    replicate r at index r. `chance` is the score of guessing, which failed runs take in means.
    `split_variance` is n_test / n_train where each replicate draws its own split of one pool
    (Nadeau & Bengio 2003). `correct`, [runs, examples] of each arm, extends the claim to all
    examples like those tested. For a declared look, alpha is the level of that look. `percent`
    says that scores are accuracies in fractions, which sentences give in points, `unit` what
    other scores are counted in. Raises UserError for arms that cannot be compared so.
    """
    _check(arms, delta, alpha, paired, split_variance, correct)
    pairs, sign = _family(arms, family, reference), 1 if higher_is_better else -1
    share, printing = alpha / len(pairs), Printing(percent, unit)
    plan = _Plan(
        delta, sign, share, len(pairs), paired, chance, split_variance, power, correct, printing
    )
    sides = {arm.name: make_side(arm, sign, chance) for arm in arms}
    return _adjusted([_pair(*_ordered(sides[a], sides[b]), plan) for a, b in pairs], plan)


def _check(
    arms: Sequence[Arm],
    delta: float,
    alpha: float,
    paired: bool,
    split_variance: float,
    correct: Mapping[str, ArrayLike] | None,
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
    if correct is not None and (split_variance or not set(names) <= set(correct)):
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


def _pair(a: Side, b: Side, plan: _Plan) -> Pair:
    test, n, level = _test(a, b, plan), min(a.n, b.n), 1 - plan.alpha
    theta = superiority(a.ranked, b.ranked, level, plan.split_variance)
    by_rank = a.mixed or b.mixed or not np.isfinite(test.diff)
    verdict = _verdict(a, b, test, theta, by_rank, plan)
    favoured = (theta.estimate if by_rank else test.diff + 0.5) >= 0.5
    mde, detect, equiv = (None, None, None) if by_rank else _seeds(test, plan)
    more = max(detect, equiv) - n if detect and equiv else 0
    finding = _finding(a, b, test, theta, by_rank, favoured, plan, more)
    worse, rope, better = test.posterior(plan.delta)
    decided = verdict not in (EQUIVALENT, UNRESOLVED, NONE)
    return Pair(
        a=a.name,
        b=b.name,
        n=n,
        mean_a=_plain(plan.sign * a.mean),
        mean_b=_plain(plan.sign * b.mean),
        diff=_plain(test.diff),
        sd_diff=_plain(test.sd),
        ci=_ends(*test.interval(level)),
        ci_level=level,
        family_size=plan.size,
        p_signflip=_plain(sign_flip(a.scores - b.scores)) if plan.paired else None,
        p_holm=None,
        p_t=_plain(test.p),
        theta=_plain(theta.estimate),
        theta_ci=_ends(theta.low, theta.high),
        hedges_g=_plain(hedges_g(a.scores, b.scores)),
        relative_error_change=_relative_error_change(a, b, plan),
        delta=plan.delta,
        p_worse=_plain(worse),
        p_rope=_plain(rope),
        p_better=_plain(better),
        verdict=verdict,
        winner=finding.names[0] if decided else None,
        words=sentence(verdict, finding, plan.printing),
        mde=mde,
        n_detect=detect,
        n_equiv=equiv,
        n_failed_a=a.n_failed,
        n_failed_b=b.n_failed,
        n_at_chance_a=a.n_at_chance,
        n_at_chance_b=b.n_at_chance,
        mixture=a.mixed or b.mixed,
        bouthillier=bool(theta.low > 0.5 and theta.high > PRACTICAL),
    )


def _test(a: Side, b: Side, plan: _Plan) -> TTest:
    if plan.correct is not None:
        return two_way(_tables(a, b, plan))
    if plan.paired:
        return paired_t(a.scores - b.scores, plan.split_variance)
    return welch(a.scores, b.scores, plan.split_variance)


def _tables(a: Side, b: Side, plan: _Plan) -> list[np.ndarray]:
    """Answers [runs, examples]; a failed run is right as often as chance, or left out."""
    tables = []
    for side in (a, b):
        table = np.array((plan.correct or {})[side.name], float)
        table[side.failed] = np.nan if plan.chance is None else plan.chance
        tables.append(table)
    if plan.paired:
        tables = [tables[0] - tables[1]]
    return [table[np.isfinite(table).all(1)] for table in tables]


def _verdict(a: Side, b: Side, test: TTest, theta: Interval, by_rank: bool, plan: _Plan) -> str:
    n = min(a.n, b.n)
    if a.failed.all() and b.failed.all():
        return NONE
    if by_rank:
        return rank_label((theta.low, theta.high), n)
    inner = test.interval(1 - 2 * plan.alpha)
    return label(test.interval(1 - plan.alpha), inner, plan.delta, n)


def _seeds(test: TTest, plan: _Plan) -> tuple[float | None, int | None, int | None]:
    """The smallest detectable difference; the seeds to detect delta, and to show equivalence."""
    # What is left of the variance of the mean when the share that seeds reduce is taken away.
    extra = max(test.error**2 - test.sd**2 / test.n, 0.0)
    spread = test.sd if plan.paired else test.sd / np.sqrt(2)
    rest = plan.power, plan.alpha, plan.paired, extra
    return (
        _plain(smallest_detectable(spread, test.n, *rest)),
        seeds_to_detect(spread, plan.delta, *rest),
        seeds_for_equivalence(spread, plan.delta, *rest),
    )


def _finding(
    a: Side,
    b: Side,
    test: TTest,
    theta: Interval,
    by_rank: bool,
    favoured: bool,
    plan: _Plan,
    more: int,
) -> Finding:
    n, level = min(a.n, b.n), 1 - plan.alpha
    low, high = test.interval(level)
    if favoured:
        ends = theta.low, theta.high
        return Finding(
            (a.name, b.name),
            n,
            test.diff,
            (low, high),
            plan.delta,
            more,
            by_rank,
            theta.estimate,
            ends,
        )
    ends = 1 - theta.high, 1 - theta.low
    return Finding(
        (b.name, a.name),
        n,
        -test.diff,
        (-high, -low),
        plan.delta,
        more,
        by_rank,
        1 - theta.estimate,
        ends,
    )


def _relative_error_change(a: Side, b: Side, plan: _Plan) -> float | None:
    """The error of a over that of b, less 1: an accuracy's error, or a loss that is positive."""
    if plan.sign > 0 and not plan.printing.percent:
        return None
    errors = [(1 - s.mean) if plan.sign > 0 else -s.mean for s in (a, b)]
    return _plain(errors[0] / errors[1] - 1) if min(errors) >= 0 and errors[1] > 0 else None


def _adjusted(pairs: list[Pair], plan: _Plan) -> list[Pair]:
    """Pairs with Holm's p values; a test without runs enough counts as 1.

    The sign-flip test holds for independent paired replicates on one test set; else it is t.
    """
    exact = plan.paired and not plan.split_variance and plan.correct is None
    primary = [pair.p_signflip if exact else pair.p_t for pair in pairs]
    adjusted = holm([1.0 if p is None else p for p in primary])
    return [pair._replace(p_holm=float(p)) for pair, p in zip(pairs, adjusted, strict=True)]


def _plain(value: float) -> float | None:
    """A Python float, or None where it is not finite."""
    return float(value) if np.isfinite(value) else None


def _ends(low: float, high: float) -> tuple[float | None, float | None]:
    return _plain(low), _plain(high)
