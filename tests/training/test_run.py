"""One run against a plain Python loop over the same learner."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp
from scipy.special import softmax

from dlfun.studies.population.assembly import assemble
from dlfun.training.order import permutation
from dlfun.training.run import interval_lengths
from dlfun.types import Batch
from tests.helpers import prepared


def one_member(model, **changes):
    settings, data, members = prepared(model, **changes)
    hparams, streams = jax.tree.map(lambda leaf: leaf[0], (members.hparams, members.streams))
    return assemble(settings, data.first.spec), settings, data, hparams, streams


@pytest.mark.parametrize("model", ["perceptron", "bpnn", "vae"])
def test_scan_equals_a_python_loop(model):
    parts, settings, data, hparams, streams = one_member(model)
    carry = jax.jit(parts.run.init)(hparams, streams)
    advance, update = jax.jit(parts.run.advance), jax.jit(parts.learner.update)
    losses = []
    for _ in parts.run.intervals:
        carry, history = advance(carry, hparams, data.tuning)
        losses.append(float(history["train_loss"]))
    state = jax.jit(parts.learner.init)(hparams, streams.init)
    steps, train = [], data.first.train
    for step in range(settings.steps):
        epoch, i = divmod(step, 70 // 10)
        rows = np.asarray(permutation(streams.order, epoch, 70))[10 * i : 10 * (i + 1)]
        batch = Batch(
            jnp.asarray(train.inputs[rows]), jnp.asarray(train.targets[rows]), jnp.ones(10)
        )
        key = jax.random.fold_in(streams.noise, step)
        state, metrics = update(state, batch, hparams, key)
        steps.append(float(metrics["loss"][0] / metrics["loss"][1]))
    np.testing.assert_allclose(losses, np.mean(np.reshape(steps, (3, 4)), axis=1), rtol=1e-4)
    found, wanted = (parts.learner.parameters(s) for s in (carry.state, state))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), found, wanted)


def test_a_whole_split_is_scored_with_nothing_dropped_or_doubled():
    parts, _, data, hparams, streams = one_member("softmax", batch_size=10)
    big = jax.tree.map(lambda leaf: np.concatenate([leaf] * 5, axis=1)[:, :133], data.test)
    carry = jax.jit(parts.run.init)(hparams, streams)
    found, said = parts.run.score(carry, hparams, big)
    outputs = np.asarray(parts.learner.predict(carry.state, big.inputs[0], streams.evaluation))
    right = np.argmax(outputs, axis=-1) == big.targets[0]
    assert float(found["accuracy"]) == pytest.approx(float(right.mean()), abs=1e-6)
    np.testing.assert_array_equal(said["predicted"], np.argmax(outputs, axis=-1))
    np.testing.assert_allclose(said["confidence"], softmax(outputs, axis=-1).max(-1), rtol=1e-5)


@pytest.mark.parametrize(
    ("steps", "evaluations"), [(6000, 20), (997, 20), (1, 20), (50, 20), (7, 7), (40, 1)]
)
def test_intervals_add_up_and_need_at_most_two_programs(steps, evaluations):
    lengths = interval_lengths(steps, evaluations)
    assert sum(lengths) == steps
    assert len(set(lengths)) <= 2
    assert evaluations // 2 < len(lengths) + 1 or len(lengths) == steps
    assert len(lengths) <= evaluations + 1
