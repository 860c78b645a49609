"""Every way of every layer under JAX's transformations and in every precision."""

import functools

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from dlfun.layers import Conv, Recurrence, max_pool
from dlfun.layers.time_loop import CELLS
from dlfun.types import CONVOLUTIONS, RECURRENCES

SEQUENCE, IMAGE = (4, 6, 3), (4, 6, 5, 2)
LAYERS = {
    **{
        f"convolution, {way}": (
            lambda x, way=way: Conv(3, (3, 3), (1, 1), "SAME", way=way),
            IMAGE,
        )
        for way in CONVOLUTIONS
    },
    **{
        f"{cell}, {way}": (
            lambda x, cell=cell, way=way: Recurrence(cell, 4, bidirectional=True, way=way),
            SEQUENCE,
        )
        for cell in CELLS
        for way in RECURRENCES
    },
    "pooling": (None, IMAGE),
}


def loss_of(name, inputs):
    """The parameters of a layer, and its loss (params, inputs) -> []."""
    make, _ = LAYERS[name]
    if make is None:
        return {}, lambda params, x: jnp.sum(jnp.sin(max_pool(x, 2)))
    layer = make(inputs)

    def loss(params, x):
        outputs = layer.apply(params, x)
        return sum(jnp.sum(jnp.sin(leaf)) for leaf in jax.tree.leaves(outputs))

    return jax.jit(layer.init)(jax.random.key(3), inputs), loss


def close(found, wanted, rtol=1e-4, atol=1e-5):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        a, b = (np.asarray(leaf, np.float64) for leaf in (a, b))
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", LAYERS)
def test_transformations_change_nothing(name, key):
    inputs = jax.random.normal(key, (3, *LAYERS[name][1]))
    params, loss = loss_of(name, inputs[0])
    both = jax.value_and_grad(loss, argnums=(0, 1))
    alone = jax.jit(both)
    wanted = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[alone(params, x) for x in inputs])
    together = jax.tree.map(lambda p: jnp.stack([p] * 3), params)
    close(jax.jit(jax.vmap(both))(together, inputs), wanted)
    remat = jax.value_and_grad(jax.checkpoint(loss), argnums=(0, 1))
    scan = functools.partial(jax.lax.scan, lambda _, x: (None, remat(params, x)), None)
    close(jax.jit(scan)(inputs)[1], wanted)


@pytest.mark.parametrize("name", LAYERS)
def test_precision_is_kept(name, key):
    """Results have the precision of what goes in, and are those of float64 within its rounding."""
    with jax.enable_x64(True):
        inputs = jax.random.normal(key, LAYERS[name][1], jnp.float32)
        params, loss = loss_of(name, inputs)
        grad = jax.jit(jax.grad(loss, argnums=(0, 1)))

        def of(dtype):
            found = grad(*jax.tree.map(lambda leaf: leaf.astype(dtype), (params, inputs)))
            assert all(leaf.dtype == dtype for leaf in jax.tree.leaves(found))
            return found

        wanted = of("float64")
        close(of("float32"), wanted, rtol=1e-4, atol=1e-4)
        close(of("bfloat16"), wanted, rtol=0.1, atol=0.1)
