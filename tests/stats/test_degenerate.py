"""No input of the right shape breaks a statistic: constants, failed runs, ties, single values."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from dlfun import stats
from dlfun.errors import UserError

SCORES = st.sampled_from([0.0, 0.1, 0.1 + 1e-17, 0.5, 0.97, 1.0, 1e-30, -2.0, 1e8, 1e38])
VALUES = st.one_of(SCORES, st.sampled_from([math.nan, math.inf, -math.inf]))
RUNS = st.lists(VALUES, min_size=1, max_size=7)
TIMES = st.lists(
    st.one_of(st.just(math.inf), st.sampled_from([0.3, 1.0, 1.0 + 1e-16, 7.0])),
    min_size=1,
    max_size=7,
)


def holds_its_estimate(found):
    """Ends that are known are on their sides of the estimate, but for rounding."""
    room = 1e-9 * max(1, abs(found.estimate)) if np.isfinite(found.estimate) else 0
    low, high = found.low <= found.estimate + room, found.high >= found.estimate - room
    return math.isnan(found.estimate) or (
        (low or math.isnan(found.low)) and (high or math.isnan(found.high))
    )


@settings(max_examples=60, deadline=None)
@given(RUNS)
def test_one_sample(runs):
    # Warnings are errors: no division by zero, no mean of nothing.
    found = stats.describe(runs)
    assert found.n + found.n_failed == len(runs)
    assert holds_its_estimate(stats.bootstrap_t(runs, resamples=20))
    assert math.isnan(p := stats.sign_flip(runs)) or 0 < p <= 1
    count = stats.count_failures(runs, stats.at_chance(runs, 0.1, 100), chance=0.1)
    assert holds_its_estimate(count.failed)
    assert holds_its_estimate(count.at_chance)
    for curve in (stats.expected_best(runs), stats.median_best(runs), *stats.best_band(runs)):
        assert curve.shape == (len(runs),)
    assert len(stats.chosen_test(runs, runs[::-1])) == len(runs)


@settings(max_examples=60, deadline=None)
@given(RUNS, RUNS)
def test_two_samples(a, b):
    test = stats.welch(a, b)
    assert math.isnan(test.diff) == (not np.isfinite(a).any() or not np.isfinite(b).any())
    ranked = [np.where(np.isfinite(x), x, -np.inf) for x in (a, b)]
    assert holds_its_estimate(stats.superiority(*ranked))
    stats.hedges_g(a, b)
    arms = [stats.Arm("a", a), stats.Arm("b", b)]
    (pair,) = stats.compare_arms(arms, delta=0.1, paired=False)
    assert all(not isinstance(x, float) or math.isfinite(x) for x in pair)


@settings(max_examples=60, deadline=None)
@given(TIMES, TIMES)
def test_times(a, b):
    assert holds_its_estimate(stats.median_time(a))
    assert holds_its_estimate(stats.time_ratio(a, b))
    m = min(len(a), len(b))
    assert holds_its_estimate(stats.time_ratio(a[:m], b[:m], paired=True))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[VALUES] * 3), min_size=1, max_size=4))
def test_tables(rows):
    if np.isfinite(rows).all():
        for part in stats.aggregate_scores(rows, resamples=20):
            assert np.isfinite(part.estimate)
        improved = stats.probability_of_improvement(rows, rows, resamples=20)
        assert improved.estimate == pytest.approx(0.5)
        assert stats.overall_sign_flip(rows, rows) == 1
    else:
        with pytest.raises(UserError, match="give it that of chance"):
            stats.aggregate_scores(rows)
