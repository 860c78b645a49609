"""The order of examples: a pure function of (order key, epoch)."""

import jax
from jax import numpy as jnp


def permutation(order: jax.Array, epoch: jax.Array, examples: int) -> jax.Array:
    """[examples] in the order of that epoch."""
    bits = jax.random.bits(jax.random.fold_in(order, epoch), (examples,))
    return jnp.argsort(bits)


def batch_indices(
    order: jax.Array, start: jax.Array, steps: int, examples: int, batch_size: int
) -> jax.Array:
    """Which examples the steps start, start + 1, ... use: [steps, batch_size].

    Each epoch is a full permutation, cut into examples // batch_size whole batches; the few
    examples left over differ from epoch to epoch.
    """
    per_epoch = examples // batch_size
    epochs = (per_epoch - 1 + steps - 1) // per_epoch + 1
    first = start // per_epoch
    orders = jax.vmap(lambda e: permutation(order, first + e, examples))(jnp.arange(epochs))
    batches = orders[:, : per_epoch * batch_size].reshape(epochs * per_epoch, batch_size)
    return jax.lax.dynamic_slice_in_dim(batches, start % per_epoch, steps)
