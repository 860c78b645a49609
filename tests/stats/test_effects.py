"""Effect sizes against published numbers, SciPy and the equation they solve."""

import numpy as np
import pytest
from scipy import optimize, stats

from dlfun.stats import hedges_g, superiority
from dlfun.stats.effects import newcombe
from tests.stats.golden import A, B


def test_golden_hedges_g():
    assert hedges_g(A, B) == pytest.approx(1.08759715, abs=5e-9)
    assert hedges_g(A, B) / 0.94528773 == pytest.approx(1.15054615, abs=2e-8)


def test_hedges_g_without_spread():
    assert hedges_g([1, 1], [1, 1]) == 0
    assert hedges_g([2, 2], [1, 1]) == np.inf
    assert np.isnan(hedges_g([2], [1, 1]))


def test_golden_superiority():
    found = superiority(A, B)
    assert found.estimate == 0.78125
    assert found[1:3] == pytest.approx((0.48971995, 0.92416606), abs=5e-9)


@pytest.mark.parametrize(
    ("theta", "n", "low", "high"),
    [
        (1, 5, 0.6427028, 1),
        (1, 10, 0.8002136, 1),
        (0.5, 5, 0.2056131, 0.7943869),
        (0.75, 29, 0.6040989, 0.8507628),
    ],
)
def test_golden_newcombe(theta, n, low, high):
    assert newcombe(theta, n, n) == pytest.approx((low, high), abs=5e-8)


def test_superiority_equals_mann_whitney_and_the_root_of_newcombes_equation():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 9, 7), rng.integers(2, 12, 11)
    found = superiority(x, y, 0.9)
    theta, m, n = found.estimate, 7, 11
    assert theta == stats.mannwhitneyu(x, y).statistic / 77

    def gap(t):
        star = (m + n) / 2 - 1
        factor = 1 + star * (1 - t) / (2 - t) + star * t / (1 + t)
        return (t - theta) ** 2 - stats.norm.ppf(0.95) ** 2 * t * (1 - t) * factor / (m * n)

    wanted = optimize.brentq(gap, 0, theta), optimize.brentq(gap, theta, 1)
    assert found[1:3] == pytest.approx(wanted, abs=1e-10)


def test_failed_runs_rank_last_and_tie():
    assert superiority([-np.inf, 1.0], [-np.inf, -5.0]).estimate == 5 / 8
    assert superiority([-np.inf] * 3, [-np.inf] * 3).estimate == 0.5


def test_overlapping_splits_count_as_fewer_runs():
    # 20 runs whose splits overlap by a quarter are worth 20 / 6.
    wide = superiority(np.arange(20), np.arange(20) - 30, split_variance=0.25)
    assert wide[1:3] == pytest.approx(newcombe(1.0, 20 / 6, 20 / 6))


def test_too_few_for_an_interval():
    assert superiority([1.0], [0.0]).estimate == 1
    assert np.isnan(superiority([1.0], [0.0, 1.0]).low)
    assert np.isnan(superiority([], [0.0]).estimate)
