"""The recurrent layers against Flax's cells, with the same parameters."""

import jax
import numpy as np
import pytest
from flax import linen as nn
from jax import numpy as jnp

from dlfun.layers import Recurrence

STOCK = {"elman": nn.SimpleCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}


def stock(cell, params, inputs, reverse):
    module = nn.RNN(STOCK[cell](4), reverse=reverse, keep_order=reverse)
    return module.apply({"params": {"cell": params}}, inputs)


@pytest.mark.parametrize("cell", STOCK)
def test_parameters_have_the_names_and_shapes_of_flax(cell, key):
    inputs = jnp.zeros((2, 5, 3))
    ours = Recurrence(cell, 4).init(key, inputs)["params"]["forward"]
    theirs = nn.RNN(STOCK[cell](4)).init(key, inputs)["params"]["cell"]
    assert jax.tree.map(jnp.shape, ours) == jax.tree.map(jnp.shape, theirs)


@pytest.mark.parametrize("cell", STOCK)
def test_forward_and_gradients_equal_flax(cell, key):
    inputs = jax.random.normal(key, (3, 6, 2))
    layer = Recurrence(cell, 4, bidirectional=True)
    params = layer.init(jax.random.key(1), inputs)["params"]

    def ours(params, inputs):
        return jnp.sum(jnp.sin(layer.apply({"params": params}, inputs)[0]))

    def theirs(params, inputs):
        both = [
            stock(cell, params[name], inputs, reverse)
            for name, reverse in (("forward", False), ("backward", True))
        ]
        return jnp.sum(jnp.sin(jnp.concatenate(both, axis=-1)))

    pair = [jax.value_and_grad(f, argnums=(0, 1))(params, inputs) for f in (ours, theirs)]
    for a, b in zip(*map(jax.tree.leaves, pair), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5)


def test_last_state_is_where_each_direction_ends(key):
    inputs = jax.random.normal(key, (3, 6, 2))
    states, last = Recurrence("gru", 4, bidirectional=True).init_with_output(key, inputs)[0]
    np.testing.assert_array_equal(last, jnp.concatenate([states[:, -1, :4], states[:, 0, 4:]], -1))


@pytest.mark.parametrize("cell", STOCK)
def test_both_biases_of_a_gate_add(cell, key):
    """With the recurrent bias that stock Flax lacks at zero, nothing changes but the count."""
    inputs = jax.random.normal(key, (3, 6, 2))
    plain, both = Recurrence(cell, 4), Recurrence(cell, 4, recurrent_bias=True)
    params = plain.init(key, inputs)["params"]["forward"]
    more = both.init(key, inputs)["params"]["forward"]
    merged = {gate: {**more[gate], **params[gate]} for gate in more}
    assert all("bias" in gate for gate in more.values())
    for a, b in zip(
        plain.apply({"params": {"forward": params}}, inputs),
        both.apply({"params": {"forward": merged}}, inputs),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, atol=1e-6)
