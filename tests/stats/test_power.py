"""Power against published sample sizes, SciPy's noncentral t and a simulation."""

import numpy as np
import pytest
from scipy import stats

from dlfun.stats import sd_upper, seeds_for_equivalence, seeds_to_detect, smallest_detectable
from dlfun.stats.power import detection_power, equivalence_power


def test_golden_sample_sizes():
    assert seeds_to_detect(1, 1, paired=False) == 17
    assert seeds_to_detect(1, 1) == 10
    assert seeds_to_detect(1, 0.5, paired=False) == 64
    assert seeds_to_detect(1, 0.5) == 34


def test_golden_upper_limits_of_sd():
    assert [round(sd_upper(1, n), 2) for n in (5, 10, 20, 30)] == [1.56, 1.29, 1.18, 1.14]
    assert sd_upper(1, 1) == np.inf
    # The limit is above the truth 80 times of 100.
    sds = np.random.default_rng(0).normal(size=(4000, 5)).std(1, ddof=1)
    assert np.mean([sd_upper(sd, 5) > 1 for sd in sds]) == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize("df", [1, 4, 19])
@pytest.mark.parametrize("alpha", [0.05, 0.005])
def test_power_equals_the_noncentral_t(df, alpha):
    critical = stats.t.ppf(1 - alpha / 2, df)
    wanted = stats.nct.sf(critical, df, 2.5) + stats.nct.cdf(-critical, df, 2.5)
    assert detection_power(2.5, df, alpha) == pytest.approx(wanted, abs=1e-4)


def test_power_of_equivalence_equals_a_simulation():
    rng, n = np.random.default_rng(1), 8
    x = rng.normal(size=(20_000, n))
    half = stats.t.ppf(0.95, n - 1) * x.std(1, ddof=1) / np.sqrt(n)
    inside = np.abs(x.mean(1)) + half < 1.1
    assert equivalence_power(1.1 * np.sqrt(n), n - 1, 0.05) == pytest.approx(
        inside.mean(), abs=0.012
    )


def test_sample_sizes_are_the_smallest():
    n = seeds_for_equivalence(1, 0.7, alpha=0.01)
    powers = [equivalence_power(0.7 * np.sqrt(k), k - 1, 0.01) for k in (n - 1, n)]
    assert powers[0] < 0.8 <= powers[1]


def test_smallest_detectable_turns_sample_size_around():
    assert detection_power(smallest_detectable(2, 12) / 2 * 12**0.5, 11, 0.05) == pytest.approx(0.8)
    n = seeds_to_detect(1, 0.6, paired=False)
    assert (
        smallest_detectable(1, n, paired=False) <= 0.6 < smallest_detectable(1, n - 1, paired=False)
    )


def test_what_seeds_do_not_reduce():
    assert seeds_to_detect(1, 1, extra_variance=0.05) > 10
    assert seeds_to_detect(1, 1, extra_variance=1.0) is None
    assert seeds_for_equivalence(1, 1, extra_variance=1.0) is None


def test_no_spread_no_delta_no_seeds():
    assert seeds_to_detect(0, 0.1) == 2
    assert seeds_to_detect(1, 0) is None
    assert seeds_to_detect(np.nan, 1) is None
    assert seeds_for_equivalence(1, 0) is None
    assert smallest_detectable(0, 5) == 0
    assert np.isnan(smallest_detectable(1, 1))
