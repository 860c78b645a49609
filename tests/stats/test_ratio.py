"""The ratio of times, against Welch's formulas written out and against a simulation."""

import numpy as np
import pytest
from scipy import stats

from dlfun.stats import ratio_interval


def test_against_welchs_formulas():
    rng = np.random.default_rng(0)
    new, old = rng.lognormal(0.3, 0.1, 7), rng.lognormal(0, 0.3, 5)
    a, b = np.log(new), np.log(old)
    va, vb = a.var(ddof=1) / 7, b.var(ddof=1) / 5
    freedom = (va + vb) ** 2 / (va**2 / 6 + vb**2 / 4)
    half = stats.t.ppf(0.975, freedom) * np.sqrt(va + vb)
    middle = a.mean() - b.mean()
    found = ratio_interval(new, old)
    np.testing.assert_allclose(
        found[:4], [*np.exp([middle, middle - half, middle + half]), np.sqrt(va + vb)], rtol=1e-12
    )
    assert found.n == 12


def test_the_interval_covers_the_true_ratio():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(1000):
        found = ratio_interval(rng.lognormal(0.1, 0.05, 5), rng.lognormal(0, 0.15, 5))
        hits += found.low < np.exp(0.1) < found.high
    assert 930 <= hits <= 970


def test_one_value_has_no_interval():
    found = ratio_interval([2.0, 2.0], [1.0])
    assert found.estimate == pytest.approx(2)
    assert np.isnan([found.low, found.high]).all()


def test_a_sample_without_spread_leaves_the_other_ones_interval():
    # As where every run reaches a target in the same interval.
    other = np.log([1.0, 1.5, 2.0, 1.2])
    half = stats.t.ppf(0.975, 3) * stats.sem(other)
    found = ratio_interval([0.3] * 5, np.exp(other))
    wanted = np.exp(np.log(0.3) - other.mean() + np.array([0, -half, half]))
    np.testing.assert_allclose(found[:3], wanted)
    assert ratio_interval([0.3] * 5, [0.1] * 4)[1:3] == pytest.approx((3, 3))
