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
    assert pair.verdict == ("equivalent" if pair.n >= 5 else "no verdict")


@few
@given(two_arms(), DELTA, st.booleans())
def test_lower_is_better_is_the_negative(arms, delta, paired):
    x, y = arms
    options = {"delta": delta, "paired": paired, "chance": -50.0}
    higher = judged(x, y, **options)
    lower = judged(-x, -y, higher_is_better=False, **(options | {"chance": 50.0}))
    own = "mean_a", "mean_b", "relative_error_change"
    assert without(lower, *own) == without(higher, *own)
    assert (lower.mean_a, lower.mean_b) == (-higher.mean_a, -higher.mean_b)


WILD = st.sampled_from([np.nan, np.inf, 0.0, 0.1, 0.1, 0.9, 0.9 + 1e-16, 1.0])
MARKS = st.sampled_from([None, True, False])


@few
@given(two_arms(WILD), MARKS, st.booleans(), st.sampled_from([None, 0.1]), st.booleans())
def test_nothing_is_undefined_silently(arms, marks, paired, chance, split):
    """Warnings are errors here: no division by zero, no mean of nothing."""
    x, y = arms
    flags = None if marks is None else (x == 0.1) | marks

    def compared():
        return compare_arms(
            [Arm("x", x, flags), Arm("y", y)],
            delta=0.05,
            paired=paired,
            chance=chance,
            split_variance=0.25 * split,
            percent=True,
        )[0]

    pair = compared()
    text = json.dumps(pair._asdict(), allow_nan=False)
    assert "nan" not in pair.words
    assert pair.verdict != "better" or pair.n >= 10
    assert pair.p_holm is not None
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
