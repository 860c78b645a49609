"""Classification by maximum likelihood."""

import jax
import optax
from jax import numpy as jnp

from dlfun.objectives.metrics import accuracy, likeliest, weighted
from dlfun.types import Batch, HParams, Metrics, Objective, Spec


def cross_entropy(spec: Spec) -> Objective:
    """Nats per example between labels, smoothed by `label_smoothing`, and softmax(logits)."""

    def loss(logits: jax.Array, batch: Batch, hparams: HParams) -> jax.Array:
        hard = optax.losses.softmax_cross_entropy_with_integer_labels(logits, batch.targets)
        uniform = jax.nn.logsumexp(logits, axis=-1) - jnp.mean(logits, axis=-1)
        return hard + hparams.label_smoothing * (uniform - hard)

    def metrics(logits: jax.Array, batch: Batch, hparams: HParams) -> Metrics:
        return {
            "loss": weighted(loss(logits, batch, hparams), batch),
            "accuracy": accuracy(logits, batch),
        }

    return Objective(loss, metrics, likeliest)
