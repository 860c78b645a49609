"""How often intervals and tests over several data sets hold, by simulation."""

import numpy as np
import pytest
from scipy import stats

from dlfun.stats import (
    aggregate_scores,
    at_chance,
    count_failures,
    median_time,
    overall_sign_flip,
    probability_of_improvement,
    rank_algorithms,
)

pytestmark = pytest.mark.simulation

LEVELS = np.array([0.2, 0.4, 0.5, 0.6, 0.8, 0.9])


@pytest.mark.parametrize(("runs", "least"), [(5, 0.85), (10, 0.9), (20, 0.92)])
def test_bootstrap_intervals_over_six_data_sets(runs, least):
    """They cover less than they say with few runs, which is why they are called approximate."""
    rng, repeats = np.random.default_rng(runs), 500
    # The IQM of the mixture of the data sets, by its quantiles.
    draws = np.sort(np.random.default_rng(0).normal(LEVELS, 0.1, (400_000, 6)), axis=None)
    truth = draws[len(draws) // 4 : -(len(draws) // 4)].mean(), LEVELS.mean()
    held = np.zeros(2)
    for _ in range(repeats):
        found = aggregate_scores(rng.normal(LEVELS, 0.1, (runs, 6)), resamples=999)
        held += [p.low <= t <= p.high for p, t in zip(found[:2], truth, strict=True)]
    print(f"{runs} runs on 6 data sets: IQM, mean held {held / repeats}")
    assert (held >= least * repeats).all()
    assert (held <= 0.98 * repeats).all()


@pytest.mark.parametrize(("runs", "least"), [(5, 0.85), (10, 0.9), (20, 0.92)])
def test_the_interval_of_the_probability_of_improvement(runs, least):
    rng, repeats, gap = np.random.default_rng(runs), 500, 0.08
    truth, held = stats.norm.cdf(gap / (0.1 * np.sqrt(2))), 0
    for _ in range(repeats):
        a, b = rng.normal(LEVELS + gap, 0.1, (runs, 6)), rng.normal(LEVELS, 0.1, (runs, 6))
        found = probability_of_improvement(a, b, resamples=999)
        held += found.low <= truth <= found.high
    print(f"{runs} runs on 6 data sets: probability of improvement held {held / repeats}")
    assert held >= least * repeats


@pytest.mark.parametrize("runs", [10, 20])
def test_the_overall_test_errs_as_often_as_it_says(runs):
    """Also where the runs of one index are alike on all data sets."""
    rng, repeats = np.random.default_rng(runs), 2000
    rejected = 0
    for _ in range(repeats):
        shared = rng.normal(size=(runs, 1))
        rejected += (
            overall_sign_flip(shared + rng.normal(size=(runs, 4)), np.zeros((runs, 4))) < 0.05
        )
    print(f"overall test of {runs} runs: rejects {rejected / repeats}")
    assert 0.035 <= rejected / repeats <= 0.065


def test_ranks_tell_equal_algorithms_apart_as_rarely_as_they_say():
    rng, repeats, wrong = np.random.default_rng(0), 1000, 0
    for _ in range(repeats):
        found = rank_algorithms(rng.normal(size=(12, 4)))
        wrong += bool((found.p < 0.05).any())
    print(f"ranks of 4 equal algorithms on 12 data sets: told apart {wrong / repeats}")
    assert wrong / repeats <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / repeats)


@pytest.mark.parametrize("runs", [6, 10, 21])
def test_the_interval_of_the_median_time_holds_it_where_a_third_misses(runs):
    rng, repeats, held = np.random.default_rng(runs), 2000, 0
    truth = np.exp(stats.norm.ppf(0.75))  # the median, where a third of the runs are infinite
    for _ in range(repeats):
        times = np.where(rng.random(runs) < 1 / 3, np.inf, rng.lognormal(size=runs))
        found = median_time(times)
        held += found.low <= truth <= found.high
    print(f"median time of {runs} runs, a third missing: held {held / repeats}")
    assert held / repeats >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / repeats)


def test_runs_at_chance_are_found_and_counted():
    """One in ten guesses; the others are right 60 % of the time."""
    rng, repeats = np.random.default_rng(0), 1000
    held, found, wrong = 0, 0, 0
    for _ in range(repeats):
        stuck = rng.random(20) < 0.1
        scores = rng.binomial(1000, np.where(stuck, 0.1, 0.6)) / 1000
        marked = at_chance(scores, 0.1, 1000)
        rate = count_failures(scores, marked).at_chance
        held += rate.low <= 0.1 <= rate.high
        found += (marked & stuck).sum() / max(1, stuck.sum()) if stuck.any() else 1
        wrong += (marked & ~stuck).sum()
    print(f"at chance: found {found / repeats:.4f}, wrongly {wrong}, rate held {held / repeats}")
    assert found / repeats > 0.99
    assert wrong == 0
    assert held / repeats >= 0.95
