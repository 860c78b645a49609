"""Optimisers built from traced numbers against stock Optax with constants."""

import jax
import numpy as np
import optax
import pytest
from jax import numpy as jnp

from dlfun.learners.optimizers import learning_rate, make_optimizer
from dlfun.types import HParams, Settings

RATE, DECAY, MOMENTUM = 0.03, 0.1, 0.8
STOCK = {
    "sgd": optax.chain(optax.add_decayed_weights(DECAY), optax.sgd(RATE)),
    "momentum": optax.chain(optax.add_decayed_weights(DECAY), optax.sgd(RATE, MOMENTUM)),
    "adam": optax.chain(optax.add_decayed_weights(DECAY), optax.adam(RATE)),
    "adamw": optax.adamw(RATE, weight_decay=DECAY),
    "rmsprop": optax.chain(optax.add_decayed_weights(DECAY), optax.rmsprop(RATE)),
}


def settings(**changes):
    return Settings("bpnn", None, steps=100, **changes)


def minimise(optimizer, params):
    state = optimizer.init(params)
    for _ in range(10):
        gradient = jax.tree.map(lambda p: jnp.sin(3 * p) + p, params)
        step, state = optimizer.update(gradient, state, params)
        params = optax.apply_updates(params, step)
    return params


@pytest.mark.parametrize("name", STOCK)
def test_equals_optax_with_traced_numbers(name, key):
    params = {"a": jax.random.normal(key, (3, 4)), "b": jnp.ones(5)}
    hparams = HParams(RATE, DECAY, MOMENTUM)

    @jax.jit
    def ours(hparams):
        return minimise(make_optimizer(settings(optimizer=name), hparams), params)

    wanted = jax.jit(lambda: minimise(STOCK[name], params))()
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), ours(hparams), wanted)
    ours(hparams._replace(learning_rate=0.5, weight_decay=0.0))
    assert ours._cache_size() == 1


def test_clip_equals_optax_without_a_readout(key):
    params = {"a": 5 * jax.random.normal(key, (3, 4)), "b": jnp.ones(5)}
    ours = make_optimizer(settings(optimizer="sgd", clip=True), HParams(RATE, gradient_clip=0.7))
    stock = optax.chain(optax.clip_by_global_norm(0.7), optax.sgd(RATE))
    pair = minimise(ours, params), minimise(stock, params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), *pair)


@pytest.mark.parametrize("step", [0, 5, 50, 99])
def test_schedules_equal_optax(step):
    hparams = HParams(learning_rate=RATE, warmup_fraction=0.1)
    at = {
        name: learning_rate(settings(schedule=name), hparams)(step)
        for name in ("constant", "cosine", "warmup")
    }
    assert at["constant"] == pytest.approx(RATE)
    assert at["cosine"] == pytest.approx(float(optax.cosine_decay_schedule(RATE, 100)(step)))
    line = optax.linear_schedule(RATE / 10, RATE, 9)
    assert at["warmup"] == pytest.approx(float(line(step)))
