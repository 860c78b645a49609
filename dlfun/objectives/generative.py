"""The examination of a trained VAE on the test split: likelihood, and active units."""

import functools
import math
from collections.abc import Callable

import jax
from jax import numpy as jnp

from dlfun.objectives.elbo import gaussian, log_likelihood
from dlfun.objectives.reduction import weighted
from dlfun.types import Array, Batch, Examination, Metrics

ACTIVE = 0.01
"""A latent dimension is active if its posterior mean varies more than this over the examples."""


def examination(likelihood: str, samples: int) -> Examination:
    """Active units, and if there are `samples` the log-likelihood by importance sampling.

    Both as Burda, Grosse & Salakhutdinov (2016) define them.
    """
    return Examination(functools.partial(measure, likelihood, samples), conclude)


def measure(
    likelihood: str,
    samples: int,
    call: Callable[..., tuple[Array, Array]],
    batch: Batch,
    key: Array,
) -> Metrics:
    """Moments of the posterior means, and nats per example of the likelihood estimate."""
    mean, log_variance = call(batch.inputs, method="encode")
    found = {"mean": over_examples(mean, batch), "square": over_examples(mean**2, batch)}
    if not samples:
        return found

    def weight(key: Array) -> Array:
        noise = jax.random.normal(key, mean.shape, mean.dtype)
        latent = mean + jnp.exp(0.5 * log_variance) * noise
        decoded, log_scale = call(latent, method="decode")
        prior = gaussian(jnp.zeros_like(latent), latent, jnp.zeros((), mean.dtype))
        posterior = gaussian(mean, latent, 0.5 * log_variance)
        joint = log_likelihood(likelihood, decoded, log_scale, batch)
        return joint + jnp.sum(prior - posterior, axis=-1)

    # One sample of all examples at a time: what is decoded need not be in memory twice.
    weights = jax.lax.map(weight, jax.random.split(key, samples))
    estimate = jax.nn.logsumexp(weights, axis=0) - math.log(samples)
    return found | {"log_likelihood": weighted(estimate, batch)}


def over_examples(values: Array, batch: Batch) -> tuple[Array, Array]:
    """The pair of values [batch, units], unit by unit."""
    return jax.vmap(lambda column: weighted(column, batch), in_axes=1)(values)


def conclude(averages: dict[str, Array]) -> dict[str, Array]:
    """The number of active units, in place of the moments [units] it comes from."""
    mean, square = averages["mean"], averages["square"]
    rest = {name: value for name, value in averages.items() if name not in ("mean", "square")}
    active = jnp.sum(square - mean**2 > ACTIVE).astype(mean.dtype)
    return {**rest, "active_units": active}
