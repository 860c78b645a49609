"""What holds of every comparison, whatever the scores."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlfun.stats import Arm, compare_arms, superiority

# Whole numbers: shifts by whole numbers and scales by powers of 2 are exact, and runs tie often.
WHOLE = st.integers(-40, 40).map(float)
DELTA = st.sampled_from([0.0, 0.7, 3.3, 50.1])
few = settings(max_examples=25, deadline=None, derandomize=True)


@st.composite
def two_arms(draw, scores=WHOLE, least=1):
    n = draw(st.integers(least, 24))
    row = st.lists(scores, min_size=n, max_size=n)
    return np.array(draw(row)), np.array(draw(row))


def judged(x, y, delta, **options):
    return compare_arms([Arm("x", x), Arm("y", y)], delta=delta, **options)[0]


def numbers(pair):
    flat = []
    for value in pair._asdict().values():
        flat += value if isinstance(value, tuple) else [value]
    return [np.nan if v is None else v for v in flat if v is None or isinstance(v, float)]


def without(pair, *names):
    return pair._replace(**dict.fromkeys(names))


@few
@given(two_arms(), DELTA)
def test_order_of_arms_changes_nothing(arms, delta):
    x, y = arms
    forth = judged(x, y, delta)
    back = compare_arms([Arm("y", y), Arm("x", x)], delta=delta)[0]
    if x.mean() != y.mean():
        assert back == forth
    assert (back.verdict, back.winner) == (forth.verdict, forth.winner)
    one, other = superiority(x, y), superiority(y, x)
    turned = [1 - other.estimate, 1 - other.high, 1 - other.low]
    np.testing.assert_allclose(one[:3], turned, atol=1e-12)


@few
@given(two_arms(), DELTA, st.integers(-9, 9), st.sampled_from([0.25, 1.0, 8.0]))
def test_shift_and_scale(arms, delta, shift, scale):
    x, y = arms
    before = judged(x, y, delta)
    after = judged(scale * (x + shift), scale * (y + shift), scale * delta)
    assert (after.verdict, after.winner) == (before.verdict, before.winner)
    assert (after.theta, after.p_signflip) == (before.theta, before.p_signflip)
    assert after.diff == pytest.approx(scale * before.diff)
    if before.n > 1:
        assert after.ci == pytest.approx([scale * end for end in before.ci])
    assert (after.n_detect, after.n_equiv) == (before.n_detect, before.n_equiv)


@few
@given(two_arms(), DELTA, st.randoms(use_true_random=False))
def test_order_of_replicates(arms, delta, random):
    order = list(range(len(arms[0])))
    random.shuffle(order)
    before, after = judged(*arms, delta), judged(arms[0][order], arms[1][order], delta)
    assert (after.verdict, after.winner) == (before.verdict, before.winner)
    np.testing.assert_allclose(numbers(after), numbers(before), rtol=1e-9, atol=1e-12)


@few
@given(two_arms(), DELTA)
def test_identical_arms_are_equivalent(arms, delta):
    pair = judged(arms[0], arms[0], delta)
    assert (pair.diff, pair.theta, pair.p_signflip) == (0, 0.5, 1)
    wanted = "equivalent" if delta else "unresolved"  # no difference is within a margin of 0
    assert pair.verdict == (wanted if pair.n >= 5 else "no verdict")


@few
@given(two_arms(), DELTA, st.booleans())
def test_lower_is_better_is_the_negative(arms, delta, paired):
    x, y = arms
    higher = judged(x, y, delta, paired=paired)
    lower = judged(-x, -y, delta, paired=paired, higher_is_better=False)
    own = "mean_a", "mean_b", "relative_error_change", "words"
    assert without(lower, *own) == without(higher, *own)
    assert (lower.mean_a, lower.mean_b) == (-higher.mean_a, -higher.mean_b)


WILD = st.sampled_from([np.nan, np.inf, 0.0, 0.1, 0.1, 0.9, 0.9 + 1e-16, 1.0])
MARKS = st.sampled_from([None, True, False])


@few
@given(two_arms(WILD), MARKS, st.booleans(), st.booleans())
def test_nothing_is_undefined_silently(arms, marks, paired, split):
    """Warnings are errors here: no division by zero, no mean of nothing."""
    x, y = arms
    flags = None if marks is None else (x == 0.1) | marks

    def compared():
        return compare_arms(
            [Arm("x", x, flags), Arm("y", y)],
            delta=0.05,
            paired=paired,
            split_variance=0.25 * split,
            percent=True,
        )[0]

    pair = compared()
    text = json.dumps(pair._asdict(), allow_nan=False)
    assert "nan" not in pair.words
    assert pair.verdict != "better" or pair.n >= 10
    assert (pair.p_holm is None) == (pair.p is None)
    again = compared()
    assert json.dumps(again._asdict(), allow_nan=False) == text


@few
@given(two_arms(least=2), st.lists(WHOLE, min_size=1, max_size=9))
def test_a_third_arm_changes_only_the_family(arms, third):
    x, y = arms
    rest = [Arm("x", x), Arm("y", y)]
    small, large = (
        compare_arms([*rest, Arm("z", z)], delta=0.7, paired=False)[0] for z in (third, third * 2)
    )
    assert without(small, "p_holm") == without(large, "p_holm")
    alone = compare_arms(rest, delta=0.7, paired=False)[0]
    same = "a", "b", "n", "diff", "sd_diff", "p_t", "theta", "hedges_g", "p_rope"
    assert [getattr(alone, k) for k in same] == [getattr(small, k) for k in same]


@few
@given(two_arms(least=2), DELTA, st.booleans(), st.lists(st.integers(0, 99), max_size=30))
def test_copies_of_runs_change_nothing(arms, delta, paired, more):
    x, y = arms
    n = len(x)
    rows = np.concatenate([np.arange(n), np.array(more, int) % n])

    def compared(rows):
        told = [Arm(k, v[rows], copies=rows) for k, v in (("x", x), ("y", y))]
        return compare_arms(told, delta=delta, paired=paired)[0]

    once, often = compared(np.arange(n)), compared(rows)
    # Where nothing is copied, to say so changes nothing either.
    assert once == compare_arms([Arm("x", x), Arm("y", y)], delta=delta, paired=paired)[0]
    assert without(often, "words") == without(once, "words")


@few
@given(
    two_arms(st.one_of(WHOLE, st.just(np.nan)), least=2),
    st.sets(st.integers(0, 23)),
    DELTA,
    st.booleans(),
    st.lists(st.integers(0, 99), max_size=30),
)
def test_copies_of_failed_and_idle_runs_change_nothing(arms, idle, delta, paired, more):
    n = len(arms[0])
    marks = np.isin(np.arange(n), list(idle))
    rows = np.concatenate([np.arange(n), np.array(more, int) % n])

    def compared(rows):
        told = [Arm(k, v[rows], marks[rows], rows) for k, v in zip("xy", arms, strict=True)]
        return compare_arms(told, delta=delta, paired=paired)[0]

    counts = "words", "n_failed_a", "n_failed_b", "n_at_chance_a", "n_at_chance_b"
    assert without(compared(rows), *counts) == without(compared(np.arange(n)), *counts)


@few
@given(two_arms(least=2), st.integers(0, 23), DELTA, st.booleans(), st.integers(0, 10_000))
def test_repeating_a_run_of_one_arm_is_no_further_result(arms, run, delta, paired, seed):
    """The copies stand beside new runs of the other arm: n is that of the arm that repeats."""
    x, y = arms
    copied, fresh = run % len(x), np.random.default_rng(seed).integers(-40, 40, 5).astype(float)
    ids = np.concatenate([np.arange(len(x)), np.full(5, copied)])
    told = Arm("x", x[ids], copies=ids), Arm("y", np.concatenate([y, fresh]))
    pair = compare_arms(told, delta=delta, paired=paired)[0]
    assert pair.n == len(x)
    assert {pair.n_distinct_a, pair.n_distinct_b} <= {len(x), len(x) + 5}
    if paired:
        y[copied] = np.mean([y[copied], *fresh])
    else:
        y = np.concatenate([y, fresh])
    alone = compare_arms([Arm("x", x), Arm("y", y)], delta=delta, paired=paired)[0]
    assert (pair.verdict, pair.winner) == (alone.verdict, alone.winner)


STRENGTH = {"better": 3, "better (small)": 2, "suggestive": 1}


def strength(pair, name):
    """How strongly a verdict is in favour of an arm."""
    return STRENGTH.get(pair.verdict, 0) if pair.winner == name else 0


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(0, 10_000),
    st.sampled_from([10, 20]),
    st.floats(0, 4),
    st.sampled_from([0.0, 0.5, 1.5]),
    st.booleans(),
    st.integers(0, 3),
)
def test_more_failures_never_strengthen_the_better_arm(seed, n, gap, delta, paired, others):
    """Scores in sds: y is normal, x ahead by the gap; runs fail in random order."""
    rng = np.random.default_rng(seed)
    x, y = gap + rng.normal(size=n), rng.normal(size=n)
    y[rng.permutation(n)[:others]] = np.nan
    before = judged(x, y, delta, paired=paired)
    for run in rng.permutation(n):
        x[run] = np.nan
        pair = judged(x, y, delta, paired=paired)
        assert strength(pair, "x") <= strength(before, "x"), (before, pair)
        before = pair
    assert (pair.verdict, pair.diff, pair.winner) == ("no verdict", None, None)
