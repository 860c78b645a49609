"""Metrics shared by objectives, as weighted (total, count) pairs."""

import jax
from jax import numpy as jnp

from dlfun.types import Batch


def weighted(values: jax.Array, batch: Batch) -> tuple[jax.Array, jax.Array]:
    """The pair of per-example values [batch]: padding, of weight 0, adds nothing."""
    return jnp.sum(jnp.where(batch.weight > 0, values, 0) * batch.weight), jnp.sum(batch.weight)


def accuracy(logits: jax.Array, batch: Batch) -> tuple[jax.Array, jax.Array]:
    """How often the largest of logits [batch, classes] is the target."""
    return weighted(jnp.argmax(logits, axis=-1) == batch.targets, batch)
