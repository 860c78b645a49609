"""Is A better than B, by how much, and how sure are we: the verdict on each pair of arms."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from dlfun.errors import UserError, unknown
from dlfun.stats.arms import Arm, Side, check_arm, make_side
from dlfun.stats.evidence import Plan, gather
from dlfun.stats.labels import AHEAD, EQUIVALENT, NONE
from dlfun.stats.multiplicity import holm
from dlfun.stats.pair import Pair, make_pair
from dlfun.stats.words import Printing

FAMILIES = ("all-pairs", "vs-reference")


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
    run: str = "seed",
) -> list[Pair]:
    """The verdict on each pair of a family of arms.

    `delta` is the largest difference that counts as none, in the metric's unit. Paired arms have
    replicate r at index r. `split_variance` is n_test / n_train where each replicate draws its own
    split of one pool (Nadeau & Bengio 2003). `population` extends the claim to all examples like
    those tested, from the arms' `examples`. For a declared look, alpha is the level of that look.
    `percent` says that scores are accuracies in fractions, which sentences give in points, `unit`
    what other scores are counted in, `run` what a run is called, such as a fold. Raises UserError
    for arms that cannot be compared so.

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
    printing = Printing(percent, unit, higher_is_better, run)
    return _adjusted([make_pair(x, plan, printing, higher_is_better) for x in found], plan)


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
    for arm in arms:
        check_arm(arm)
    tested = {arm.name: np.shape(arm.examples)[1] for arm in arms if arm.examples is not None}
    if len(set(tested.values())) > 1:
        raise UserError(f"arms compared over examples must share one test set, not {tested}")
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
