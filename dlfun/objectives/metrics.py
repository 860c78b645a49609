"""Shared by objectives: metrics as weighted (total, count) pairs, and predictions."""

import jax
from jax import numpy as jnp

from dlfun.types import Batch, Predictions


def weighted(values: jax.Array, batch: Batch) -> tuple[jax.Array, jax.Array]:
    """The pair of per-example values [batch]: padding, of weight 0, adds nothing."""
    return jnp.sum(jnp.where(batch.weight > 0, values, 0) * batch.weight), jnp.sum(batch.weight)


def accuracy(logits: jax.Array, batch: Batch) -> tuple[jax.Array, jax.Array]:
    """How often the largest of logits [batch, classes] is the target."""
    return weighted(jnp.argmax(logits, axis=-1) == batch.targets, batch)


def likeliest(logits: jax.Array) -> Predictions:
    """The class of the largest of logits [batch, classes], and its probability under softmax."""
    confidence = jnp.exp(jnp.max(logits, axis=-1) - jax.nn.logsumexp(logits, axis=-1))
    return {"predicted": jnp.argmax(logits, axis=-1), "confidence": confidence}


def largest(scores: jax.Array) -> Predictions:
    """The class of the largest of scores [batch, classes], which are no log-probabilities."""
    predicted = jnp.argmax(scores, axis=-1)
    return {"predicted": predicted, "confidence": jnp.full(predicted.shape, jnp.nan, scores.dtype)}
