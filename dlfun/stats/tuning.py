"""Tuning curves: how good the best of k trials is.

Trials are independent draws from one search space, a score each [K]: that of validation, a mean
over tuning seeds. One that is not finite has failed and ranks below all others.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dlfun.errors import UserError
from dlfun.stats.bands import order_statistic_band
from dlfun.words import plural


class BestBand(NamedTuple):
    """A band of the median tuning curve: budgets [k], ends [k], NaN where no end is known."""

    budgets: np.ndarray
    low: np.ndarray
    high: np.ndarray


def expected_best(
    scores: ArrayLike, budgets: ArrayLike | None = None, higher_is_better: bool = True
) -> np.ndarray:
    """The expected best score of each budget of trials; budgets are 1, ..., K unless given.

    The mean of the best over all subsets of k of the trials, which is unbiased (Tang et al. 2020).
    NaN where all of k trials may have failed. Raises UserError for a budget beyond K.

    >>> expected_best([0.1, 0.2, 0.6]).round(4).tolist()
    [0.3, 0.4667, 0.6]
    """
    sign = 1 if higher_is_better else -1
    ranked = _ranked(scores, sign)
    ordered = sign * np.sort(ranked)
    return _averaged(np.where(np.isfinite(ordered), ordered, np.nan), ranked, budgets)


def chosen_test(
    validation: ArrayLike,
    test: ArrayLike,
    budgets: ArrayLike | None = None,
    higher_is_better: bool = True,
) -> np.ndarray:
    """The expected test score of the best of k trials by validation: nothing is chosen by test.

    `validation` and `test` are [K]; `higher_is_better` is said of validation. Of trials that tie
    each is as likely to be the chosen one. NaN as for expected_best.

    >>> chosen_test([0.1, 0.2, 0.6], [0.5, 0.9, 0.7]).round(4).tolist()
    [0.7, 0.7667, 0.7]
    """
    ranked, carried = _ranked(validation, 1 if higher_is_better else -1), np.asarray(test, float)
    carried = np.where(np.isfinite(carried), carried, np.nan)
    if carried.shape != ranked.shape:
        raise UserError(
            f"{plural(len(ranked), 'trial')} and {plural(carried.size, 'test score')} were "
            "given; give one for each"
        )
    _, group, size = np.unique(ranked, return_inverse=True, return_counts=True)
    mean = np.bincount(group, carried) / size
    return _averaged(mean[np.sort(group)], ranked, budgets)


def median_best(
    scores: ArrayLike, budgets: ArrayLike | None = None, higher_is_better: bool = True
) -> np.ndarray:
    """The median best score of each budget: the 0.5^(1/k) quantile of the scores, at 1, ..., K.

    It is what best_band holds (Lourie et al. 2024). Unlike the mean it needs no score for a failed
    trial; it is NaN where half of the best of k trials are failed ones.
    """
    sign = 1 if higher_is_better else -1
    ordered = np.sort(_ranked(scores, sign))
    share = _quantiles(_budgets(budgets, len(ordered)))
    # A rank that is whole on paper may exceed it by rounding.
    found = sign * ordered[np.ceil(len(ordered) * share - 1e-9).astype(int) - 1]
    return np.where(np.isfinite(found), found, np.nan)


def best_band(
    scores: ArrayLike,
    level: float = 0.95,
    budgets: ArrayLike | None = None,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    higher_is_better: bool = True,
) -> BestBand:
    """The band that holds the whole median tuning curve with at least the probability `level`.

    Exact for continuous scores of any distribution, and conservative with ties (Lourie et al. 2024,
    by Learned-Miller & DeStefano's band). `bounds` are the lowest and highest score there can be,
    such as (0, 1): beyond a few trials nothing else bounds what a larger budget may find. The
    number of trials must not depend on what they found.
    """
    sign = 1 if higher_is_better else -1
    ordered = np.sort(_ranked(scores, sign))
    ks = _budgets(budgets, len(ordered))
    worst, best = sorted(sign * bound for bound in bounds)
    if np.any(ordered > best) or np.any(ordered[np.isfinite(ordered)] < worst):
        raise UserError(f"a score lies outside its bounds {bounds[0]:g} to {bounds[1]:g}")
    padded = np.concatenate([[worst], np.maximum(ordered, worst), [best]])
    below, above = order_statistic_band(len(ordered), level)
    # F(y) is at least below[i] from the i-th score on, and at most above[i] before it.
    ends = [
        sign * padded[np.searchsorted(end, _quantiles(ks)) + at]
        for end, at in ((above, 0), (below, 1))
    ]
    low, high = (np.where(np.isfinite(end), end, np.nan) for end in ends[::sign])
    return BestBand(ks, low, high)


def overtakes(curve_a: ArrayLike, curve_b: ArrayLike, higher_is_better: bool = True) -> int | None:
    """The budget from which on A's curve is ahead of B's; curves are over budgets 1, 2, ...

    1 where A is ahead all along, None where it is not at the end. The longer curve is cut.

    >>> overtakes([0.1, 0.5, 0.7], [0.3, 0.4, 0.5]), overtakes([0.1], [0.3])
    (2, None)
    """
    a, b = np.asarray(curve_a, float), np.asarray(curve_b, float)
    most = min(len(a), len(b))
    ahead = a[:most] > b[:most] if higher_is_better else a[:most] < b[:most]
    behind = np.flatnonzero(~ahead)
    first = int(behind[-1]) + 2 if len(behind) else 1
    return first if first <= most else None


def budget_reaching(curve: ArrayLike, share: float = 0.95) -> int | None:
    """The first budget at which a curve over 1, 2, ... has that share of its whole gain.

    The gain is counted from the first budget that has a score; None where none has.

    >>> budget_reaching([0.1, 0.8, 0.99, 1.0])
    3
    """
    curve = np.asarray(curve, float)
    known = np.flatnonzero(np.isfinite(curve))
    if not len(known):
        return None
    start, end = curve[known[0]], curve[known[-1]]
    reached = np.sign(end - start) * (curve[known] - start) >= share * abs(end - start) - 1e-12
    return int(known[np.argmax(reached)]) + 1


def _ranked(scores: ArrayLike, sign: int) -> np.ndarray:
    """Scores [K] turned so that more is better; failed ones are -inf."""
    scores = np.asarray(scores, float)
    if scores.ndim != 1 or not len(scores):
        raise UserError("a tuning curve needs one score for each trial, and a trial at least")
    return np.where(np.isfinite(scores), sign * scores, -np.inf)


def _budgets(budgets: ArrayLike | None, trials: int) -> np.ndarray:
    if budgets is None:
        return np.arange(1, trials + 1)
    ks = np.atleast_1d(np.asarray(budgets))
    if np.any(ks != ks.astype(int)) or np.any(ks < 1) or np.any(ks > trials):
        raise UserError(
            f"budgets of {plural(trials, 'trial')} are whole numbers from 1 to {trials}"
        )
    return ks.astype(int)


def _quantiles(budgets: np.ndarray) -> np.ndarray:
    """The quantile of one trial that is the median of the best of k."""
    return 0.5 ** (1 / budgets)


def _averaged(values: np.ndarray, ranked: np.ndarray, budgets: ArrayLike | None) -> np.ndarray:
    """The mean value of the best of k trials; `values` [K] belong to ascending ranks."""
    trials, failed = len(ranked), int(np.isneginf(ranked).sum())
    ks = _budgets(budgets, trials)
    rank, drawn = np.arange(1, trials + 1), np.arange(trials)
    # All k lie among the first i: C(i, k) / C(K, k); that of rank i is the best in k / i of them.
    among = np.cumprod(np.maximum(0, rank[:, None] - drawn) / (trials - drawn), axis=1)
    weights = (among * (drawn + 1) / rank[:, None])[:, ks - 1]
    values = np.where(np.arange(trials) < failed, 0.0, values)  # their weight is 0 where k > failed
    return np.where(ks > failed, values @ weights, np.nan)
