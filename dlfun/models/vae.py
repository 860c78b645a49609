"""The variational auto-encoder (Kingma & Welling 2013) with a linear read-out of its mean."""

import math

import jax
from flax import linen as nn
from jax import numpy as jnp

from dlfun import models
from dlfun.layers import Conv, Dropout, Tokens, activation, upsample
from dlfun.types import Rate, Spec, VAEOutputs


def places(spec: Spec) -> tuple[tuple[int, ...], int]:
    """The spatial axes of an example, and how many numbers its likelihood has at each place."""
    if spec.vocabulary or spec.modality in ("vector", "speech"):
        return spec.shape, max(spec.vocabulary, 1)
    return spec.shape[:-1], spec.shape[-1]


class VAE(nn.Module):
    """Encoder and decoder around a Gaussian latent: convolutions, if there are any, then dense.

    Each convolution of the encoder halves the spatial axes; its mirror in the decoder doubles
    them, and convolves. `way` is that of `dlfun.layers.convolve`.
    """

    settings: models.VAE
    spec: Spec
    way: str = "patches"

    def setup(self) -> None:
        """The layers of both halves, and the read-out."""
        s = self.settings
        axes, numbers = places(self.spec)
        sizes = [tuple(-(-n // 2**i) for n in axes) for i in range(len(s.channels) + 1)]
        self.sizes = sizes[::-1]
        widths = (numbers, *s.channels)[::-1]
        self.tokens = Tokens(self.spec.vocabulary, s.embedding)
        self.convolutions = [self.convolution(channels, 2) for channels in s.channels]
        self.encoder = [nn.Dense(w) for w in s.widths]
        self.posterior = nn.Dense(2 * s.latent)
        self.decoder = [nn.Dense(w) for w in reversed(s.widths)]
        self.likelihood = nn.Dense(math.prod(self.sizes[0]) * widths[0])
        self.mirrors = [self.convolution(channels, 1) for channels in widths[1:]]
        self.log_scale = self.param("log_scale", nn.initializers.zeros, ())
        self.readout = nn.Dense(self.spec.outputs)
        self.dropout = Dropout()

    def convolution(self, channels: int, stride: int) -> Conv:
        """A convolution over all spatial axes of an example."""
        axes = len(places(self.spec)[0])
        return Conv(channels, (self.settings.kernel,) * axes, (stride,) * axes, way=self.way)

    def __call__(
        self, inputs: jax.Array, *, train: bool = False, dropout_rate: Rate = None
    ) -> VAEOutputs:
        """One reparameterised sample of the latent for each of inputs [batch, *shape]."""
        rate = dropout_rate if train else None
        mean, log_variance = self.encode(inputs, rate)
        noise = jax.random.normal(self.make_rng("noise"), mean.shape, mean.dtype)
        latent = mean + jnp.exp(0.5 * log_variance) * noise
        decoded, log_scale = self.decode(latent, rate)
        known = jax.lax.stop_gradient(mean)
        read = self.readout(known) if self.spec.outputs else known[:, :0]
        return VAEOutputs(decoded, log_scale, mean, log_variance, read)

    def encode(self, inputs: jax.Array, dropout_rate: Rate = None) -> tuple[jax.Array, jax.Array]:
        """Mean and log variance [batch, latent] of the posterior."""
        hidden = self.tokens(inputs).reshape(inputs.shape[0], *self.sizes[-1], -1)
        hidden = self.hidden(self.convolutions, hidden, dropout_rate)
        hidden = self.hidden(self.encoder, hidden.reshape(inputs.shape[0], -1), dropout_rate)
        mean, log_variance = jnp.split(self.posterior(hidden), 2, axis=-1)
        return mean, log_variance

    def decode(self, latent: jax.Array, dropout_rate: Rate = None) -> tuple[jax.Array, jax.Array]:
        """latent [batch, latent] -> [batch, *shape], and [..., vocabulary] for ids; log scale."""
        act = activation(self.settings.activation)
        decoded = self.likelihood(self.hidden(self.decoder, latent, dropout_rate))
        decoded = decoded.reshape(latent.shape[0], *self.sizes[0], -1)
        for mirror, size in zip(self.mirrors, self.sizes[1:], strict=True):
            decoded = mirror(upsample(self.dropout(act(decoded), dropout_rate), size))
        vocabulary = (self.spec.vocabulary,) if self.spec.vocabulary else ()
        return decoded.reshape(latent.shape[0], *self.spec.shape, *vocabulary), self.log_scale

    def hidden(self, layers: list, hidden: jax.Array, dropout_rate: Rate) -> jax.Array:
        """The hidden layers of one half."""
        act = activation(self.settings.activation)
        for layer in layers:
            hidden = self.dropout(act(layer(hidden)), dropout_rate)
        return hidden
