"""Language modelling and sequence labelling: the likelihood of what is wanted at each step."""

import jax
import optax
from jax import numpy as jnp

from dlfun.types import Batch, HParams, Metrics, Objective, Spec


def next_token(spec: Spec) -> Objective:
    """Nats per step of next tokens or labels under softmax(logits); training smooths the labels.

    Targets of -1 are padding and weigh nothing. An example's loss is the sum over its tokens by
    the length of the window, so that the mean over whole windows is that over tokens.
    """

    def each(logits: jax.Array, batch: Batch, smoothing: jax.Array | float) -> jax.Array:
        real = batch.targets >= 0
        targets = jnp.where(real, batch.targets, 0)
        hard = optax.losses.softmax_cross_entropy_with_integer_labels(logits, targets)
        uniform = jax.nn.logsumexp(logits, axis=-1) - jnp.mean(logits, axis=-1)
        return jnp.where(real, hard + smoothing * (uniform - hard), 0)

    def loss(logits: jax.Array, batch: Batch, hparams: HParams) -> jax.Array:
        return jnp.mean(each(logits, batch, hparams.label_smoothing), axis=-1)

    def metrics(logits: jax.Array, batch: Batch, hparams: HParams) -> Metrics:
        real = (batch.targets >= 0) & (batch.weight > 0)[:, None]
        count = jnp.sum(real * batch.weight[:, None])

        def over_tokens(values: jax.Array) -> tuple[jax.Array, jax.Array]:
            return jnp.sum(jnp.where(real, values, 0) * batch.weight[:, None]), count

        nats = over_tokens(each(logits, batch, 0.0))
        return {
            "loss": nats,
            "nats": nats,
            "token_accuracy": over_tokens(jnp.argmax(logits, axis=-1) == batch.targets),
        }

    return Objective(loss, metrics)
