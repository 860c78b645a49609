"""The winner of a pair of arms alone, without the numbers that explain it: fast for many pairs."""

import numpy as np

from dlfun.stats.arms import Side, distinct
from dlfun.stats.decision import verdict
from dlfun.stats.evidence import Plan, difference_of, gather
from dlfun.stats.labels import AHEAD


def winner(a: Side, b: Side, plan: Plan) -> str | None:
    """The name of the arm that `compare_arms` finds better, or None.

    Where no run failed and the t interval holds 0, no wider interval can leave it out: those of
    skewed arms, which take long, are not made.
    """
    if not (a.mixed or b.mixed or (a.constant and b.constant)):
        x, y, paired = distinct(a, b, plan.paired)
        test = difference_of(x, y, (~x.weak, ~y.weak), paired, plan)
        low, high = test.interval(plan.level)
        if not (np.isfinite(test.diff) and (low > 0 or high < 0)):
            return None
    found = gather(a, b, plan)
    return found.favoured.a.name if verdict(found, plan) in AHEAD else None
