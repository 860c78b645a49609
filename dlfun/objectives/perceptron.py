"""The perceptron criterion."""

import jax
from jax import numpy as jnp

from dlfun.objectives.reduction import accuracy, largest, weighted
from dlfun.types import Batch, HParams, Metrics, Objective, Spec


def perceptron(spec: Spec) -> Objective:
    """How far the best wrong class scores above the right one; 0 where the answer is right."""

    def loss(scores: jax.Array, batch: Batch, hparams: HParams) -> jax.Array:
        wanted = jax.nn.one_hot(batch.targets, spec.outputs, dtype=bool)
        rival = jnp.max(jnp.where(wanted, -jnp.inf, scores), axis=-1)
        right = jnp.max(jnp.where(wanted, scores, -jnp.inf), axis=-1)
        return jax.nn.relu(rival - right)

    def metrics(scores: jax.Array, batch: Batch, hparams: HParams) -> Metrics:
        return {
            "loss": weighted(loss(scores, batch, hparams), batch),
            "accuracy": accuracy(scores, batch),
        }

    return Objective(loss, metrics, largest)
