"""Calibration against a loop over bins and scikit-learn."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from scipy.special import log_softmax
from sklearn.metrics import brier_score_loss, log_loss

from dlfun.errors import UserError
from dlfun.stats import calibrate
from dlfun.stats.calibration import (
    TEMPERATURES,
    cross_fitted,
    fit_temperature,
    score_probabilities,
    tempered,
)

ANSWERS = st.lists(
    st.tuples(st.integers(0, 60).map(lambda n: n / 60), st.booleans()), min_size=1, max_size=40
)


@settings(max_examples=50, deadline=None)
@given(ANSWERS)
def test_the_table_equals_a_loop(answers):
    p, right = (np.array(part, float) for part in zip(*answers, strict=True))
    found, error = calibrate(p, right), 0.0
    for bin in range(15):
        low, high = found.edges[bin : bin + 2]
        inside = ((p > low) | ((p == 0) & (bin == 0))) & (p <= high)
        assert found.counts[bin] == inside.sum()
        if inside.any():
            assert found.confidence[bin] == pytest.approx(p[inside].mean())
            assert found.accuracy[bin] == pytest.approx(right[inside].mean())
            error += inside.mean() * abs(p[inside].mean() - right[inside].mean())
        else:
            assert np.isnan([found.confidence[bin], found.accuracy[bin]]).all()
    assert found.ece == pytest.approx(error, abs=1e-12)
    # Jensen: the calibration error is at most the root of the mean squared one.
    assert found.ece <= np.sqrt(found.brier) + 1e-12


def test_brier_equals_scikit_learns():
    rng = np.random.default_rng(0)
    p, right = rng.random(500), rng.random(500) < 0.6
    assert calibrate(p, right).brier == pytest.approx(brier_score_loss(right, p))


def test_answers_right_as_often_as_they_say_are_calibrated():
    rng = np.random.default_rng(1)
    p = rng.random(100_000)
    assert calibrate(p, rng.random(100_000) < p).ece < 0.01
    assert calibrate(p, rng.random(100_000) < p**2).ece == pytest.approx(1 / 2 - 1 / 3, abs=0.01)


def test_runs_are_pooled_and_missing_confidence_is_left_out():
    found = calibrate([[0.9, np.nan], [0.5, 0.5]], [[True, True], [True, False]])
    assert found.counts.sum() == 3
    assert found.brier == pytest.approx((0.01 + 0.25 + 0.25) / 3)
    none = calibrate([np.nan], [True])
    assert np.isnan([none.ece, none.brier, *none.accuracy]).all()
    half = calibrate(np.float16([0.9, 1]), [True, True])
    assert half.counts[[13, 14]].tolist() == [1, 1]
    assert calibrate([np.float32(1.000001)], [True]).counts[14] == 1


def test_bad_input():
    with pytest.raises(UserError, match="from 0 to 1"):
        calibrate([1.2], [True])
    with pytest.raises(UserError, match="2 confidences of 1 answers"):
        calibrate([0.2, 0.3], [True])


def logits(count=200, seed=0):
    random = np.random.default_rng(seed)
    drawn = random.normal(size=(count, 4)) * 2
    p = np.exp(log_softmax(drawn, -1))
    return drawn, (random.random(count)[:, None] > p.cumsum(-1)).sum(-1).clip(0, 3)


def test_tempered_probabilities_are_a_softmax():
    values, _ = logits()
    expected = log_softmax(values / 1.7, -1)
    np.testing.assert_allclose(tempered(values, 1.7), expected, rtol=1e-12)
    np.testing.assert_allclose(tempered(log_softmax(values, -1), 1.7), expected, rtol=1e-9)


def test_the_fitted_temperature_is_the_best_of_a_grid_and_scales_with_the_logits():
    values, targets = logits()
    found = fit_temperature(values, targets)
    grid = np.linspace(0.5, 2, 301)
    losses = [log_loss(targets, np.exp(log_softmax(values / t, -1))) for t in grid]
    assert found == pytest.approx(grid[np.argmin(losses)], abs=6e-3)
    assert fit_temperature(3 * values, targets) == pytest.approx(3 * found, rel=1e-4)
    wrong = np.eye(4)[(targets + 1) % 4] * 100
    assert fit_temperature(wrong, targets) == pytest.approx(max(TEMPERATURES), rel=1e-3)
    with pytest.raises(UserError, match="there are none"):
        fit_temperature(values[:0], targets[:0])


def test_scores_equal_loops_over_classes():
    values, targets = logits(30)
    p = np.exp(log_softmax(values, -1))
    found = score_probabilities(np.log(p), targets)
    brier = sum((p[i, c] - (targets[i] == c)) ** 2 for i in range(30) for c in range(4))
    assert found.brier == pytest.approx(brier / 30)
    assert found.nats == pytest.approx(log_loss(targets, p))
    top = calibrate(p.max(-1), p.argmax(-1) == targets)
    assert (found.ece, found.brier_top) == (top.ece, top.brier)


def test_each_half_is_under_the_temperature_of_the_other():
    values, targets = logits()
    found = cross_fitted(values, targets)
    for half, other in (
        (slice(0, None, 2), slice(1, None, 2)),
        (slice(1, None, 2), slice(0, None, 2)),
    ):
        t = fit_temperature(values[other], targets[other])
        np.testing.assert_allclose(found[half], log_softmax(values[half] / t, -1), rtol=1e-9)
