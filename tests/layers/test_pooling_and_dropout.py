"""Pooling against Flax's, dropout against its definition."""

import jax
import numpy as np
import pytest
from flax import linen as nn
from jax import numpy as jnp

from dlfun.layers import Dropout, average_pool, max_pool


@pytest.mark.parametrize(
    ("own", "stock"), [(max_pool, nn.max_pool), (average_pool, nn.avg_pool)], ids=["max", "mean"]
)
@pytest.mark.parametrize("axes", [(9,), (8, 7), (4, 6, 5)])
def test_pools_and_gradients_equal_flax(key, axes, own, stock):
    inputs = jax.random.normal(key, (2, *axes, 3))
    window = (2,) * len(axes)

    def loss(pool):
        return lambda x: jnp.sum(jnp.sin(pool(x)))

    ours = jax.value_and_grad(loss(lambda x: own(x, 2)))(inputs)
    theirs = jax.value_and_grad(loss(lambda x: stock(x, window, window)))(inputs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_dropout_keeps_the_mean_and_drops_the_rate(key):
    inputs = jnp.ones((400, 500))
    drop = jax.jit(lambda rate: Dropout().apply({}, inputs, rate, rngs={"noise": key}))
    for rate in (0.0, 0.25, 0.6):
        out = drop(rate)
        assert abs(float(jnp.mean(out == 0)) - rate) < 0.01
        np.testing.assert_allclose(out[out != 0], 1 / (1 - rate), rtol=1e-6)
    assert drop._cache_size() == 1


def test_no_rate_is_no_dropout():
    inputs = jnp.ones((2, 2))
    assert Dropout().apply({}, inputs, None) is inputs
