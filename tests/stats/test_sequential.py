"""Levels of declared looks against published bounds and multivariate normal probabilities."""

import numpy as np
import pytest
from scipy import stats

from dlfun.errors import UserError
from dlfun.stats import nominal_levels
from dlfun.stats.sequential import spending_levels


def pocock_spending(times):
    return np.diff(0.05 * np.log(1 + (np.e - 1) * np.array(times)), prepend=0)


def test_five_equal_looks_have_the_published_bounds():
    times = np.arange(1, 6) / 5
    bounds = stats.norm.isf(np.array(spending_levels(times, pocock_spending(times))) / 2)
    np.testing.assert_allclose(bounds, [2.438, 2.427, 2.410, 2.397, 2.386], atol=1e-3)


def test_levels_spend_what_a_multivariate_normal_says():
    times = np.array([0.2, 0.5, 1.0])
    bounds = stats.norm.isf(np.array(spending_levels(times, pocock_spending(times))) / 2)
    cov = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    for k in (2, 3):
        kept = stats.multivariate_normal(np.zeros(k), cov[:k, :k]).cdf(
            bounds[:k], lower_limit=-bounds[:k]
        )
        assert 1 - kept == pytest.approx(pocock_spending(times)[:k].sum(), abs=1e-4)


def test_two_looks_are_near_pococks():
    # Spending gives a little more to the first look than Pocock's equal levels of .0294.
    large = nominal_levels([1000, 2000])
    assert large == pytest.approx((0.0294, 0.0294), abs=0.002)
    small = nominal_levels([10, 20])
    assert small[0] == pytest.approx(large[0])
    assert small[1] < large[1]


def test_one_look_spends_all():
    assert nominal_levels([20], 0.05, family_size=6) == pytest.approx((0.05,))


def test_a_family_spends_its_share_per_comparison():
    family = nominal_levels([10, 20, 30], 0.05, family_size=10)
    alone = nominal_levels([10, 20, 30], 0.005)
    np.testing.assert_allclose(family, 10 * np.array(alone))
    assert family[2] < nominal_levels([10, 20, 30], 0.05)[2]


@pytest.mark.parametrize("looks", [[], [3, 10], [10, 10], [20, 10]])
def test_looks_must_rise(looks):
    with pytest.raises(UserError, match="rising numbers of seeds, 5 at least"):
        nominal_levels(looks)


def test_alpha_must_be_a_probability():
    with pytest.raises(UserError, match="between 0 and 1"):
        nominal_levels([10, 20], 1.5)
