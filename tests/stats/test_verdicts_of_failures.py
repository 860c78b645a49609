"""Verdicts on arms some of whose runs failed or stayed at chance."""

import numpy as np
import pytest
from scipy import stats

from dlfun.stats import Arm, compare_arms, paired_t, superiority
from tests.stats.test_verdicts import STEADY, apart, judged


def failing(scores, *runs):
    scores = np.array(scores, float)
    scores[list(runs)] = np.nan
    return scores


def test_failed_runs_have_the_worst_rank_and_no_score():
    x, y = apart(0.02)
    y = failing(y, 0, 1, 2)
    pair = judged(x, y)
    assert pair.mean_b == pytest.approx(np.nanmean(y))
    assert (pair.n_failed_a, pair.n_failed_b, pair.mixture) == (0, 3, True)
    assert pair.theta == superiority(x, np.where(np.isnan(y), -np.inf, y)).estimate
    kept = paired_t((x - y)[3:])  # what failed has no score, such as that of chance
    assert (pair.diff, pair.ci) == (kept.diff, kept.interval(0.95))
    assert pair.words == (
        "x beats y in 100 % of seeds [84, 100], and by 2.0 points [1.8, 2.2] among those "
        "that succeeded, 20 seeds; 3 of 20 runs of y failed"
    )


def test_the_margin_holds_for_arms_with_failures():
    """2 hundredths of a point with a margin of 1 point: nothing, with failures or without."""
    x, y = apart(0.0002, sd=0.00005)
    assert judged(x, y, delta=0.01).verdict == "equivalent"
    pair = judged(failing(x, 1), failing(y, 4), delta=0.01)
    assert (pair.verdict, pair.winner) == ("equivalent", None)
    assert pair.words == (
        "x and y are equivalent within 1 point: x is higher by 0.020 points [0.017, 0.023], "
        "which counts as none, 20 seeds; 1 of 20 runs of x failed; 1 of 20 runs of y failed"
    )
    small = judged(failing(x, 1), failing(y, 4), delta=0.0001999)
    assert small.verdict == "better (small)"
    assert judged(failing(x, 1), failing(y, 4), delta=0.0001).verdict == "better"


def test_many_failures_are_not_equivalent_to_none():
    x, y = apart(0.0, sd=0.001)
    few, many = (judged(failing(x, *range(k)), y, delta=0.01) for k in (1, 9))
    assert few.verdict == "equivalent"
    assert (many.verdict, many.winner) == ("better (small)", "y")


def test_pairs_stay_pairs():
    """Runs differ far more from one another than the arms do: only pairs tell."""
    base = np.linspace(0.5, 0.9, 20)
    noise = np.resize([0.001, -0.001], 20)
    x, y = failing(base + 0.05 + noise, 2), failing(base - noise, 2, 5)
    pair = judged(x, y)
    assert pair.diff == pytest.approx(np.nanmean(x - y))
    assert pair.sd_diff == pytest.approx(np.nanstd(x - y, ddof=1))
    assert pair.wins == pytest.approx(19.5 / 20)  # where both failed is a tie
    assert (pair.verdict, pair.winner) == ("better", "x")


def test_the_one_that_fails_is_behind_although_its_runs_are_as_good():
    x, y = apart(0.0005, sd=0.01)
    pair = judged(x, failing(y, *range(12)))
    assert (pair.verdict, pair.winner) == ("better (small)", "x")
    assert "12 of 20 runs of y failed" in pair.words


def test_runs_that_succeed_may_contradict_the_ranks():
    """x never fails, but is behind wherever y does not."""
    x, y = apart(-0.05)
    pair = judged(x, failing(y, *range(16)))
    assert (pair.a, pair.wins) == ("y", 0.2)
    assert pair.wins_ci[1] < 0.5
    assert (pair.verdict, pair.winner) == ("unresolved", None)


def test_the_words_do_not_hide_that_the_few_that_succeeded_were_ahead():
    x, y = failing(STEADY + 0.1, *range(19)), STEADY
    pair = judged(x, y)
    assert (pair.a, pair.winner, pair.ci) == ("x", "y", (None, None))
    assert pair.words == (
        "y beats x in 95 % of seeds [76, 99], though x is ahead by 10.0 points among those that "
        "succeeded, 20 seeds; 19 of 20 runs of x failed"
    )
    same = judged(failing(STEADY, *range(19)), STEADY)
    assert ", though they are equal among those that succeeded, 20 seeds; " in same.words


def test_no_seed_with_which_both_succeeded():
    x, y = apart(0.05, 10)
    pair = judged(failing(x, 0, 1, 2, 3, 4), failing(y, 5, 6, 7, 8, 9))
    assert (pair.verdict, pair.diff) == ("no verdict", None)
    assert pair.words == (
        "x and y: no verdict, there is no seed with which both succeeded; 5 of 10 runs of x "
        "failed; 5 of 10 runs of y failed"
    )


def test_a_mixture_is_judged_by_rank():
    x, y = apart(0.1)
    marks = np.arange(20) < 2
    y = np.where(marks, 0.1, y)
    pair = compare_arms([Arm("x", x, np.zeros(20)), Arm("y", y, marks)], delta=0.003, percent=True)[
        0
    ]
    assert (pair.n_at_chance_a, pair.n_at_chance_b, pair.mixture) == (0, 2, True)
    assert (pair.verdict, pair.winner, pair.decided_by) == ("better", "x", "ranks")
    assert pair.words.startswith("x beats y in 100 % of seeds [")
    assert pair.words.endswith("; 2 of 20 runs of y stayed at chance")
    assert pair.mde is pair.n_detect is pair.n_equiv is None
    assert (pair.p_test, pair.p, pair.p_at_floor) == ("sign test of pairs", 2 / 2**20, True)
    loose = compare_arms([Arm("x", x), Arm("y", y, marks)], delta=0.003, paired=False)[0]
    assert (loose.verdict, loose.p_test) == ("better", "Mann-Whitney test")
    assert loose.p == pytest.approx(
        stats.mannwhitneyu(x, y, method="asymptotic", use_continuity=False).pvalue, rel=0.05
    )
    assert (loose.wins, loose.wins_ci) == (loose.theta, loose.theta_ci)


def test_a_failed_run_is_not_at_chance_and_makes_a_mixture():
    y = np.where(np.arange(20) < 2, np.nan, STEADY)
    marks = np.isnan(y)  # as a study might mark them
    pair = compare_arms([Arm("x", STEADY + 0.1), Arm("y", y, marks)], delta=0.003)[0]
    assert (pair.n_failed_b, pair.n_at_chance_a, pair.n_at_chance_b) == (2, None, 0)
    assert pair.mixture


def test_an_arm_wholly_at_chance_is_no_mixture():
    marks = np.ones(20, bool)
    x, y = apart(0.8)
    pair = compare_arms([Arm("x", x, ~marks), Arm("y", y, marks)], delta=0.003)[0]
    assert not pair.mixture
    assert pair.verdict == "better"


@pytest.mark.parametrize("paired", [True, False])
def test_arms_that_failed_wholly_have_no_score(paired):
    none = np.full(20, np.nan)
    pair = judged(none, STEADY, paired=paired)
    assert (pair.verdict, pair.winner, pair.diff, pair.ci) == (
        "no verdict",
        None,
        None,
        (None, None),
    )
    assert pair.words == "y and x: no verdict, x failed in all 20 runs"
    assert (pair.a, pair.mean_a, pair.mean_b, pair.p) == ("y", STEADY.mean(), None, None)
    both = judged(none, none, paired=paired)
    assert (both.verdict, both.winner) == ("no verdict", None)
    assert both.words == "x and y: no verdict, x and y failed in all 20 runs"


def test_what_is_small_with_the_failures_is_not_said_of_the_others():
    x, y = apart(0.05, 20, 0.002)
    pair = judged(failing(x, 0, 1, 2, 3), y, delta=0.012)
    assert pair.verdict == "better (small)"
    assert (
        "among those that succeeded, with the others perhaps by less than 1.2 points" in pair.words
    )
