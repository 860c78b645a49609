"""Intervals against published values and SciPy."""

import numpy as np
import pytest
from scipy import stats

from dlfun.stats import clopper_pearson, t_interval


def test_t_interval_equals_scipy():
    values = np.array([97.1, 97.4, 96.9, 97.6, 97.3, 97.0, 97.5, 97.2])
    found = t_interval(values)
    wanted = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert found[:3] == pytest.approx((97.25, wanted.low, wanted.high))
    assert found.sd == pytest.approx(0.2449489743)
    assert found.half_width == pytest.approx((wanted.high - wanted.low) / 2)


def test_missing_values_and_too_few():
    assert t_interval([1.0, np.nan, 3.0]).n == 2
    one = t_interval([2.0])
    assert one.estimate == 2
    assert np.isnan(one.low)
    assert np.isnan(t_interval([np.nan]).estimate)


@pytest.mark.parametrize(("n", "high"), [(10, 0.308), (20, 0.168), (30, 0.116)])
def test_clopper_pearson_of_no_failure(n, high):
    assert clopper_pearson(0, n).high == pytest.approx(high, abs=5e-4)
