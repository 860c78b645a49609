"""Tests of a difference against SciPy, published numbers and full enumeration."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from dlfun.stats import benjamini_hochberg, holm, paired_t, sign_flip, smallest_p, welch
from tests.stats.golden import A, B, C


def test_golden_welch():
    found = welch(A, B)
    assert found.statistic == pytest.approx(2.30109229, abs=5e-9)
    assert found.p == pytest.approx(0.0376680933, abs=5e-11)
    assert found.df == pytest.approx(13.68116500, abs=5e-9)
    assert found.interval(0.95) == pytest.approx((0.0172947404, 0.5077052596), abs=5e-11)


def test_golden_paired_t():
    found = paired_t(A - B)
    assert found.statistic == pytest.approx(4.64622563, abs=5e-9)
    assert found.p == pytest.approx(0.00235229602, abs=5e-12)
    assert found.interval(0.95) == pytest.approx((0.1289047087, 0.3960952913), abs=5e-11)


def test_golden_posterior():
    found = paired_t(A - B)
    # The p value of two one-sided tests is here the probability of a difference above delta.
    for delta, p, digits in ((0.1, 0.98811, 5), (0.2, 0.84741, 5), (0.5, 0.00200845, 8)):
        assert round(found.posterior(delta)[2], digits) == p
    assert round(found.posterior(0.5)[1], 5) == 0.99799
    assert sum(found.posterior(0.2)) == pytest.approx(1)


def test_t_tests_equal_scipy():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=9), rng.normal(0.5, 3, size=14)
    assert welch(x, y).p == pytest.approx(stats.ttest_ind(x, y, equal_var=False).pvalue)
    assert paired_t(x).p == pytest.approx(stats.ttest_1samp(x, 0).pvalue)
    gaps = np.append(x, [np.nan, np.inf])
    assert paired_t(gaps) == paired_t(x)
    assert welch(gaps, y) == welch(x, y)


def test_overlapping_splits_widen_the_error():
    d = np.random.default_rng(1).normal(size=10)
    wanted = np.std(d, ddof=1) * np.sqrt(1 / 10 + 0.25)
    assert paired_t(d, 0.25).error == pytest.approx(wanted)
    x, y = d, np.random.default_rng(2).normal(size=10)
    both = (np.var(x, ddof=1) + np.var(y, ddof=1)) * (1 / 10 + 0.25)
    assert welch(x, y, 0.25).error == pytest.approx(np.sqrt(both))


def test_constant_differences_need_no_division():
    assert paired_t([0.1] * 5).interval(0.95) == pytest.approx((0.1, 0.1))
    assert paired_t([0.1] * 5).p == 0
    assert paired_t([0.0] * 5).p == 1
    assert paired_t([0.2] * 5).posterior(0.1) == (0, 0, 1)
    assert paired_t([-0.2] * 5).posterior(0.1) == (1, 0, 0)
    assert paired_t([0.1] * 5).posterior(0.1 + 1e-9) == (0, 1, 0)
    # Differences that are one number on paper, though not in floating point.
    assert paired_t(np.array([0.9, 0.7, 0.4]) - np.array([0.8, 0.6, 0.3])).error == 0
    assert welch([1.0] * 4, [1.0] * 3).p == 1
    assert welch([1.0] * 4, [2.0] * 3).p == 0
    assert np.isnan(paired_t([1.0]).p)
    assert np.isnan(welch([1.0, 2.0], [1.0]).p)
    assert np.isnan(paired_t([]).diff)


def test_golden_sign_flip():
    assert sign_flip(A - B) == 0.015625


@pytest.mark.parametrize("n", [1, 2, 3, 7, 10])
def test_sign_flip_equals_enumeration(n):
    # Integers, so that many sums tie.
    values = np.random.default_rng(n).integers(-3, 5, n)
    sums = [abs(np.dot(signs, values)) for signs in product((-1, 1), repeat=n)]
    assert sign_flip(values) == np.mean(np.array(sums) >= abs(values.sum()))


def test_sign_flip_ties_survive_rounding():
    values = [3, -1, 2, 2, 1, 3, -2, 1]
    assert sign_flip(np.array(values) * 0.1) == sign_flip(values)
    assert sign_flip(np.array(values) * 1e-9) == sign_flip(values)


def test_sign_flip_by_drawing_agrees_with_counting(monkeypatch):
    values = np.random.default_rng(4).normal(0.4, 1, 24)
    exact = sign_flip(values)
    monkeypatch.setattr("dlfun.stats.tests.EXACT", 5)
    drawn = sign_flip(values)
    assert drawn == sign_flip(values) != sign_flip(values, seed=1)
    assert abs(drawn - exact) < 4 * np.sqrt(exact / 1e5)
    assert sign_flip(np.ones(30)) == 1 / 100_000 == smallest_p(30)


def test_sign_flip_of_very_many_agrees_with_drawing(monkeypatch):
    values = np.random.default_rng(5).normal(0.04, 1, 2000)
    monkeypatch.setattr("dlfun.stats.tests.MANY", 2000)
    drawn = sign_flip(values)
    monkeypatch.undo()
    assert sign_flip(values) == pytest.approx(drawn, abs=5 * np.sqrt(drawn / 1e5))
    assert sign_flip(np.ones(2000)) == 1 / 100_000


def test_sign_flip_of_nothing():
    assert sign_flip([0.0, 0.0]) == 1
    assert sign_flip([0.3, np.nan]) == 1
    assert np.isnan(sign_flip([np.nan]))


def test_smallest_p():
    wanted = [0.25, 0.125, 0.0625, 0.03125, 0.0078125, 0.001953125]
    assert [smallest_p(n) for n in (3, 4, 5, 6, 8, 10)] == wanted
    assert smallest_p(9) == sign_flip(np.arange(1, 10))
    assert smallest_p(0) == smallest_p(1) == 1


def test_golden_multiplicity():
    p = [paired_t(d).p for d in (A - B, A - C, B - C)]
    np.testing.assert_allclose(p, [0.0023523, 0.2495420, 0.0413272], atol=5e-8)
    np.testing.assert_allclose(holm(p), [0.0070569, 0.2495420, 0.0826544], atol=5e-8)
    np.testing.assert_allclose(benjamini_hochberg(p), [0.0070569, 0.2495420, 0.0619908], atol=5e-8)


def test_adjusted_p_values_against_definitions():
    p = np.random.default_rng(0).random(12) ** 3
    order = np.argsort(p)
    stepped = [max((12 - j) * p[order[j]] for j in range(i + 1)) for i in range(12)]
    np.testing.assert_allclose(holm(p)[order], np.minimum(1, stepped))
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))
    assert holm([]).size == 0
