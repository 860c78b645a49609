"""Reduction of per-example values to weighted (total, count) pairs, and predictions."""

import jax
from jax import numpy as jnp

from dlfun.types import Batch, Metrics, Predictions


def weighted(values: jax.Array, batch: Batch) -> tuple[jax.Array, jax.Array]:
    """The pair of per-example values [batch, ...]: padding, of weight 0, adds nothing."""
    weight = batch.weight.reshape(-1, *(1 for _ in values.shape[1:]))
    return jnp.sum(jnp.where(weight > 0, values, 0) * weight, axis=0), jnp.sum(batch.weight)


def averages(metrics: Metrics) -> dict[str, jax.Array]:
    """Averages of (total, count) pairs; an rmse is the root of one, and an r2 made from three."""
    found = {name: total / count for name, (total, count) in metrics.items()}
    if "rmse" in found:
        found |= {"rmse": jnp.sqrt(found["rmse"]), "r2": explained(*found["r2"])}
    return found


def explained(squares: jax.Array, mean: jax.Array, moment: jax.Array) -> jax.Array:
    """R^2, the mean over the outputs; NaN where the targets of one do not vary.

    Args:
      squares: [outputs], mean squared errors.
      mean, moment: [outputs], mean and mean square of the targets less any one number.
    """
    variance = moment - jnp.square(mean)
    varies = variance > 1e-6 * moment  # and is not what rounding left
    return jnp.mean(jnp.where(varies, 1 - squares / variance, jnp.nan))


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
