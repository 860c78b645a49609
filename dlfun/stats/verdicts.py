"""Is A better than B, by how much, and how sure are we: the verdict on each pair of arms."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlfun.errors import UserError, unknown
from dlfun.stats.arms import Arm, Side, make_side
from dlfun.stats.effects import hedges_g
from dlfun.stats.evidence import Evidence, Plan, gather
from dlfun.stats.labels import BETTER, SMALL, SUGGESTIVE
from dlfun.stats.multiplicity import holm
from dlfun.stats.power import seeds_for_equivalence, seeds_to_detect, smallest_detectable
from dlfun.stats.tests import sign_flip
from dlfun.stats.words import Printing, sentence

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

    >>> a, b = Arm("a", [0.90, 0.92] * 5), Arm("b", [0.89, 0.90] * 5)
    >>> compare_arms([a, b], delta=0.003, percent=True)[0].words
    'a beats b by 1.5 points [1.1, 1.9], 10 seeds'
    """
    _check(arms, delta, alpha, paired, split_variance, correct)
    pairs = _family(arms, family, reference)
    plan = Plan(
        delta, alpha / len(pairs), len(pairs), paired, chance, split_variance, power, correct
    )
    sides = {arm.name: make_side(arm, 1 if higher_is_better else -1, chance) for arm in arms}
    found = [gather(*_ordered(sides[a], sides[b]), plan) for a, b in pairs]
    printing = Printing(percent, unit)
    return _adjusted([_pair(x, plan, printing, higher_is_better) for x in found], plan)


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


def _pair(found: Evidence, plan: Plan, printing: Printing, higher_is_better: bool) -> Pair:
    a, b, test, theta = found
    verdict, favoured = found.verdict(plan), found.favoured
    sign = 1 if higher_is_better else -1
    mde, detect, equiv = (None, None, None) if found.by_rank else _seeds(found, plan)
    more = max(detect, equiv) - found.n if detect and equiv else 0
    worse, rope, better = (_plain(p) for p in test.posterior(plan.delta))
    return Pair(
        a=a.name,
        b=b.name,
        n=found.n,
        mean_a=_plain(sign * a.mean),
        mean_b=_plain(sign * b.mean),
        diff=_plain(test.diff),
        sd_diff=_plain(test.sd),
        ci=_ends(*test.interval(plan.level)),
        ci_level=plan.level,
        family_size=plan.size,
        p_signflip=_plain(sign_flip(a.scores - b.scores)) if plan.paired else None,
        p_holm=None,
        p_t=_plain(test.p),
        theta=_plain(theta.estimate),
        theta_ci=_ends(theta.low, theta.high),
        hedges_g=_plain(hedges_g(a.scores, b.scores)),
        relative_error_change=_relative_error_change(a, b, higher_is_better, printing.percent),
        delta=plan.delta,
        p_worse=worse,
        p_rope=rope,
        p_better=better,
        verdict=verdict,
        winner=favoured.a.name if verdict in (BETTER, SMALL, SUGGESTIVE) else None,
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


def _seeds(found: Evidence, plan: Plan) -> tuple[float | None, int | None, int | None]:
    """The smallest detectable difference; the seeds to detect delta, and to show equivalence."""
    test = found.test
    # What is left of the variance of the mean when the share that seeds reduce is taken away.
    extra = max(test.error**2 - test.sd**2 / test.n, 0.0)
    spread = test.sd if plan.paired else float(test.sd / np.sqrt(2))
    rest = plan.power, plan.alpha, plan.paired, extra
    return (
        _plain(smallest_detectable(spread, test.n, *rest)),
        seeds_to_detect(spread, plan.delta, *rest),
        seeds_for_equivalence(spread, plan.delta, *rest),
    )


def _relative_error_change(a: Side, b: Side, higher_is_better: bool, percent: bool) -> float | None:
    """The error of a over that of b, less 1: an accuracy's error, or a loss that is positive."""
    if higher_is_better and not percent:
        return None
    errors = [1 - side.mean if higher_is_better else -side.mean for side in (a, b)]
    return _plain(errors[0] / errors[1] - 1) if min(errors) >= 0 and errors[1] > 0 else None


def _adjusted(pairs: list[Pair], plan: Plan) -> list[Pair]:
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
