"""The evidence lower bound of a VAE, beside the objective of its read-out."""

import math
from collections.abc import Callable

import jax
import optax
from jax import numpy as jnp

from dlfun.objectives.reduction import weighted
from dlfun.objectives.squared_error import standard_of
from dlfun.types import Batch, HParams, Metrics, Objective, Predictions, VAEOutputs


def bernoulli(logits: jax.Array, values: jax.Array, log_scale: jax.Array) -> jax.Array:
    """log p of values in [0, 1], stable for logits of any size; same shape as both."""
    return values * logits - jax.nn.softplus(logits)


def gaussian(mean: jax.Array, values: jax.Array, log_scale: jax.Array) -> jax.Array:
    """log density of values under N(mean, exp(log_scale)^2); same shape as both."""
    z = (values - mean) * jnp.exp(-log_scale)
    return -0.5 * (jnp.square(z) + math.log(2 * math.pi)) - log_scale


def categorical(logits: jax.Array, ids: jax.Array, log_scale: jax.Array) -> jax.Array:
    """log p of ids [...] under softmax(logits [..., vocabulary]); shaped as the ids."""
    return -optax.losses.softmax_cross_entropy_with_integer_labels(logits, ids)


LIKELIHOODS: dict[str, Callable[..., jax.Array]] = {
    "bernoulli": bernoulli,
    "gaussian": gaussian,
    "categorical": categorical,
}


def log_likelihood(
    likelihood: str, decoded: jax.Array, log_scale: jax.Array, batch: Batch
) -> jax.Array:
    """log p(inputs | latent) [batch] in nats; what lies behind the end of an example counts not.

    Args:
      decoded: [batch, *shape], as `VAEOutputs` describes it.
    """
    each = LIKELIHOODS[likelihood](decoded, batch.inputs, log_scale)
    if batch.lengths is not None:
        real = jnp.arange(each.shape[1])[None] < batch.lengths[:, None]
        each = jnp.where(real.reshape(*real.shape, *(1 for _ in each.shape[2:])), each, 0)
    return jnp.sum(each.reshape(each.shape[0], -1), axis=-1)


def kl_divergence(mean: jax.Array, log_variance: jax.Array) -> jax.Array:
    """KL(N(mean, exp(log_variance)) || N(0, 1)) in nats, summed over the last axis.

    Kingma & Welling (2013), appendix B.
    """
    terms = jnp.exp(log_variance) + jnp.square(mean) - 1.0 - log_variance
    return 0.5 * jnp.sum(terms, axis=-1)


def elbo(likelihood: str, readout: Objective) -> Objective:
    """-ELBO per example, plus the read-out's own loss; training weighs the KL by `kl_weight`.

    Metrics are of the bound itself: in nats per example, with the KL at weight 1 and one sample
    of the latent. Where the read-out's targets are standardised, nats are added to the squared
    error of standardised numbers, whatever their unit; `readout_loss` is in the user's unit.
    """

    def parts(outputs: VAEOutputs, batch: Batch) -> tuple[jax.Array, jax.Array]:
        reconstruction = log_likelihood(likelihood, outputs.decoded, outputs.log_scale, batch)
        return reconstruction, kl_divergence(outputs.mean, outputs.log_variance)

    def loss(outputs: VAEOutputs, batch: Batch, hparams: HParams) -> jax.Array:
        reconstruction, kl = parts(outputs, batch)
        bound = reconstruction - hparams.kl_weight * kl
        return readout.loss(outputs.readout, batch, hparams) - bound

    def metrics(outputs: VAEOutputs, batch: Batch, hparams: HParams) -> Metrics:
        reconstruction, kl = parts(outputs, batch)
        bound = weighted(reconstruction - kl, batch)
        theirs = readout.metrics(outputs.readout, batch, hparams)
        read, count = theirs["loss"]
        if standard_of(batch) is not None:
            read, count = weighted(readout.loss(outputs.readout, batch, hparams), batch)
        return theirs | {
            "readout_loss": theirs["loss"],
            "loss": (read - bound[0], count),
            "elbo": bound,
            "reconstruction": weighted(reconstruction, batch),
            "kl": weighted(kl, batch),
        }

    def predictions(outputs: VAEOutputs) -> Predictions:
        return readout.predictions(outputs.readout)

    return Objective(loss, metrics, predictions)
