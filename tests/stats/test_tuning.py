"""Tuning curves against published numbers, and against every subset of trials taken in turn."""

import itertools
import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from dlfun.errors import UserError
from dlfun.stats import (
    best_band,
    budget_reaching,
    chosen_test,
    expected_best,
    median_best,
    overtakes,
)
from dlfun.stats.bands import coverage, order_statistic_band

SCORES = [0.842, 0.9292, 0.8172, 0.8264, 0.8851, 0.8765, 0.8824, 0.9221]
FEW = st.lists(st.integers(0, 5), min_size=1, max_size=6)
ANY = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40)


def test_expected_best_equals_the_published_estimator():
    found = expected_best(SCORES, [1, 2, 4, 8])
    np.testing.assert_allclose(found, [0.8726125, 0.89757143, 0.91744429, 0.9292], atol=5e-9)


@settings(max_examples=50, deadline=None)
@given(FEW, st.data())
def test_curves_equal_the_mean_over_all_subsets(validation, data):
    test = data.draw(
        st.lists(st.integers(0, 9), min_size=len(validation), max_size=len(validation))
    )
    best, tested = expected_best(validation), chosen_test(validation, test)
    for k in range(1, len(validation) + 1):
        subsets = list(itertools.combinations(range(len(validation)), k))
        tops = [max(validation[i] for i in chosen) for chosen in subsets]
        assert best[k - 1] == pytest.approx(np.mean(tops))
        # Among trials that tie for the best, any may be the chosen one.
        ties = [
            np.mean([test[i] for i in chosen if validation[i] == top])
            for chosen, top in zip(subsets, tops, strict=True)
        ]
        assert tested[k - 1] == pytest.approx(np.mean(ties))


def test_the_test_score_is_not_selected():
    # The best by validation is the worst by test.
    assert chosen_test([1, 2, 3], [0.9, 0.8, 0.1]).tolist() == pytest.approx([0.6, 1 / 3, 0.1])
    with pytest.raises(UserError, match="3 trials and 2 test scores"):
        chosen_test([1, 2, 3], [1, 2])


@settings(max_examples=50, deadline=None)
@given(ANY)
def test_median_best_is_a_quantile_of_the_scores(scores):
    ordered, n = np.sort(scores), len(scores)
    for k, found in enumerate(median_best(scores), 1):
        # Integers, as (i / n)^k >= 1/2 decides about ties: the first i for which it holds.
        rank = next(i for i in range(1, n + 1) if 2 * i**k >= n**k)
        assert found == ordered[rank - 1]


def test_failed_trials_rank_last_and_leave_their_budgets_undefined():
    assert np.isnan(expected_best([0.5, np.nan, 0.9, np.inf])[:2]).all()
    assert expected_best([0.5, np.nan, 0.9, np.inf])[2:] == pytest.approx([0.7 + 0.2 / 2, 0.9])
    found = chosen_test([0.5, np.nan, 0.9], [0.4, np.nan, 0.8])
    assert np.isnan(found[0])
    assert found[1:] == pytest.approx([(0.4 + 0.8 + 0.8) / 3, 0.8])
    assert np.isnan(median_best([0.5, np.nan, np.nan])[0])
    assert np.isnan(expected_best([np.nan] * 3)).all()
    assert np.isnan(chosen_test([0.5, 0.9], [np.inf, 0.8])[0])
    mixed = [np.nan] * 3 + SCORES[:5]
    assert best_band(mixed, bounds=(0, 1)).low[:4].tolist() == [0, 0, 0, min(SCORES[:5])]
    assert np.isnan(best_band(mixed).low[:3]).all()


@pytest.mark.parametrize("budgets", [[0], [4], [1.5]])
def test_budgets_beyond_the_trials_are_refused(budgets):
    for curve in (expected_best, median_best, lambda s, b: best_band(s, budgets=b)):
        with pytest.raises(UserError, match="whole numbers from 1 to 3"):
            curve([1, 2, 3], budgets)
    with pytest.raises(UserError, match="one score for each trial"):
        expected_best([])


def steck(low, high):
    """The same probability as a determinant (Steck 1971)."""
    n = len(low)
    matrix = np.zeros((n, n))
    for i, j in itertools.product(range(n), repeat=2):
        if j - i + 1 >= 0:
            matrix[i, j] = max(0, high[i] - low[j]) ** (j - i + 1) / math.factorial(j - i + 1)
    return math.factorial(n) * np.linalg.det(matrix)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=12).filter(lambda x: len(x) % 2 == 0))
def test_coverage_equals_stecks_determinant(ends):
    first, second = np.split(np.array(ends), 2)
    low, high = np.sort(np.minimum(first, second)), np.sort(np.maximum(first, second))
    assert coverage(low, high) == pytest.approx(steck(low, high), abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_the_band_has_its_level(n, level):
    low, high = order_statistic_band(n, level)
    assert steck(low, high) == pytest.approx(level, abs=1e-8)
    np.testing.assert_allclose(high, 1 - low[::-1])


def test_the_band_equals_the_published_one():
    # By a simulation of opda 0.8.0, method "ld_equal_tailed", good to about three digits.
    wanted = [0.000538, 0.012708, 0.044984, 0.095824, 0.164109, 0.250760, 0.360037, 0.505998]
    np.testing.assert_allclose(order_statistic_band(8)[0], wanted, rtol=0.01)


def test_the_band_of_the_curve_equals_its_definition():
    ordered = np.sort(SCORES)
    found = best_band(SCORES, bounds=(0, 1))
    below, above = order_statistic_band(8)
    steps = np.concatenate([[0], ordered, [1]])
    for k, low, high in zip(*found, strict=True):
        share = 0.5 ** (1 / k)
        lower, upper = np.append(np.insert(below, 0, 0), 1), np.append(above, [1, 1])
        assert low == steps[next(i for i in range(10) if upper[i] >= share)]
        assert high == steps[next(i for i in range(10) if lower[i] >= share)]


def test_without_bounds_an_unknown_end_is_nan():
    found = best_band(SCORES)
    assert found.low[0] == min(SCORES)
    assert found.high[0] == max(SCORES)
    assert np.isnan(found.high[1:]).all()
    assert np.isnan(best_band([0.3]).low[0])
    assert best_band([0.3], bounds=(0, 1))[1:] == (0, 1)
    with pytest.raises(UserError, match="outside its bounds 0 to 1"):
        best_band([0.5, 1.2], bounds=(0, 1))


@settings(max_examples=50, deadline=None)
@given(ANY)
def test_bands_hold_the_curve_and_grow_with_the_level(scores):
    narrow, wide = (best_band(scores, level, bounds=(-1e3, 1e3)) for level in (0.5, 0.95))
    middle = median_best(scores)
    assert (wide.low <= narrow.low).all()
    assert (narrow.low <= middle).all()
    assert (middle <= narrow.high).all()
    assert (narrow.high <= wide.high).all()
    for curve in (middle, expected_best(scores), *wide[1:]):
        assert (np.diff(curve) >= -1e-9).all()


@settings(max_examples=50, deadline=None)
@given(ANY)
def test_lower_scores_that_are_better_mirror_the_curves(scores):
    turned = [-score for score in scores]
    np.testing.assert_array_equal(expected_best(turned, None, False), -expected_best(scores))
    np.testing.assert_array_equal(median_best(turned, None, False), -median_best(scores))
    found, wanted = (
        best_band(turned, bounds=(-1e3, 2e3), higher_is_better=False),
        best_band(scores, bounds=(-2e3, 1e3)),
    )
    np.testing.assert_array_equal(found.low, -wanted.high)
    np.testing.assert_array_equal(found.high, -wanted.low)
    np.testing.assert_array_equal(
        chosen_test(turned, scores, None, False), chosen_test(scores, scores)
    )


def test_where_one_curve_overtakes_another():
    assert overtakes([1, 2, 3, 4], [2, 2, 2, 2]) == 3
    assert overtakes([3, 1, 3], [2, 2, 2]) == 3  # the last time counts
    assert overtakes([3, 3], [2, 2, 9]) == 1
    assert overtakes([1, 2], [2, 2]) is None
    assert overtakes([np.nan, 3], [2, 2]) == 2
    assert overtakes([9, 1], [2, 2], higher_is_better=False) == 2


def test_the_budget_that_has_most_of_the_gain():
    assert budget_reaching([0, 0.94, 0.95, 1]) == 3
    assert budget_reaching([1, 0.06, 0.04, 0]) == 3  # lower is better
    assert budget_reaching([np.nan, 0.5, 1]) == 3
    assert budget_reaching([0.7, 0.7]) == 1
    assert budget_reaching([np.nan]) is None
    assert budget_reaching([0, 0.5, 1], share=0.5) == 2
