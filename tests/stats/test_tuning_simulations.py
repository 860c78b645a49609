"""What is promised of tuning curves and of choosing by validation, by simulation."""

import numpy as np
import pytest
from scipy import integrate, stats

from dlfun.stats import (
    best_band,
    chosen_test,
    expected_best,
    t_interval,
)
from dlfun.stats.bands import order_statistic_band

pytestmark = pytest.mark.simulation

SKEWED = stats.beta(8, 2)


def expectation(k):
    """The expected best of k draws of SKEWED: the integral of 1 - F^k."""
    return integrate.quad(lambda y: 1 - SKEWED.cdf(y) ** k, 0, 1)[0]


def test_the_expected_best_is_unbiased():
    trials, budgets, repeats = 50, np.array([1, 5, 10, 25, 50]), 2000
    rng = np.random.default_rng(0)
    curves = np.array([expected_best(SKEWED.rvs(trials, random_state=rng)) for _ in range(repeats)])
    found = curves[:, budgets - 1]
    bias = found.mean(0) - [expectation(k) for k in budgets]
    error = found.std(0) / np.sqrt(repeats)
    print("bias of the expected best at 1, 5, 10, 25, 50 of 50 trials:", bias.round(5))
    assert (np.abs(bias) < 3 * error).all()
    # Drawing trials with replacement, as is done too, is far from it.
    rng = np.random.default_rng(0)
    ordered = np.sort([SKEWED.rvs(trials, random_state=rng) for _ in range(repeats)], axis=1)
    rank = np.arange(trials + 1) / trials
    biased = (ordered @ np.diff(rank**50)).mean() - expectation(50)
    print(f"with replacement, at 50 of 50: {biased:.5f}")
    assert biased < -10 * error[-1]


@pytest.mark.parametrize("trials", [8, 32, 64])
def test_the_band_holds_the_whole_distribution_as_often_as_it_says(trials):
    repeats, rng = 2000, np.random.default_rng(trials)
    low, high = order_statistic_band(trials)
    drawn = np.sort(rng.random((repeats, trials)), axis=1)
    covered = ((low <= drawn) & (drawn <= high)).all(1).mean()
    print(f"band of {trials} trials: {covered:.3f} of {repeats} distributions held")
    assert abs(covered - 0.95) < 3 * np.sqrt(0.05 * 0.95 / repeats)


@pytest.mark.parametrize("trials", [8, 32, 64])
@pytest.mark.parametrize("steps", [None, 20])
def test_the_band_holds_the_whole_median_curve(trials, steps):
    """Scores are continuous, or rounded to so many steps, so that many tie."""
    repeats, rng = 300, np.random.default_rng(trials)
    budgets = np.arange(1, trials + 1)
    truth, held = SKEWED.ppf(0.5 ** (1 / budgets)), 0
    truth = truth if steps is None else np.round(truth * steps) / steps
    for _ in range(repeats):
        scores = SKEWED.rvs(trials, random_state=rng)
        scores = scores if steps is None else np.round(scores * steps) / steps
        _, low, high = best_band(scores, bounds=(0, 1))
        held += bool(((low <= truth) & (truth <= high)).all())
    print(f"median curve of {trials} trials, {steps or 'no'} steps: held {held / repeats:.3f}")
    assert held >= 0.93 * repeats


def largest(count):
    """The expected largest of so many standard normal numbers."""
    return integrate.quad(
        lambda y: y * count * stats.norm.pdf(y) * stats.norm.cdf(y) ** (count - 1), -9, 9
    )[0]


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_test_score_on_the_seeds_that_chose_leaks_and_one_on_fresh_seeds_does_not(seeds):
    """Points: configurations differ by 0.3, seeds by 0.3, and validation errs by 0.2."""
    rng, repeats, budgets = np.random.default_rng(seeds), 2000, [10, 50, 200]
    found: dict[str, list[np.ndarray]] = {"validation": [], "same": [], "fresh": []}
    covered, regret = 0, []
    for _ in range(repeats):
        quality = rng.normal(0, 0.3, 200)
        same = quality + rng.normal(0, 0.3, (seeds, 200)).mean(0)
        validation = same + rng.normal(0, 0.2, 200)
        fresh = quality + rng.normal(0, 0.3, (20, 200))
        truth = chosen_test(validation, quality, budgets)
        found["validation"].append(expected_best(validation, budgets) - truth)
        found["same"].append(chosen_test(validation, same, budgets) - truth)
        found["fresh"].append(chosen_test(validation, fresh.mean(0), budgets) - truth)
        regret.append(expected_best(quality, budgets) - truth)
        chosen = int(np.argmax(validation))
        interval = t_interval(fresh[:, chosen])
        covered += interval.low <= quality[chosen] <= interval.high
    bias = {name: np.mean(values, axis=0) for name, values in found.items()}
    for name, values in bias.items():
        print(
            f"{seeds} seeds, {name}: {values.round(3)} points too high at {budgets} configurations"
        )
    print(f"regret {np.mean(regret, axis=0).round(3)}, fresh t intervals hold {covered / repeats}")
    assert (np.abs(bias["fresh"]) < 3 * np.std(found["fresh"], axis=0) / np.sqrt(repeats)).all()
    assert abs(covered / repeats - 0.95) < 3 * np.sqrt(0.05 * 0.95 / repeats)
    # Regression to the mean, in closed form: the noise's share of the winner's lead.
    noise, spread = 0.09 / seeds, 0.09 + 0.09 / seeds + 0.04
    lead = np.array([largest(count) for count in budgets]) / np.sqrt(spread)
    np.testing.assert_allclose(bias["same"], noise * lead, atol=0.01)
    np.testing.assert_allclose(bias["validation"], (noise + 0.04) * lead, atol=0.01)
    assert bias["same"][1] > 0.1
