"""The recurrent layers against Flax's cells, with the same parameters."""

import jax
import numpy as np
import pytest
from flax import linen as nn
from jax import numpy as jnp
from jax.test_util import check_grads

from dlfun.layers import Recurrence
from dlfun.layers.orthogonal import orthogonal
from dlfun.types import RECURRENCES as WAYS

STOCK = {"elman": nn.SimpleCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}


def stock(cell, params, inputs, reverse, lengths=None):
    module = nn.RNN(STOCK[cell](4), reverse=reverse, keep_order=reverse)
    return module.apply({"params": {"cell": params}}, inputs, seq_lengths=lengths)


@pytest.mark.parametrize("cell", STOCK)
def test_parameters_have_the_names_and_shapes_of_flax(cell, key):
    inputs = jnp.zeros((2, 5, 3))
    ours, theirs = (
        jax.eval_shape(layer.init, key, inputs)["params"]
        for layer in (Recurrence(cell, 4), nn.RNN(STOCK[cell](4)))
    )
    assert ours["forward"] == theirs["cell"]


@pytest.mark.parametrize("width", [1, 7, 128])
def test_orthogonal_matrices_are_those_of_flax(width, key):
    made = orthogonal(key, (width, width))
    np.testing.assert_allclose(made.T @ made, np.eye(width), atol=2e-6)
    stock = nn.initializers.orthogonal()(key, (width, width))
    np.testing.assert_allclose(made, stock, atol=1e-4)


def test_no_weights_are_made_by_lapack(key):
    """Several devices of a CPU would wait for each other."""
    made = jax.jit(Recurrence("lstm", 4).init).lower(key, jnp.zeros((2, 5, 3)))
    assert "custom_call" not in made.as_text()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("lengths", [None, (6, 1, 4)])
@pytest.mark.parametrize("cell", STOCK)
def test_forward_and_gradients_equal_flax(cell, lengths, way, key):
    inputs = jax.random.normal(key, (3, 6, 2))
    layer = Recurrence(cell, 4, bidirectional=True, way=way)
    params = jax.jit(layer.init)(jax.random.key(1), inputs)["params"]
    lengths = None if lengths is None else jnp.array(lengths)
    real = jnp.ones((3, 6)) if lengths is None else jnp.arange(6)[None] < lengths[:, None]

    def ours(params, inputs):
        return jnp.sum(jnp.sin(layer.apply({"params": params}, inputs, lengths)[0]))

    def theirs(params, inputs):
        both = [
            stock(cell, params[name], inputs, reverse, lengths)
            for name, reverse in (("forward", False), ("backward", True))
        ]
        states = jnp.where(real[..., None] > 0, jnp.concatenate(both, axis=-1), 0)
        return jnp.sum(jnp.sin(states))

    pair = [jax.jit(jax.value_and_grad(f, argnums=(0, 1)))(params, inputs) for f in (ours, theirs)]
    for a, b in zip(*map(jax.tree.leaves, pair), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("cell", "way"), [*((cell, "hoisted") for cell in STOCK), ("gru", "fused"), ("lstm", "fused")]
)
def test_gradients_of_first_and_second_order_equal_differences(cell, way, key):
    with jax.enable_x64(True):
        inputs = jax.random.normal(key, (2, 3, 2), jnp.float64)
        layer = Recurrence(cell, 2, bidirectional=True, recurrent_bias=True, way=way)
        start = jax.eval_shape(layer.init, key, inputs)
        params = jax.tree.map(lambda p: jax.random.normal(key, p.shape, jnp.float64), start)

        def both(params, inputs):
            return layer.apply(params, inputs, jnp.array([3, 2]))

        check_grads(jax.jit(both), (params, inputs), order=2, modes=["rev"], rtol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_padding_changes_nothing(way, key):
    """Whatever lies behind a sequence's end, its states are those of the sequence alone."""
    inputs = jax.random.normal(key, (1, 6, 2))
    layer = Recurrence("lstm", 3, bidirectional=True, way=way)
    params, apply = jax.jit(layer.init)(key, inputs), jax.jit(layer.apply)
    alone, last, _ = apply(params, inputs[:, :4])
    for padding in (0.0, 7.0):
        padded = inputs.at[:, 4:].set(padding)
        states, end, _ = apply(params, padded, jnp.array([4]))
        np.testing.assert_allclose(states[:, :4], alone, rtol=1e-6)
        np.testing.assert_allclose(end, last, rtol=1e-6)
        assert not np.any(states[:, 4:])


def test_forward_mode_names_the_way_that_has_it(key):
    inputs = jax.random.normal(key, (1, 3, 2))
    params = jax.jit(Recurrence("gru", 2).init)(key, inputs)

    def through(way):
        return lambda x: Recurrence("gru", 2, way=way).apply(params, x)[0]

    with pytest.raises(TypeError, match="way='scan'"):
        jax.jvp(through("hoisted"), (inputs,), (inputs,))
    forward = jax.jit(jax.jacfwd(through("scan")))(inputs)
    reverse = jax.jit(jax.jacrev(through("hoisted")))(inputs)
    np.testing.assert_allclose(forward, reverse, atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("cell", STOCK)
def test_a_sequence_in_two_parts_is_the_sequence(cell, way, key):
    """Outputs and gradients, where the second part goes on from the state after the first."""
    inputs = jax.random.normal(key, (3, 6, 2))
    layer = Recurrence(cell, 4, way=way)
    params = jax.jit(layer.init)(key, inputs)

    def whole(params, inputs):
        return layer.apply(params, inputs)[0]

    def parted(params, inputs):
        first, _, state = layer.apply(params, inputs[:, :2])
        return jnp.concatenate([first, layer.apply(params, inputs[:, 2:], None, state)[0]], axis=1)

    def loss(function):
        return jax.value_and_grad(lambda *args: jnp.sum(jnp.sin(function(*args))), (0, 1))

    pair = [jax.jit(loss(f))(params, inputs) for f in (whole, parted)]
    for a, b in zip(*map(jax.tree.leaves, pair), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_last_state_is_where_each_direction_ends(key):
    inputs = jax.random.normal(key, (3, 6, 2))
    layer = Recurrence("gru", 4, bidirectional=True)
    states, last, _ = jax.jit(layer.init_with_output)(key, inputs)[0]
    np.testing.assert_array_equal(last, jnp.concatenate([states[:, -1, :4], states[:, 0, 4:]], -1))


@pytest.mark.parametrize("cell", STOCK)
def test_both_biases_of_a_gate_add(cell, key):
    """With the recurrent bias that stock Flax lacks at zero, nothing changes but the count."""
    inputs = jax.random.normal(key, (3, 6, 2))
    plain, both = Recurrence(cell, 4), Recurrence(cell, 4, recurrent_bias=True)
    params = jax.jit(plain.init)(key, inputs)["params"]["forward"]
    more = jax.jit(both.init)(key, inputs)["params"]["forward"]
    merged = {gate: {**more[gate], **params[gate]} for gate in more}
    assert all("bias" in gate for gate in more.values())
    for a, b in zip(
        jax.jit(plain.apply)({"params": {"forward": params}}, inputs),
        jax.jit(both.apply)({"params": {"forward": merged}}, inputs),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, atol=1e-6)
