"""Classification by maximum likelihood."""

import jax
import optax
from jax import numpy as jnp

from dlfun.objectives.reduction import accuracy, likeliest, weighted
from dlfun.types import Batch, HParams, Metrics, Objective, Spec


def cross_entropy(spec: Spec) -> Objective:
    """Nats per example between labels and softmax(logits); training smooths the labels."""

    def nats(logits: jax.Array, batch: Batch) -> jax.Array:
        return optax.losses.softmax_cross_entropy_with_integer_labels(logits, batch.targets)

    def loss(logits: jax.Array, batch: Batch, hparams: HParams) -> jax.Array:
        hard = nats(logits, batch)
        uniform = jax.nn.logsumexp(logits, axis=-1) - jnp.mean(logits, axis=-1)
        return hard + hparams.label_smoothing * (uniform - hard)

    def metrics(logits: jax.Array, batch: Batch, hparams: HParams) -> Metrics:
        return {
            "loss": weighted(nats(logits, batch), batch),
            "accuracy": accuracy(logits, batch),
        }

    return Objective(loss, metrics, likeliest)
