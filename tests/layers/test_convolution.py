"""The convolution against Flax's own, with the same parameters."""

import functools

import jax
import numpy as np
import pytest
from flax import linen as nn
from jax import numpy as jnp
from jax.test_util import check_grads

from dlfun.layers import Conv, convolve
from dlfun.layers import convolution as module
from dlfun.types import CONVOLUTIONS as WAYS

OWN = [way for way in WAYS if way != "xla"]

# axes, window, strides, padding, dilation
CASES = {
    "1d strided": ((13,), (5,), (2,), (1,), (1,)),
    "1d valid": ((8,), (3,), (1,), "VALID", (1,)),
    "1d dilated": ((12,), (3,), (1,), "SAME", (2,)),
    "1d strided and dilated": ((15,), (3,), (3,), (2,), (2,)),
    "1d pointwise, padded wider than its window": ((6,), (1,), (1,), (2,), (1,)),
    "2d same": ((6, 5), (3, 3), (1, 1), "SAME", (1, 1)),
    "2d mixed": ((7, 9), (3, 2), (2, 1), ((1, 2), (0, 3)), (1, 2)),
    "3d": ((5, 6, 7), (3, 3, 3), (2, 2, 2), (1, 1, 1), (1, 1, 1)),
    "3d same": ((4, 3, 5), (2, 3, 2), (1, 1, 1), "SAME", (1, 1, 1)),
    "1d, one padding": ((7,), (3,), 1, 1, 1),
    "2d, one padding": ((6, 5), (3, 2), 2, 2, 1),
    "2d, a padding and a pair": ((6, 5), (3, 2), (1, 2), (1, (2, 0)), (2, 1)),
    "2d, unpadded": ((6, 5), [3, 2], [1, 2], 0, None),
    "1d, of a lower half": ((6,), 4, 1, "SAME_LOWER", 1),
}


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """So that the small inputs of these tests are cut into several chunks."""
    monkeypatch.setattr(module, "FORWARD_BYTES", 1000)
    monkeypatch.setattr(module, "BACKWARD_BYTES", 500)


@functools.cache
def flax(case):
    """Inputs, parameters, and the value and gradients of Flax's own layer."""
    axes, window, strides, padding, dilation = CASES[case]
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(4, *axes, 3)), jnp.float32)
    theirs = nn.Conv(5, window, strides, padding, kernel_dilation=dilation)
    params = jax.jit(theirs.init)(jax.random.key(1), inputs)
    return inputs, params, value_and_gradients(theirs, params, inputs)


def value_and_gradients(module, params, inputs):
    def loss(params, inputs):
        return jnp.sum(jnp.sin(module.apply(params, inputs)))

    return jax.jit(jax.value_and_grad(loss, argnums=(0, 1)))(params, inputs)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("way", WAYS)
def test_forward_and_gradients_equal_flax(case, way, key):
    _, window, strides, padding, dilation = CASES[case]
    inputs, params, wanted = flax(case)
    ours = Conv(5, window, strides, padding, dilation, way)
    shapes = jax.tree.map(jnp.shape, jax.eval_shape(ours.init, key, inputs))
    assert shapes == jax.tree.map(jnp.shape, params)
    found = value_and_gradients(ours, params, inputs)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=3e-5)


@pytest.mark.parametrize("way", OWN)
@pytest.mark.parametrize("case", ["1d strided and dilated", "2d same"])
def test_gradients_of_first_and_second_order_equal_differences(case, way, key):
    axes, window, strides, padding, dilation = CASES[case]
    with jax.enable_x64(True):
        inputs = jax.random.normal(key, (2, *axes, 2), jnp.float64)
        kernel = jax.random.normal(key, (*window, 2, 3), jnp.float64)

        def smooth(inputs, kernel):
            return jnp.sin(convolve(inputs, kernel, strides, padding, dilation, way))

        check_grads(jax.jit(smooth), (inputs, kernel), order=2, modes=["rev"], rtol=1e-5)


def test_kernels_map_over_members(key):
    inputs = jax.random.normal(key, (3, 4, 12, 2))
    layer = Conv(5, (3,), (1,), (1,))
    params = jax.jit(jax.vmap(layer.init))(jax.random.split(key, 3), inputs)
    together, apply = jax.jit(jax.vmap(layer.apply))(params, inputs), jax.jit(layer.apply)
    for i in range(3):
        alone = apply(jax.tree.map(lambda leaf, i=i: leaf[i], params), inputs[i])
        np.testing.assert_allclose(together[i], alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("way", OWN)
def test_forward_mode_names_the_way_that_has_it(way):
    def through(way):
        return lambda x: convolve(x, jnp.ones((2, 1, 1)), way=way)

    inputs = jnp.arange(4.0).reshape(1, 4, 1)
    with pytest.raises(TypeError, match="the option convolution=xla"):
        jax.jvp(through(way), (inputs,), (inputs,))
    np.testing.assert_allclose(
        jax.jvp(through("xla"), (inputs,), (inputs,))[1], through("xla")(inputs)
    )


def test_chunks_are_equal_and_small_enough():
    assert module._chunks(128, 4096, 1024) == 4
    assert module._chunks(128, 4097, 1024) == 8
    assert module._chunks(7, 100, 1) == 7
    assert module._chunks(6, 1, 100) == 1


@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool"])
@pytest.mark.parametrize("way", WAYS)
def test_integers_are_read_as_flax_reads_them(way, dtype, key):
    inputs = np.random.default_rng(0).integers(0, 2, (2, 8, 3)).astype(dtype)
    params = nn.Conv(4, (3,)).init(key, jnp.float32(inputs))
    wanted = jax.grad(lambda p: jnp.sum(jnp.sin(nn.Conv(4, (3,)).apply(p, inputs))))(params)
    found = jax.grad(lambda p: jnp.sum(jnp.sin(Conv(4, 3, way=way).apply(p, inputs))))(params)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_no_example_gives_none(key):
    for way in WAYS:
        assert Conv(4, 3, way=way).init_with_output(key, jnp.ones((0, 8, 3)))[0].shape == (0, 8, 4)


def test_window_larger_than_the_input_is_refused(key):
    with pytest.raises(ValueError, match="larger than the padded input"):
        Conv(1, (5,), (1,), (0,)).init(key, jnp.zeros((1, 4, 1)))
