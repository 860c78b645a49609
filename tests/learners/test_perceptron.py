"""Rosenblatt's rule against a plain Python loop and Novikoff's bound."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from dlfun import models, objectives
from dlfun.learners import perceptron_learner
from dlfun.stats.separability import is_separable, novikoff_bound
from dlfun.types import Batch, HParams, Settings, Spec


def learner(classes, features=4, **shape):
    spec = Spec((features,), "vector", "classification", classes)
    settings = Settings("perceptron", models.Perceptron(**shape))
    module = models.build("perceptron", settings.shape, spec)
    return perceptron_learner(module, objectives.build("perceptron", spec), settings, spec)


def by_loop(inputs, targets, classes, units):
    """Weights [features + 1, units], the average of all weights, and mistakes, in numpy."""
    points = np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)
    weights, total, mistakes = np.zeros((points.shape[1], units)), 0.0, 0
    for x, y in zip(points, targets, strict=True):
        scores = x @ weights
        if units == 1:
            sign = 2 * y - 1
            if sign * scores[0] <= 0:
                weights[:, 0] += sign * x
                mistakes += 1
        else:
            rival = max((c for c in range(classes) if c != y), key=lambda c: scores[c])
            if scores[y] <= scores[rival]:
                weights[:, y] += x
                weights[:, rival] -= x
                mistakes += 1
        total = total + weights
    return weights, total / len(points), mistakes


@pytest.mark.parametrize(("classes", "units"), [(2, "one"), (2, "classes"), (4, "auto")])
def test_rule_equals_a_python_loop(classes, units):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 4)).astype("float32")
    targets = rng.integers(0, classes, 60)
    rule = learner(classes, units=units, averaged=True)
    state = rule.init(HParams(), jax.random.key(0))
    for part in np.split(np.arange(60), 3):
        batch = Batch(jnp.asarray(inputs[part]), jnp.asarray(targets[part]), jnp.ones(20))
        state, _ = rule.update(state, batch, HParams(), jax.random.key(0))
    count = 1 if units == "one" else classes
    weights, average, mistakes = by_loop(inputs, targets, classes, count)
    assert int(rule.counters(state)["mistakes"]) == mistakes > 0
    for params, wanted in ((state.params, weights), (rule.parameters(state)["params"], average)):
        found = np.concatenate([params["kernel"], params["bias"][None]])
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("classes", "units"), [(2, "one"), (2, "classes"), (4, "auto")])
def test_training_reports_the_loss_that_scoring_reports(classes, units):
    """Of a step on one example the parameters before it are those that would be scored."""
    rng = np.random.default_rng(2)
    rule = learner(classes, units=units)
    state = rule.init(HParams(), jax.random.key(0))
    for _ in range(4):
        inputs, target = rng.normal(size=(1, 4)), rng.integers(0, classes, 1)
        batch = Batch(jnp.float32(inputs), jnp.asarray(target), jnp.ones(1))
        scored = rule.evaluate(state, batch, HParams(), jax.random.key(0))
        state, trained = rule.update(state, batch, HParams(), jax.random.key(0))
        np.testing.assert_allclose(trained["loss"], scored["loss"], rtol=1e-5, atol=1e-6)
    assert float(scored["loss"][0]) > 0 or int(state.mistakes) > 1


@pytest.mark.parametrize(("classes", "units"), [(2, "one"), (2, "classes"), (5, "classes")])
def test_mistakes_stay_within_the_bound(classes, units):
    rng = np.random.default_rng(1)
    separator = rng.normal(size=(5, 1 if classes == 2 else classes))
    inputs = rng.normal(size=(400, 4)).astype("float32")
    scores = np.concatenate([inputs, np.ones((400, 1))], axis=1) @ separator
    if classes == 2:
        targets, gap = (scores[:, 0] > 0).astype(int), np.abs(scores[:, 0])
    else:
        ranked = np.sort(scores, axis=1)
        targets, gap = scores.argmax(axis=1), ranked[:, -1] - ranked[:, -2]
    kept = gap > 0.3
    inputs, targets = inputs[kept], targets[kept]
    rule = learner(classes, units=units)
    state = rule.init(HParams(), jax.random.key(0))
    batch = Batch(jnp.asarray(inputs), jnp.asarray(targets), jnp.ones(len(inputs)))
    update = jax.jit(lambda s: rule.update(s, batch, HParams(), jax.random.key(0))[0])
    for _ in range(100):
        state = update(state)
    bound = novikoff_bound(inputs, targets, separator, 1 if units == "one" else classes)
    assert 0 < int(state.mistakes) <= bound.mistakes < np.inf
    assert int(update(state).mistakes) == int(state.mistakes)


def test_bound_of_a_known_case():
    """Points (3, +) and (-1, -) under w = 1, b = 0: R^2 = 10, margin 1."""
    bound = novikoff_bound(np.array([[3.0], [-1.0]]), np.array([1, 0]), np.array([[1.0], [0.0]]), 1)
    assert bound.mistakes == pytest.approx(10)
    assert bound.margin == pytest.approx(1)


def test_separability_is_told_apart():
    corners = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    assert is_separable(corners, np.array([0, 0, 0, 1]), 2) is True
    assert is_separable(corners, np.array([0, 1, 1, 0]), 2) is False
    assert is_separable(corners, np.array([0, 1, 2, 3]), 4) is True
    assert is_separable(np.zeros((2000, 600)), np.zeros(2000, int), 2) is None
