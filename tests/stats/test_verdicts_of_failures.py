"""Verdicts on arms some of whose runs failed or stayed at chance."""

import numpy as np
import pytest

from dlfun.stats import Arm, compare_arms, superiority
from tests.stats.test_verdicts import STEADY, apart, judged


def test_failed_runs_take_chance_and_the_worst_rank():
    y = STEADY.copy()
    y[:3] = np.nan
    pair = judged(STEADY, y, chance=0.1)
    assert pair.mean_b == pytest.approx((17 * STEADY.mean() + 3 * 0.1) / 20, abs=1e-3)
    assert (pair.n_failed_a, pair.n_failed_b, pair.mixture) == (0, 3, True)
    assert pair.theta == superiority(STEADY, np.where(np.isnan(y), -np.inf, y)).estimate
    unknown = judged(STEADY, y)
    means = {unknown.a: unknown.mean_a, unknown.b: unknown.mean_b}
    assert means["y"] == pytest.approx(np.nanmean(y))
    assert unknown.theta in (pair.theta, 1 - pair.theta)
    assert unknown.diff == 0  # over the pairs that did not fail


def test_a_mixture_is_judged_by_rank():
    x, y = apart(0.1)
    marks = np.arange(20) < 2
    y = np.where(marks, 0.1, y)
    pair = compare_arms([Arm("x", x, np.zeros(20)), Arm("y", y, marks)], delta=0.003, percent=True)[
        0
    ]
    assert (pair.n_at_chance_a, pair.n_at_chance_b, pair.mixture) == (0, 2, True)
    assert (pair.verdict, pair.winner) == ("better", "x")
    assert pair.words.startswith("x beats y in 100 % of pairs of runs [")
    assert pair.mde is pair.n_detect is pair.n_equiv is None
    # One of them as good as the other: never equivalent by rank.
    same = compare_arms([Arm("x", y, marks), Arm("y", y, marks)], delta=0.003)[0]
    assert same.verdict == "unresolved"
    assert same.words == (
        "x and y: unresolved by rank, some runs failed or stayed at chance, 20 seeds"
    )


def test_a_failed_run_is_not_at_chance_and_makes_a_mixture():
    y = np.where(np.arange(20) < 2, np.nan, STEADY)
    marks = np.isnan(y)  # as a study might mark them
    pair = compare_arms([Arm("x", STEADY + 0.1), Arm("y", y, marks)], delta=0.003)[0]
    assert (pair.n_failed_b, pair.n_at_chance_a, pair.n_at_chance_b) == (2, None, 0)
    assert pair.mixture


def test_ranks_may_overrule_the_mean():
    # y is a little better in 16 of 20 runs, and fails in the others.
    x, y = apart(-0.01, 20, 0.001)
    x, y = np.sort(x) * 0.01 + 0.89, np.sort(y) * 0.01 + 0.95
    y[:3] = np.nan
    pair = judged(x, y, chance=0.1)
    assert (pair.a, pair.b) == ("x", "y")
    assert pair.theta < 0.5
    assert (pair.verdict, pair.winner) == ("better", "y")
    assert pair.words.startswith("y beats x in 85 % of pairs of runs [")


def test_an_arm_wholly_at_chance_is_no_mixture():
    marks = np.ones(20, bool)
    arms = [Arm("x", STEADY, ~marks), Arm("y", STEADY - 0.8, marks)]
    pair = compare_arms(arms, delta=0.003)[0]
    assert not pair.mixture
    assert pair.verdict == "better"


def test_arms_that_failed_wholly():
    none = np.full(20, np.nan)
    assert judged(STEADY, none, chance=0.1).diff == pytest.approx(STEADY.mean() - 0.1)
    by_rank = judged(none, STEADY)
    assert (by_rank.verdict, by_rank.winner, by_rank.mixture) == ("better", "y", False)
    assert by_rank.diff is None
    both = judged(none, none, chance=0.1)
    assert (both.verdict, both.winner) == ("no verdict", None)
    assert both.words == "x and y: no verdict, all runs of both failed"
