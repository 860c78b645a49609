"""The variational auto-encoder (Kingma & Welling 2013) with a linear read-out of its mean."""

import math
from typing import NamedTuple

import jax
from flax import linen as nn
from jax import numpy as jnp

from dlfun import models
from dlfun.layers import Dropout, Tokens, activation
from dlfun.types import Rate, Spec


class VAEOutputs(NamedTuple):
    """What a VAE says of a batch.

    Attributes:
      decoded: [batch, *shape]: logits (bernoulli, categorical) or means (gaussian).
      log_scale: [], log standard deviation of a gaussian likelihood, shared by all values.
      mean, log_variance: [batch, latent] of the approximate posterior.
      readout: [batch, outputs], linear in the mean, which it cannot change.
    """

    decoded: jax.Array
    log_scale: jax.Array
    mean: jax.Array
    log_variance: jax.Array
    readout: jax.Array


class VAE(nn.Module):
    """Dense encoder and decoder around a Gaussian latent."""

    settings: models.VAE
    spec: Spec

    def setup(self) -> None:
        """The layers of both halves, and the read-out."""
        s = self.settings
        self.tokens = Tokens(self.spec.vocabulary, s.embedding)
        self.encoder = [nn.Dense(w) for w in s.widths]
        self.posterior = nn.Dense(2 * s.latent)
        self.decoder = [nn.Dense(w) for w in reversed(s.widths)]
        self.likelihood = nn.Dense(math.prod(self.spec.shape) * max(self.spec.vocabulary, 1))
        self.log_scale = self.param("log_scale", nn.initializers.zeros, ())
        self.readout = nn.Dense(self.spec.outputs)
        self.dropout = Dropout()

    def __call__(
        self, inputs: jax.Array, *, train: bool = False, dropout_rate: Rate = None
    ) -> VAEOutputs:
        """One reparameterised sample of the latent for each of inputs [batch, *shape]."""
        rate = dropout_rate if train else None
        mean, log_variance = self.encode(inputs, rate)
        noise = jax.random.normal(self.make_rng("noise"), mean.shape, mean.dtype)
        latent = mean + jnp.exp(0.5 * log_variance) * noise
        decoded = self.decode(latent, rate)
        known = jax.lax.stop_gradient(mean)
        read = self.readout(known) if self.spec.outputs else known[:, :0]
        return VAEOutputs(decoded, self.log_scale, mean, log_variance, read)

    def encode(self, inputs: jax.Array, dropout_rate: Rate = None) -> tuple[jax.Array, jax.Array]:
        """Mean and log variance [batch, latent] of the posterior."""
        flat = self.tokens(inputs).reshape(inputs.shape[0], -1)
        hidden = self.hidden(self.encoder, flat, dropout_rate)
        mean, log_variance = jnp.split(self.posterior(hidden), 2, axis=-1)
        return mean, log_variance

    def decode(self, latent: jax.Array, dropout_rate: Rate = None) -> jax.Array:
        """latent [batch, latent] -> [batch, *shape], and [..., vocabulary] for ids."""
        decoded = self.likelihood(self.hidden(self.decoder, latent, dropout_rate))
        vocabulary = (self.spec.vocabulary,) if self.spec.vocabulary else ()
        return decoded.reshape(latent.shape[0], *self.spec.shape, *vocabulary)

    def hidden(self, layers: list[nn.Dense], hidden: jax.Array, dropout_rate: Rate) -> jax.Array:
        """The hidden layers of one half."""
        act = activation(self.settings.activation)
        for layer in layers:
            hidden = self.dropout(act(layer(hidden)), dropout_rate)
        return hidden
