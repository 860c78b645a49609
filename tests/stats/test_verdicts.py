"""Verdicts on pairs: each label, each rule, each field, and what is refused."""

import json

import numpy as np
import pytest
from scipy import stats

from dlfun.errors import UserError
from dlfun.stats import (
    Arm,
    compare_arms,
    hedges_g,
    paired_t,
    seeds_to_detect,
    sign_flip,
    smallest_detectable,
    superiority,
    two_way,
)
from dlfun.stats.labels import label
from tests.stats.golden import A, B, C

STEADY = np.tile([0.9, 0.902], 10)


def judged(x, y, **options):
    options = {"delta": 0.003, "percent": True} | options
    return compare_arms([Arm("x", x), Arm("y", y)], **options)[0]


def apart(gap, n=20, sd=0.004):
    """Two arms of n runs whose differences have exactly this mean and sd."""
    noise = np.random.default_rng(0).normal(size=n)
    noise = (noise - noise.mean()) / noise.std(ddof=1) * sd
    base = np.random.default_rng(1).normal(0.9, 0.01, n)
    return base + gap + noise, base


def test_golden_pair():
    pair = compare_arms([Arm("b", B), Arm("a", A)], delta=0.5)[0]
    assert (pair.a, pair.b, pair.n) == ("a", "b", 8)
    assert pair.diff == pytest.approx(0.2625)
    assert pair.ci == pytest.approx((0.1289047087, 0.3960952913), abs=5e-11)
    assert pair.p_signflip == 0.015625
    assert pair.p_t == pytest.approx(0.00235229602, abs=5e-12)
    assert pair.theta_ci == pytest.approx((0.48971995, 0.92416606), abs=5e-9)
    assert pair.hedges_g == pytest.approx(1.08759715, abs=5e-9)
    assert round(pair.p_rope, 5) == 0.99799
    assert pair.verdict == "equivalent"  # the whole interval lies within the margin
    assert compare_arms([Arm("b", B), Arm("a", A)], delta=0.2)[0].verdict == "suggestive"


@pytest.mark.parametrize(
    ("ci", "inner", "n", "wanted"),
    [
        ((0.31, 0.9), (0.4, 0.8), 20, "better"),
        ((-0.9, -0.31), (-0.8, -0.4), 20, "better"),
        ((0.01, 0.9), (0.1, 0.8), 20, "better (small)"),
        ((0.01, 0.31), (0.02, 0.29), 20, "better (small)"),
        ((0.01, 0.2), (0.02, 0.1), 20, "equivalent"),
        ((-0.2, -0.01), (-0.1, -0.02), 9, "equivalent"),
        ((-0.01, 0.35), (0.01, 0.29), 20, "equivalent"),
        ((-0.01, 0.35), (0.01, 0.31), 20, "unresolved"),
        ((-0.35, 0.35), (-0.31, 0.31), 20, "unresolved"),
        ((0.31, 0.9), (0.4, 0.8), 9, "suggestive"),
        ((0.01, 0.9), (0.1, 0.8), 9, "suggestive"),
        ((-0.01, 0.2), (0.0, 0.1), 9, "equivalent"),
        ((0.31, 0.9), (0.4, 0.8), 4, "no verdict"),
        ((np.nan, np.nan), (np.nan, np.nan), 1, "no verdict"),
    ],
)
def test_labels(ci, inner, n, wanted):
    assert label(ci, inner, 0.3, n) == wanted


@pytest.mark.parametrize(
    ("gap", "n", "verdict", "words"),
    [
        (0.021, 20, "better", "x beats y by 2.1 points [1.9, 2.3], 20 seeds"),
        (
            0.003,
            20,
            "better (small)",
            "x beats y by 0.3 points [0.1, 0.5], perhaps by less than 0.3 points, 20 seeds",
        ),
        (1e-5, 20, "equivalent", "x and y are equivalent within 0.3 points, 20 seeds"),
        (-0.021, 8, "suggestive", "y seems better than x by 2.1 points [1.8, 2.4], only 8 seeds"),
        (0.001, 12, "unresolved", "x and y: unresolved, about 6 more seeds"),
        (0.5, 4, "no verdict", "x and y: no verdict from 4 seeds, 5 at least are needed"),
    ],
)
def test_verdicts_in_words(gap, n, verdict, words):
    pair = judged(*apart(gap, n))
    assert (pair.verdict, pair.words) == (verdict, words)
    better = verdict in ("better", "better (small)", "suggestive")
    assert pair.winner == (("x" if gap > 0 else "y") if better else None)


def test_unresolved_with_seeds_enough_names_the_difference():
    pair = judged(*apart(0.0018, 40, 0.0057))
    assert pair.verdict == "unresolved"
    assert max(pair.n_detect, pair.n_equiv) <= 40
    assert pair.words == "x and y: unresolved, 0.180 points [-0.002, 0.362], 40 seeds"


def test_units_of_words():
    gap = -2.5 + np.array([0.1, -0.1] * 10)
    pair = judged(STEADY + gap, STEADY, percent=False, unit="nats", higher_is_better=False)
    assert pair.words == "x beats y by 2.50 nats [2.45, 2.55], 20 seeds"


def test_very_small_and_very_large_numbers_keep_three_digits():
    x, y = apart(0.05, sd=0.01)
    for scale, words in (
        (1e-9, "x beats y by 5e-11 [4.53e-11, 5.47e-11], 20 seeds"),
        (1e12, "x beats y by 5e+10 [4.53e+10, 5.47e+10], 20 seeds"),
    ):
        assert judged(scale * x, scale * y, delta=0.0, percent=False).words == words


def test_a_margin_is_written_as_differences_are():
    x, y = apart(0.05)
    words = judged(1e6 * x, 1e6 * y, delta=37100.4, percent=False).words
    assert words == "x beats y by 50000.0 [48127.9, 51872.1], 20 seeds"
    small = judged(1e6 * x, 1e6 * y, delta=50000.4, percent=False).words
    assert small.endswith(", perhaps by less than 50000, 20 seeds")


def test_both_numbers_of_seeds_are_given_where_they_differ():
    x, y = apart(0.05)
    pair = judged(x[:12], y, paired=False)
    assert pair.words.endswith("points [4.8, 5.8], 12 and 20 seeds")


def test_skewed_scores_are_judged_by_all_that_two_intervals_allow():
    """One lies within the margin, the other reaches beyond; both are above 0."""
    x = 4 - 0.3 * np.exp(np.linspace(-1, 1.5, 12))
    pair = judged(x, np.resize([1.0, 1.01], 12), delta=0.0, percent=False)
    ends = pair.ci[1], pair.ci_bootstrap[1]
    assert min(pair.ci[0], pair.ci_bootstrap[0]) > 0
    between = judged(x, np.resize([1.0, 1.01], 12), delta=np.mean(ends), percent=False)
    assert (between.verdict, between.winner) == ("better (small)", "x")
    beyond = judged(x, np.resize([1.0, 1.01], 12), delta=max(ends) + 0.1, percent=False)
    assert beyond.verdict == "equivalent"


def test_fields_equal_their_functions():
    x, y = apart(0.002, 20)
    pair = judged(x, y)
    test = paired_t(x - y)
    assert (pair.diff, pair.sd_diff, pair.p_t) == pytest.approx((test.diff, test.sd, test.p))
    assert (pair.mean_a, pair.mean_b) == pytest.approx((x.mean(), y.mean()))
    assert (pair.p_worse, pair.p_rope, pair.p_better) == pytest.approx(test.posterior(0.003))
    assert pair.p_signflip == pair.p_holm == sign_flip(x - y)
    assert pair.theta == superiority(x, y).estimate
    assert pair.hedges_g == hedges_g(x, y)
    assert pair.relative_error_change == pytest.approx((1 - x.mean()) / (1 - y.mean()) - 1)
    assert pair.bouthillier is False
    assert judged(*apart(0.05)).bouthillier is True


def test_a_family_shares_alpha():
    arms = [Arm(name, scores) for name, scores in zip("abc", (A, B, C), strict=True)]
    pairs = compare_arms(arms, delta=0.1)
    assert [(p.a, p.b) for p in pairs] == [("a", "b"), ("a", "c"), ("c", "b")]
    assert {p.family_size for p in pairs} == {3}
    assert pairs[0].ci_level == pytest.approx(1 - 0.05 / 3)
    wanted = stats.ttest_rel(A, B).confidence_interval(1 - 0.05 / 3)
    assert pairs[0].ci == pytest.approx((wanted.low, wanted.high))
    assert pairs[0].theta_ci == superiority(A, B, 1 - 0.05 / 3)[1:3]
    flips = [p.p_signflip for p in pairs]
    assert pairs[0].p_holm == 3 * min(flips)
    against = compare_arms(arms, delta=0.1, family="vs-reference", reference="c")
    assert [{p.a, p.b} for p in against] == [{"a", "c"}, {"b", "c"}]
    assert against[0].ci_level == 0.975


def test_equivalence_is_tested_at_the_level_of_the_family():
    # Within the margin as a pair of its own, and not as one of three.
    x, y = apart(0.0, 20, 0.006)
    assert judged(x, y).verdict == "equivalent"
    family = compare_arms([Arm("x", x), Arm("y", y), Arm("z", y - 0.1)], delta=0.003)
    assert family[0].verdict == "unresolved"


def test_unpaired_arms_take_welch():
    pair = judged(STEADY[:15], STEADY - 0.01, paired=False)
    assert pair.n == 15
    assert pair.p_signflip is None
    wanted = stats.ttest_ind(STEADY[:15], STEADY - 0.01, equal_var=False)
    assert pair.p_t == pair.p_holm == pytest.approx(wanted.pvalue)
    assert pair.ci == pytest.approx(tuple(wanted.confidence_interval()))


def test_unpaired_sample_sizes_are_of_the_sd_within_an_arm():
    x, y = apart(0.0, 20, 0.006)
    pair = judged(x, y - 0.001, paired=False)
    within = np.sqrt((np.var(x, ddof=1) + np.var(y, ddof=1)) / 2)
    # One seed makes up for what the weaker of two labels costs.
    assert pair.n_detect == seeds_to_detect(within, 0.003, paired=False) + 1
    assert pair.mde == pytest.approx(smallest_detectable(within, 20 - 1, paired=False))


def test_random_splits_widen_all_that_follows():
    x, y = apart(0.004, 20)
    one, many = judged(x, y), judged(x, y, split_variance=0.25)
    assert one.verdict == "better (small)"
    assert many.verdict == "unresolved"
    ratio = np.diff(many.ci)[0] / np.diff(one.ci)[0]
    assert ratio == pytest.approx(np.sqrt((1 / 20 + 0.25) * 20))
    assert many.p_holm == many.p_t > one.p_t  # sign flips know no overlap
    assert many.theta_ci[0] < one.theta_ci[0]
    assert many.mde == pytest.approx(one.mde * np.sqrt((1 / 19 + 0.25) * 19))
    assert many.n_detect is None  # the splits alone hide such a difference


def test_population_scope_is_two_way():
    rng = np.random.default_rng(0)
    easy = rng.random(400)
    right = {k: rng.random((12, 400)) < easy**p for k, p in (("x", 0.4), ("y", 0.6))}
    scores = {k: right[k].mean(1) for k in "xy"}

    def told(**options):
        arms = [Arm(k, scores[k], examples=right[k]) for k in "xy"]
        return compare_arms(arms, delta=0.003, population=True, **options)[0]

    pair = told()
    test = two_way([right["x"].astype(float) - right["y"]])
    assert pair.ci == pytest.approx(test.interval(0.95))
    assert pair.diff == pytest.approx(np.mean(scores["x"] - scores["y"]))
    assert pair.sd_diff == pytest.approx(np.std(scores["x"] - scores["y"], ddof=1))
    assert pair.p_holm == pair.p_t == pytest.approx(test.p)
    unpaired = told(paired=False)
    assert unpaired.ci == pytest.approx(two_way([right["x"], right["y"]]).interval(0.95))
    scores["y"][:2] = np.nan
    kept = right["x"][2:].astype(float) - right["y"][2:]
    assert told().ci == pytest.approx(two_way([kept]).interval(0.95))


def test_a_record_is_json():
    pair = judged([np.nan, 0.5], [0.4, np.inf])
    assert "NaN" not in json.dumps(pair._asdict(), allow_nan=False)
    assert pair.ci == (None, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"arms": [Arm("x", A)]}, "two arms with different names"),
        ({"arms": [Arm("x", A), Arm("x", B)]}, "two arms with different names"),
        ({"arms": [Arm("x", A), Arm("y", B[:5])]}, "compare unpaired"),
        ({"arms": [Arm("x", []), Arm("y", [])]}, "as many runs"),
        ({"delta": -1.0}, "delta -1 must be 0 or more"),
        ({"delta": np.nan}, "delta nan"),
        ({"alpha": 1.0}, "alpha 1 between"),
        ({"family": "all"}, "unknown family 'all'"),
        ({"family": "vs-reference", "reference": "z"}, "unknown reference 'z'"),
        ({"family": "vs-reference"}, "unknown reference 'None'"),
        ({"population": True}, "one shared test split"),
        (
            {
                "arms": [Arm(k, A, examples=np.ones((8, 3))) for k in "xy"],
                "population": True,
                "split_variance": 0.2,
            },
            "one shared test split",
        ),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        compare_arms(**({"arms": [Arm("x", A), Arm("y", B)], "delta": 0.1} | options))


def test_an_arm_with_a_tail_of_bad_runs_takes_the_weaker_label():
    rng = np.random.default_rng(0)
    x = 0.907 + 0.01 * (np.exp(0.5) - rng.lognormal(size=10))
    y = 0.9 + 0.003 * rng.normal(size=10)
    pair = judged(x, y, delta=0.0)
    assert pair.ci == pytest.approx(paired_t(x - y).interval(0.95))  # as ever
    assert pair.ci[0] > 0
    assert pair.ci_bootstrap[0] < 0
    assert (pair.verdict, pair.decided_by) == ("unresolved", "bootstrap-t")
    assert pair.words.endswith(
        "10 seeds; as scores are skewed, the bootstrap-t interval [-0.6, 1.7] counts, too"
    )
    # The sign flips see a difference where the verdict sees none: it says so.
    assert pair.p == sign_flip(x - y) < 0.05
    assert pair.p_disagrees
    steady = judged(np.sort(STEADY) + np.linspace(0, 0.01, 20), STEADY - 0.02)
    assert (steady.ci_bootstrap, steady.decided_by, steady.p_disagrees) == (None, "t", False)
    assert (steady.p, steady.p_at_floor) == (2 / 2**20, True)


@pytest.mark.parametrize("paired", [True, False])
def test_the_bootstrap_t_interval_is_that_of_a_loop(paired):
    """Another generator and plain Python; at a stricter level, as few runs err more often."""
    x, y = 10 - np.exp(np.linspace(-2, 2, 12)), np.linspace(0, 3, 12)
    pair = judged(x, y, percent=False, paired=paired)
    rng, statistics = np.random.default_rng(9), []

    def measured(a, b):
        if paired:
            return np.mean(a - b), np.std(a - b, ddof=1) / np.sqrt(12)
        return a.mean() - b.mean(), np.sqrt(a.var(ddof=1) / 12 + b.var(ddof=1) / 12)

    mean, error = measured(x, y)
    for _ in range(4000):
        one = rng.integers(12, size=12)
        other = one if paired else rng.integers(12, size=12)
        m, e = measured(x[one], y[other])
        statistics.append((m - mean) / e)
    high, low = np.quantile(statistics, [1 - 0.6 * 0.025, 0.6 * 0.025])
    assert pair.ci_bootstrap == pytest.approx((mean - high * error, mean - low * error), rel=0.1)
