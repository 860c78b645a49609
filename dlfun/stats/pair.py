"""A pair of arms: its numbers, its label and its words."""

from typing import Any, NamedTuple

import numpy as np

from dlfun.stats.arms import Side
from dlfun.stats.decision import decided_by, explain
from dlfun.stats.decision import verdict as decide
from dlfun.stats.effects import hedges_g
from dlfun.stats.evidence import RUNS, Evidence, Plan
from dlfun.stats.labels import AHEAD
from dlfun.stats.power import WEAKER, seeds_for_verdicts, smallest_detectable
from dlfun.stats.tests import TTest, sign_flip
from dlfun.stats.words import Printing, sentence

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


def make_pair(found: Evidence, plan: Plan, printing: Printing, higher_is_better: bool) -> Pair:
    """What is said of two arms, before what the rest of the family does to its p value."""
    a, b, favoured = found.a, found.b, found.favoured
    sign = 1 if higher_is_better else -1
    verdict, (mde, detect, equiv) = decide(found, plan), _seeds(found, plan)
    more = max(detect, equiv) - found.n if detect and equiv else 0
    return Pair(
        a=a.name,
        b=b.name,
        n=found.n,
        unit=found.unit,
        n_distinct_a=a.n_distinct,
        n_distinct_b=b.n_distinct,
        mean_a=_plain(sign * a.mean),
        mean_b=_plain(sign * b.mean),
        **_difference(found, plan),
        **_explanation(found, plan),
        **_effects(found),
        relative_error_change=_relative_error_change(a, b, higher_is_better, printing.percent),
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
    )


def _difference(found: Evidence, plan: Plan) -> dict[str, Any]:
    """The difference with its intervals, and where it lies to the margin."""
    test, known = found.compared, not found.without_spread
    worse, rope, better = (_plain(p) if known else None for p in test.posterior(plan.delta))
    return {
        "diff": _plain(test.diff),
        "sd_diff": _plain(test.sd),
        "ci": _ends(*test.interval(plan.level)) if known else (None, None),
        "ci_level": plan.level,
        "ci_bootstrap": _ends(*found.bootstrap[0]) if found.bootstrap else None,
        "delta": plan.delta,
        "p_worse": worse,
        "p_rope": rope,
        "p_better": better,
    }


def _explanation(found: Evidence, plan: Plan) -> dict[str, Any]:
    """The p values, before what the rest of the family does to them."""
    test, known = explain(found, plan), not found.without_spread
    p = _plain(test.p) if known and not found.without else None
    flipped = sign_flip(found.x.scores - found.y.scores) if _flips(found, plan) else np.nan
    return {
        "family_size": plan.size,
        "p": p,
        "p_test": test.name,
        "p_at_floor": p is not None and p <= test.least,
        "p_disagrees": False,
        "p_holm": None,
        "p_signflip": _plain(flipped),
        "p_t": _plain(found.compared.p) if known else None,
    }


def _effects(found: Evidence) -> dict[str, Any]:
    """Sizes of the effect that need no unit."""
    theta, wins = found.theta, found.wins
    sized = found.unit == RUNS and not found.one_sample
    return {
        "theta": _plain(theta.estimate),
        "theta_ci": _ends(theta.low, theta.high),
        "wins": _plain(wins.estimate),
        "wins_ci": _ends(wins.low, wins.high),
        "hedges_g": _plain(hedges_g(found.x.scores, found.y.scores)) if sized else None,
        "bouthillier": bool(theta.low > 0.5 and theta.high > PRACTICAL),
    }


def _flips(found: Evidence, plan: Plan) -> bool:
    """Whether there are pairs of runs whose differences' signs may be flipped: not of one pool."""
    return plan.paired and not plan.split_variance and found.unit == RUNS and not found.one_sample


def _seeds(found: Evidence, plan: Plan) -> tuple[float | None, int | None, int | None]:
    """The smallest detectable difference; the seeds to detect delta, and to show equivalence.

    None of them where failures decide, or where more seeds would tell nothing. Both numbers of
    seeds allow for the wider interval of skewed arms.
    """
    test = found.compared
    if found.mixture or found.without_spread or not isinstance(test, TTest) or found.unit != RUNS:
        return None, None, None
    # What is left of the variance of the mean when the share that seeds reduce is taken away.
    extra = max(test.error**2 - test.sd**2 / test.n, 0.0) if test.n else 0.0
    spread = test.sd if found.paired else float(test.sd / np.sqrt(2))
    rest = plan.power, plan.alpha, found.paired, extra
    least = smallest_detectable(spread, max(2, test.n - WEAKER), *rest)
    return _plain(least), *seeds_for_verdicts(spread, plan.delta, *rest)


def _relative_error_change(a: Side, b: Side, higher_is_better: bool, percent: bool) -> float | None:
    """The error of a over that of b, less 1: an accuracy's error, or a loss that is positive."""
    if higher_is_better and not percent:
        return None
    errors = [1 - side.mean if higher_is_better else -side.mean for side in (a, b)]
    return _plain(errors[0] / errors[1] - 1) if min(errors) >= 0 and errors[1] > 0 else None


def _plain(value: float) -> float | None:
    """A Python float, or None where it is not finite."""
    return float(value) if np.isfinite(value) else None


def _ends(low: float, high: float) -> tuple[float | None, float | None]:
    return _plain(low), _plain(high)
