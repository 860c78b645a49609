"""The label of a pair, what it was taken from, and the test that explains it."""

from typing import NamedTuple

import numpy as np
from scipy import special, stats

from dlfun.stats.arms import Side
from dlfun.stats.effects import rank_p
from dlfun.stats.evidence import EXAMPLES, Evidence, Plan, difference_of, wins_of
from dlfun.stats.labels import (
    EQUIVALENT,
    NONE,
    TOO_FEW,
    UNRESOLVED,
    ahead,
    label,
)
from dlfun.stats.paired_examples import Disagreement
from dlfun.stats.tests import sign_flip, smallest_p


class Test(NamedTuple):
    """The test behind a p value: its name, the value, and the smallest it could have been."""

    name: str
    p: float
    least: float = 0.0


def verdict(found: Evidence, plan: Plan) -> str:
    """The label of the pair."""
    if found.without or found.without_spread or not np.isfinite(found.compared.diff):
        return NONE
    if found.mixture:
        return _with_failures(found.favoured, plan)
    return label(*found.widest(plan), plan.delta, found.n)


def decided_by(found: Evidence, plan: Plan) -> str:
    """What the label was taken from, where it differs from that of the first interval."""
    if found.mixture:
        return "ranks"
    if found.unit == EXAMPLES:
        return EXAMPLES
    plain = label(*found.plain(plan), plan.delta, found.n)
    return "t" if verdict(found, plan) in (plain, NONE) else "bootstrap-t"


def explain(found: Evidence, plan: Plan) -> Test:
    """The test that explains the verdict."""
    if found.unit == EXAMPLES:
        exact = isinstance(found.compared, Disagreement)
        return Test("exact McNemar test" if exact else "t test over examples", found.compared.p)
    if found.mixture:
        return _rank_test(found, plan)
    if found.one_sample:
        return Test("t test of one sample", found.compared.p)
    if plan.population:
        return Test("two-way t test", found.compared.p)
    if not plan.paired:
        return Test("Welch's t test", found.compared.p)
    if plan.split_variance:
        return Test("corrected resampled t test", found.compared.p)
    # It holds for independent paired replicates on one test set.
    p = sign_flip(found.x.scores - found.y.scores)
    return Test("exact sign-flip test", p, smallest_p(found.compared.n))


def _rank_test(found: Evidence, plan: Plan) -> Test:
    """The test of as many wins as losses: of the pairs, or of all runs with one another.

    Runs whose splits overlap count as the fewer independent ones whose means vary as much.
    """
    m, n = (size / (1 + size * plan.split_variance) for size in (found.x.n, found.y.n))
    if not found.paired:
        return Test("Mann-Whitney test", rank_p(found.theta.estimate, m, n))
    if plan.split_variance:
        p = 2 * special.ndtr(-abs(2 * found.wins.estimate - 1) * np.sqrt(n))
        return Test("sign test of pairs, corrected for splits that overlap", float(p))
    one, other = found.x.ranked, found.y.ranked
    won, decided = int((one > other).sum()), int((one != other).sum())
    p = float(stats.binomtest(won, decided).pvalue) if decided else 1.0
    return Test("sign test of pairs", p, smallest_p(decided) if decided else 0.0)


def _with_failures(found: Evidence, plan: Plan) -> str:
    """The label where some runs failed or stayed at chance, of the arm that leads in rank.

    A failed run has the worst rank, and the runs that succeeded must agree. Failed runs of the
    leading arm count there as lower than any score, so that more of them do not make its label
    stronger.
    """
    x, y, n = found.x, found.y, found.n
    if n < TOO_FEW:
        return NONE
    ci, inner = found.widest(plan)
    if label(ci, inner, plan.delta, n) == EQUIVALENT and _alike_in_rank(found, plan):
        return EQUIVALENT
    intervals = [ci]
    if x.weak.any():
        everyone = np.ones(x.n, bool), ~y.weak
        lowered = difference_of(_lowered(x, y, found.paired), y, everyone, found.paired, plan)
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
    return all(wins_of(*pair, found.paired, plan, plan.delta).low > 0.5 for pair in pairs)


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
