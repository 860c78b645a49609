"""Estimates and bootstrap intervals against published numbers, loops and plain numpy."""

import numpy as np
import pytest

from dlfun.stats import bootstrap_percentile, bootstrap_t, describe, iqm, t_interval
from tests.stats.golden import A


def test_golden_estimates():
    found = describe(A)
    assert found.mean == pytest.approx(97.25, abs=1e-12)
    assert found.sd == pytest.approx(0.2449489743, abs=1e-10)
    assert found[2:] == pytest.approx((97.25, 97.25, 96.9, 97.6, 8, 0, False))


def test_iqm_is_the_mean_of_the_middle_half():
    values = np.array([9.0, 1, 2, 3, 4, 5, 6, -50])
    assert iqm(values) == np.sort(values)[2:6].mean()


def test_failed_runs_are_counted_and_left_out():
    found = describe([1.0, np.nan, 3.0, np.inf])
    assert (found.mean, found.n, found.n_failed) == (2.0, 2, 2)
    nothing = describe([np.nan, np.nan])
    assert np.isnan(nothing[:6]).all()
    assert nothing[6:] == (0, 2, False)


@pytest.mark.parametrize(
    ("values", "skewed"),
    [
        ([1.0, 1.0, 1.0, 1.0], False),
        ([1, 2, 3, 4, 5, 6], False),
        ([1, 2, 3, 4, 5, 60], True),  # skewness 1.8
        ([-40, *range(20), 60], True),  # nearly symmetric, with values far away
        ([5.0], False),
    ],
)
def test_skewed_samples_are_flagged(values, skewed):
    assert describe(values).skewed is skewed


def test_bootstrap_t_equals_a_loop():
    values = np.random.default_rng(0).lognormal(0, 1, 12)
    rng, t = np.random.Generator(np.random.PCG64(3)), []
    for row in rng.integers(12, size=(500, 12)):
        drawn = values[row]
        t.append((drawn.mean() - values.mean()) / np.std(drawn, ddof=1))
    high, low = np.quantile(t, [0.05, 0.95])
    wanted = values.mean() - np.array([low, high]) * np.std(values, ddof=1)
    found = bootstrap_t(values, 0.9, resamples=500, seed=3)
    np.testing.assert_allclose(found[1:3], wanted, rtol=1e-12)


def test_percentile_interval_equals_a_loop():
    values = np.random.default_rng(1).normal(size=9)
    rng = np.random.Generator(np.random.PCG64(5))
    drawn = [np.median(values[row]) for row in rng.integers(9, size=(400, 9))]
    found = bootstrap_percentile(values, np.median, 0.9, resamples=400, seed=5)
    np.testing.assert_allclose(found[:3], [np.median(values), *np.quantile(drawn, [0.05, 0.95])])


def test_bootstrap_is_seeded_and_chunked(monkeypatch):
    assert bootstrap_t(A, seed=1) == bootstrap_t(A, seed=1) != bootstrap_t(A, seed=2)
    whole = bootstrap_percentile(A, resamples=100)
    monkeypatch.setattr("dlfun.stats.estimates.CHUNK", 100)
    assert bootstrap_percentile(A, resamples=100) == whole


@pytest.mark.parametrize("interval", [bootstrap_t, t_interval])
def test_values_that_do_not_differ_have_no_interval(interval):
    np.testing.assert_array_equal(interval([0.1] * 4)[:4], (0.1, np.nan, np.nan, 0))


@pytest.mark.parametrize("interval", [bootstrap_t, bootstrap_percentile])
def test_bootstrap_of_degenerate_samples(interval):
    assert np.isnan(interval([2.0]).low)
    assert np.isnan(interval([np.nan]).estimate)
    assert np.isfinite(interval([1.0, 1.0, 2.0])[:3]).all()
