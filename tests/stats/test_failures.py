"""Failed runs and runs at chance, against sums written out and SciPy."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from dlfun.errors import UserError
from dlfun.stats import at_chance, count_failures


@pytest.mark.parametrize(("chance", "examples"), [(0.1, 10_000), (0.5, 40), (1 / 35, 999)])
def test_the_limit_is_three_standard_errors_above_chance(chance, examples):
    limit = chance + 3 * math.sqrt(chance * (1 - chance) / examples)
    scores = [0.0, chance, limit - 1e-9, limit, limit + 1e-9, 1.0]
    assert at_chance(scores, chance, examples).tolist() == [True] * 4 + [False] * 2


def test_a_guessing_run_is_found_and_a_failed_one_is_not_also_at_chance():
    hits = np.random.default_rng(0).binomial(1000, 0.1, 500) / 1000
    assert at_chance(hits, 0.1, 1000).mean() > 0.99
    assert not at_chance([np.nan, np.inf, -np.inf], 0.1, 1000).any()


def test_each_run_may_have_its_own_number_of_examples():
    # Limits .19 and .128.
    assert at_chance([0.15, 0.15], 0.1, [100, 1000]).tolist() == [True, False]


@pytest.mark.parametrize(
    ("chance", "examples", "words"), [(10, 100, "fraction"), (0.1, 0, "number of examples")]
)
def test_bad_input_gets_one_line(chance, examples, words):
    with pytest.raises(UserError, match=words):
        at_chance([0.5], chance, examples)


def test_rates_and_means():
    scores = [0.9, 0.8, np.nan, 0.12, 0.1, np.inf, 0.7, 0.6]
    found = count_failures(scores, at_chance(scores, 0.1, 1000), chance=0.1)
    for rate in (found.failed, found.at_chance):
        ends = stats.binomtest(2, 8).proportion_ci(0.95, method="exact")
        assert rate[:3] == pytest.approx((0.25, ends.low, ends.high))
    assert found.n == 8
    assert found.mean_of_all == pytest.approx((0.9 + 0.8 + 0.1 + 0.12 + 0.1 + 0.1 + 0.7 + 0.6) / 8)
    assert found.mean_of_successes == pytest.approx((0.9 + 0.8 + 0.7 + 0.6) / 4)


def test_without_a_known_chance_the_mean_of_all_is_unknown_only_where_a_run_failed():
    assert np.isnan(count_failures([1.0, np.nan]).mean_of_all)
    assert count_failures([1.0, 2.0]).mean_of_all == 1.5


def test_nothing_that_succeeded_and_nothing_at_all():
    found = count_failures([np.nan, np.nan], chance=0.1)
    assert found.mean_of_all == pytest.approx(0.1)
    assert np.isnan(found.mean_of_successes)
    assert found.failed.high == 1
    empty = count_failures([])
    assert empty.n == 0
    assert np.isnan([empty.mean_of_all, empty.failed.estimate]).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(st.floats(0, 1), st.just(math.nan)), min_size=1, max_size=20))
def test_the_mean_of_all_lies_between_chance_and_the_mean_of_successes(scores):
    found = count_failures(scores, at_chance(scores, 0.1, 100), chance=0.1)
    assert found.failed.estimate + found.at_chance.estimate <= 1
    if not math.isnan(found.mean_of_successes):
        assert found.mean_of_all <= found.mean_of_successes + 1e-12
