"""Over-fitting against SciPy's t tests, and what is promised of it by simulation."""

import numpy as np
import pytest
from scipy import stats

from dlfun.stats import overfitting

INTERVALS = 20


def losses(rng, runs, rise, noise=0.1):
    """Training loss that falls throughout, and held-out loss that rises by `rise` from 9 on."""
    t = np.arange(INTERVALS)
    own = 1 + 0.2 * rng.normal(size=(runs, 1))
    up = np.clip(t - 8, 0, None) / (INTERVALS - 9)
    seeds = 0.15 * rng.normal(size=(runs, 1)) + noise * rng.normal(size=(runs, INTERVALS))
    train = 2 * np.exp(-t / 4) + 0.05 * rng.normal(size=(runs, INTERVALS))
    return train, 2 * np.exp(-t / 2) + rise * own * up + seeds


def test_the_onset_equals_a_loop_over_t_tests():
    train, held_out = losses(np.random.default_rng(0), 10, 0.6)
    found = overfitting(train, held_out)
    above = []
    for end in range(1, INTERVALS):
        lowest = min(range(end), key=lambda k: held_out[:, k].mean())
        p = [
            stats.ttest_rel(values[:, end], values[:, lowest], alternative=side).pvalue
            for values, side in ((held_out, "greater"), (train, "less"))
        ]
        above.append(max(p) < 0.025 / end)
    onset = INTERVALS - above[::-1].index(False)
    assert found.onset == onset
    assert found.onset > 8
    lowest = held_out[:, :-1].mean(0).argmin()
    assert found.lowest == lowest
    paired = stats.ttest_rel(held_out[:, -1], held_out[:, lowest])
    ends = paired.confidence_interval(1 - 0.05 / (INTERVALS - 1))
    np.testing.assert_allclose(found.rise[1:3], ends)
    np.testing.assert_allclose(found.fall.estimate, (train[:, -1] - train[:, lowest]).mean())


def test_few_runs_and_one_interval_say_nothing_and_broken_runs_are_left_out():
    train, held_out = losses(np.random.default_rng(1), 6, 2.0)
    assert overfitting(train, held_out).onset is not None
    assert overfitting(train[:, :1], held_out[:, :1]) is None
    held_out[3, 4] = np.nan
    assert overfitting(train, held_out).rise.n == 5
    train[0, -1] = np.inf
    assert overfitting(train, held_out) is None


def test_a_rise_while_training_fails_too_is_no_over_fitting():
    train, held_out = losses(np.random.default_rng(2), 10, 2.0)
    assert overfitting(train, held_out).onset is not None
    found = overfitting(held_out, held_out)
    assert found.onset is None
    assert found.rise.low > 0


def test_a_rise_that_passes_is_not_where_over_fitting_begins():
    train, held_out = losses(np.random.default_rng(4), 10, 2.0)
    held_out[:, 4:7] += 3
    assert overfitting(train, held_out).onset >= 9


def test_overlapping_splits_widen_the_interval():
    train, held_out = losses(np.random.default_rng(3), 10, 0.6)
    alone, overlapping = (overfitting(train, held_out, split_variance=v) for v in (0.0, 0.3))
    ratio = overlapping.rise.half_width / alone.rise.half_width
    assert ratio == pytest.approx(np.sqrt((1 / 10 + 0.3) / (1 / 10)))


def flat(rng, runs):
    return rng.normal(size=(runs, INTERVALS)) + rng.normal(size=(runs, 1))


def walks(rng, runs):
    return np.cumsum(rng.normal(size=(runs, INTERVALS)), axis=1)


def skewed(rng, runs):
    return np.exp(0.8 * rng.normal(size=(runs, INTERVALS)))


@pytest.mark.simulation
@pytest.mark.parametrize("curves", [flat, walks, skewed])
@pytest.mark.parametrize("runs", [5, 10, 20])
def test_where_nothing_rises_an_onset_is_rare(curves, runs):
    rng, repeats = np.random.default_rng(runs), 2000
    train = -np.arange(INTERVALS) + 0.01 * rng.normal(size=(runs, INTERVALS))
    named = naive = 0
    for _ in range(repeats):
        held_out = curves(rng, runs)
        named += overfitting(train, held_out).onset is not None
        lowest = held_out[:, :-1].mean(0).argmin()
        naive += stats.ttest_rel(held_out[:, -1], held_out[:, lowest]).pvalue < 0.05
    print(f"{curves.__name__}, {runs} runs: {named / repeats:.4f}, naive {naive / repeats:.3f}")
    assert named / repeats < 0.025 + 3 * np.sqrt(0.025 * 0.975 / repeats)
    assert naive / repeats > 0.04  # what the lowest point of many does to a plain test


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("runs", "rise", "power"), [(5, 1.0, 0.5), (10, 0.5, 0.9), (20, 0.25, 0.9)]
)
def test_where_held_out_loss_rises_it_is_named_and_not_too_early(runs, rise, power):
    rng, repeats = np.random.default_rng(runs), 500
    found = [overfitting(*losses(rng, runs, rise)).onset for _ in range(repeats)]
    onsets = np.array([onset for onset in found if onset is not None])
    early = (onsets < 9).sum() / repeats
    share, at = len(onsets) / repeats, np.median(onsets)
    print(f"{runs} runs, {rise}: {share:.2f} named, at {at} (truly 9), {early} before")
    assert share > power
    assert early < 0.025 + 3 * np.sqrt(0.025 * 0.975 / repeats)
