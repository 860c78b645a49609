"""The convolution against Flax's own, with the same parameters."""

import jax
import numpy as np
import pytest
from flax import linen as nn
from jax import numpy as jnp

from dlfun.layers import Conv

CASES = [
    ((13,), (5,), (2,), (1,)),
    ((8,), (3,), (1,), (0,)),
    ((7, 9), (3, 2), (2, 1), (1, 0)),
    ((5, 6, 7), (3, 3, 3), (2, 2, 2), (1, 1, 1)),
]


@pytest.mark.parametrize(("axes", "window", "strides", "padding"), CASES)
def test_forward_and_gradients_equal_flax(key, axes, window, strides, padding):
    inputs = jax.random.normal(key, (4, *axes, 3))
    ours = Conv(5, window, strides, padding)
    theirs = nn.Conv(5, window, strides, padding=[(p, p) for p in padding])
    params = theirs.init(jax.random.key(1), inputs)
    assert jax.tree.map(jnp.shape, ours.init(key, inputs)) == jax.tree.map(jnp.shape, params)

    def loss(module):
        return lambda params, inputs: jnp.sum(jnp.sin(module.apply(params, inputs)))

    ours, theirs = (
        jax.value_and_grad(loss(module), argnums=(0, 1))(params, inputs)
        for module in (ours, theirs)
    )
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


def test_kernels_map_over_members(key):
    inputs = jax.random.normal(key, (3, 4, 12, 2))
    layer = Conv(5, (3,), (1,), (1,))
    params = jax.vmap(layer.init)(jax.random.split(key, 3), inputs)
    together = jax.vmap(layer.apply)(params, inputs)
    for i in range(3):
        alone = layer.apply(jax.tree.map(lambda leaf, i=i: leaf[i], params), inputs[i])
        np.testing.assert_allclose(together[i], alone, rtol=1e-5, atol=1e-6)


def test_window_larger_than_the_input_is_refused(key):
    with pytest.raises(ValueError, match="larger than the padded input"):
        Conv(1, (5,), (1,), (0,)).init(key, jnp.zeros((1, 4, 1)))
