"""Arms without chance of their own: what one result says, and what its copies do not."""

import numpy as np
import pytest
from scipy import optimize, special, stats

from dlfun.errors import UserError
from dlfun.stats import Arm, compare_arms, paired_t
from dlfun.stats.paired_examples import Disagreement, compare_examples

SEEDS = np.random.default_rng(0).normal(0.85, 0.01, 10)


def answers(first, second, both=500, neither=146):
    """Right answers [examples] of two models, of which so many are only the one's."""
    a = np.repeat([1.0, 0.0, 1.0, 0.0], [first, second, both, neither])
    b = np.repeat([0.0, 1.0, 1.0, 0.0], [first, second, both, neither])
    return a, b


def fixed(name, right, n=10):
    """An arm that gives the same answers in each of n runs."""
    return Arm(name, np.full(n, right.mean()), copies=np.zeros(n), examples=np.tile(right, (n, 1)))


def judged(*arms, **options):
    return compare_arms(arms, **({"delta": 0.003, "percent": True} | options))[0]


def test_two_arms_of_one_result_are_compared_over_examples():
    """1.6 points apart on 1,000 examples, 185 against 169: that is nothing."""
    a, b = answers(185, 169)
    pair = judged(fixed("a", a), fixed("b", b))
    assert pair.p == pair.p_holm == pytest.approx(stats.binomtest(185, 354).pvalue)
    assert (pair.verdict, pair.unit, pair.n) == ("unresolved", "examples", 1000)
    assert pair.ci[0] < 0 < pair.ci[1]
    assert pair.p_test == "exact McNemar test"
    assert pair.theta is pair.hedges_g is pair.n_detect is None
    assert (pair.n_distinct_a, pair.n_distinct_b) == (1, 1)
    assert pair.words == (
        "a and b: unresolved, 1.6 points [-2.1, 5.3], 1,000 test examples, one trained model each"
    )


def test_one_example_of_ten_thousand_is_no_evidence():
    a, b = answers(1, 0, 9000, 999)
    pair = judged(fixed("a", a), fixed("b", b), delta=0.0)
    assert (pair.verdict, pair.p) == ("unresolved", 1.0)


def test_copies_more_or_fewer_say_the_same():
    a, b = answers(250, 104)
    pairs = [judged(fixed("a", a, n), fixed("b", b, n)) for n in (1, 2, 50)]
    assert pairs[0] == pairs[1] == pairs[2]
    assert pairs[0].verdict == "better"


def test_without_examples_there_is_no_verdict():
    arms = [Arm(k, np.full(10, s), copies=np.zeros(10)) for k, s in (("a", 0.9), ("b", 0.7))]
    pair = judged(*arms)
    assert (pair.verdict, pair.ci, pair.p) == ("no verdict", (None, None), None)
    assert pair.words == (
        "a and b: no verdict, each has one result, and what it scored on each test example was "
        "not kept"
    )


@pytest.mark.parametrize("paired", [True, False])
def test_one_result_against_seeds_is_one_sample(paired):
    one = fixed("one", answers(200, 0, 500, 300)[0])
    pair = judged(Arm("net", SEEDS), one, paired=paired)
    wanted = stats.ttest_1samp(SEEDS, 0.7)
    assert pair.p == pytest.approx(wanted.pvalue)
    interval = wanted.confidence_interval(0.95)
    assert pair.ci == pytest.approx((interval.low - 0.7, interval.high - 0.7))
    assert (pair.n, pair.n_distinct_a, pair.n_distinct_b) == (10, 10, 1)
    assert pair.theta_ci == pytest.approx(
        tuple(stats.binomtest(10, 10).proportion_ci(0.95, "wilson")[:2])
    )
    assert pair.p_test == "t test of one sample"
    assert pair.words == (
        "net beats the one result of one by 15.1 points [14.5, 15.6], 10 seeds of net"
    )


def test_the_one_result_is_named_where_it_is_ahead():
    one = fixed("one", answers(400, 0, 550, 50)[0])
    assert judged(one, Arm("net", SEEDS)).words == (
        "the one result of one beats net by 9.9 points [9.4, 10.5], 10 seeds of net"
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"copies": [0, 0]}, r"a: copies has shape \(2,\), and there are 10 runs"),
        ({"at_chance": [True]}, r"a: at_chance has shape \(1,\), and there are 10 runs"),
        ({"examples": np.zeros((3, 5))}, r"a: examples has shape \(3, 5\), not \[10 runs,"),
        ({"examples": np.zeros(10)}, r"a: examples has shape \(10,\), not \[10 runs,"),
        ({"copies": np.zeros(10)}, "a: runs that are copies of one result have different scores"),
    ],
)
def test_what_is_not_said_of_each_run_is_refused(more, message):
    with pytest.raises(UserError, match=message):
        judged(Arm("a", SEEDS, **more), Arm("b", SEEDS))


def test_arms_of_other_examples_are_refused():
    arms = [fixed(name, np.ones(m)) for name, m in (("a", 5), ("b", 6))]
    with pytest.raises(UserError, match=r"must share one test set, not \{'a': 5, 'b': 6\}"):
        judged(*arms)


def test_equal_scores_alone_are_no_copies():
    """Nobody said that they are: but what does not vary cannot be judged, either."""
    pair = judged(Arm("a", [0.9] * 10), Arm("b", [0.88] * 10))
    assert (pair.n_distinct_a, pair.verdict, pair.ci) == (10, "no verdict", (None, None))
    assert pair.p is pair.p_worse is pair.p_rope is pair.p_better is None
    assert not pair.p_at_floor
    assert pair.words.endswith("in each of 10 seeds: nothing says how that varies")


def test_some_copies_count_once():
    copies = [0, 0, 0, 1, 2, 3, 4, 5, 6, 7]
    scores = np.array([SEEDS[i] for i in copies])
    other = np.random.default_rng(1).normal(0.8, 0.01, 10)
    pair = judged(Arm("a", scores, copies=copies), Arm("b", other))
    groups = [scores[:3].mean() - other[:3].mean(), *(scores - other)[3:]]
    assert pair.ci == pytest.approx(paired_t(groups).interval(0.95))
    assert (pair.n, pair.n_distinct_a) == (8, 8)
    assert pair.words.endswith("; the 10 runs of a have 8 different results")
    unpaired = judged(Arm("a", scores, copies=copies), Arm("b", other), paired=False)
    wanted = stats.ttest_ind(SEEDS[:8], other, equal_var=False).confidence_interval(0.95)
    assert unpaired.ci == pytest.approx(tuple(wanted))


def likelihood(first, second, n, difference):
    """The largest log-likelihood of the counts where the accuracies differ by so much."""

    def negative(q):
        p = q + difference, q, 1 - 2 * q - difference
        return -special.xlogy((first, second, n - first - second), np.maximum(p, 1e-300)).sum()

    ends = max(0.0, -difference), (1 - difference) / 2
    return optimize.minimize_scalar(negative, bounds=ends, options={"xatol": 1e-12}).x


@pytest.mark.parametrize(("first", "second", "n"), [(185, 169, 1000), (9, 2, 40), (5, 0, 30)])
def test_tangos_interval_inverts_the_score_test(first, second, n):
    """At either end the difference found lies 1.96 errors away, which are those of that end."""
    for end, sign in zip(Disagreement(first, second, n).interval(0.95), (1, -1), strict=True):
        q = likelihood(first, second, n, end)
        error = np.sqrt((2 * q + end - end**2) / n)
        assert (first - second) / n - end == pytest.approx(sign * 1.959964 * error, rel=1e-4)


def test_no_disagreement_is_no_certainty():
    low, high = Disagreement(0, 0, 50).interval(0.95)
    assert low == -high < 0
    assert high == pytest.approx(1.959964**2 / (50 + 1.959964**2))
    assert Disagreement(0, 0, 50).p == 1


def test_other_scores_are_paired_by_example():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 60))
    found = compare_examples(x, y)
    wanted = stats.ttest_rel(x, y)
    assert found.p == pytest.approx(wanted.pvalue)
    losses = [
        Arm(k, np.full(5, v.mean()), copies=np.zeros(5), examples=np.tile(v, (5, 1)))
        for k, v in (("x", x), ("y", y + 1))
    ]
    pair = judged(*losses, percent=False, higher_is_better=False)
    assert (pair.a, pair.p_test) == ("x", "t test over examples")
    assert pair.diff == pytest.approx((y + 1 - x).mean())
    wrong = [1 - v for v in answers(250, 104)]
    errors = judged(
        *(fixed(k, v) for k, v in zip("ab", wrong, strict=True)), higher_is_better=False
    )
    assert errors.p == pytest.approx(stats.binomtest(250, 354).pvalue)
