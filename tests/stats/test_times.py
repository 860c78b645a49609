"""Times to a target, against loops, SciPy's quantile test and areas taken numerically."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from dlfun.errors import UserError
from dlfun.stats import median_time, ratio_interval, time_profile, time_ratio, time_to_target

TIMES = st.lists(st.one_of(st.integers(1, 50), st.just(np.inf)), min_size=1, max_size=25)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4), min_size=1, max_size=5))
def test_time_to_target_equals_a_loop(rows):
    when = [0.5, 1.0, 2.0, 4.0]
    wanted = [next((t for t, s in zip(when, row, strict=True) if s >= 6), np.inf) for row in rows]
    assert time_to_target(rows, when, 6).tolist() == wanted
    assert time_to_target(-np.array(rows), when, -6, higher_is_better=False).tolist() == wanted


def test_each_run_may_have_its_own_clock_and_a_failed_one_reaches_nothing():
    found = time_to_target(
        [[0.1, 0.9], [np.nan, np.nan], [0.9, 0.9]], [[1, 2], [1, 2], [5, 6]], 0.5
    )
    assert found.tolist() == [2, np.inf, 5]
    with pytest.raises(UserError, match="a row for each run"):
        time_to_target([0.1], [1], 0.5)


@settings(max_examples=50, deadline=None)
@given(TIMES, st.sampled_from([0.8, 0.95]))
def test_the_interval_of_the_median_is_the_shortest_that_is_exact(times, level):
    found, ordered, n = median_time(times, level), np.sort(times), len(times)
    assert found.estimate == np.median(times)
    for k in range(n // 2, 0, -1):
        # The chance that the median of a continuous distribution lies between two order statistics.
        inside = stats.binom.cdf(n - k, n, 0.5) - stats.binom.cdf(k - 1, n, 0.5)
        if inside >= level:
            assert found[1:3] == (ordered[k - 1], ordered[n - k])
            return
    assert np.isnan(found[1:3]).all()


def test_a_median_needs_times():
    with pytest.raises(UserError, match="infinite where it has none"):
        median_time([1.0, np.nan])
    with pytest.raises(UserError, match="infinite where it has none"):
        median_time([])


def test_ratios_of_times():
    rng = np.random.default_rng(0)
    a, b = rng.lognormal(1, 0.2, 6), rng.lognormal(0, 0.3, 6)
    assert time_ratio(a, b) == ratio_interval(a, b)
    test = stats.ttest_rel(np.log(a), np.log(b))
    paired = time_ratio(a, b, paired=True)
    wanted = np.exp([np.log(a / b).mean(), *test.confidence_interval(0.95)])
    np.testing.assert_allclose(paired[:3], wanted)
    assert paired.sd == pytest.approx(stats.sem(np.log(a / b)))


def test_ratios_with_misses_are_never_finite():
    missed, fast = [1.0, np.inf], [2.0, 3.0]
    assert time_ratio(missed, fast).estimate == np.inf
    assert time_ratio(fast, missed, paired=True).estimate == 0
    assert np.isnan(time_ratio(missed, missed).estimate)
    assert np.isnan(time_ratio(missed, fast)[1:3]).all()


@pytest.mark.parametrize(
    ("new", "old", "words"),
    [([0.0], [1.0], "positive"), ([], [1.0], "positive"), ([1, 2], [1], "as many times")],
)
def test_ratios_of_bad_times(new, old, words):
    with pytest.raises(UserError, match=words):
        time_ratio(new, old, paired=True)


def test_profile_by_hand():
    inf = np.inf
    found = time_profile([[1, 6, inf, inf], [2, 3, 5, inf]], most=4, points=7)
    assert found.factors.tolist() == [1, 1.5, 2, 2.5, 3, 3.5, 4]
    assert found.share.tolist() == [[0.25] * 2 + [0.5] * 5, [0.5] * 2 + [0.75] * 5]
    # The first is fastest once and twice as slow once: (1 + 2/3) / 4.
    np.testing.assert_allclose(found.score, [5 / 12, (2 / 3 + 1 + 1) / 4])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0.1, 10)] * 3), min_size=1, max_size=4), st.floats(1.5, 9))
def test_the_score_is_the_area_under_the_profile(rows, most):
    found = time_profile(rows, most, points=2001)
    assert (np.diff(found.share, axis=1) >= 0).all()
    np.testing.assert_allclose(found.score, found.share.mean(1), atol=0.002)
    assert found.share[:, 0].sum() >= 1 - 1e-12  # some algorithm is fastest on each workload


def test_profiles_need_three_workloads():
    with pytest.raises(UserError, match="3 workloads"):
        time_profile([[1, 2]])
    with pytest.raises(UserError, match="positive times"):
        time_profile([[1, 2, 0]])
    with pytest.raises(UserError, match="exceeds 1"):
        time_profile([[1, 2, 3]], most=1)
