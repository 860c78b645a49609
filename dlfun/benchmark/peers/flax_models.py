"""The works in stock Flax layers, their parameters named as dlfun's so that they can be given.

Each takes inputs [batch, *shape] and returns its loss [batch] on the targets.
"""

from __future__ import annotations

from typing import Any

import jax
import optax
from flax import linen as nn
from jax import numpy as jnp

from dlfun.benchmark.works import CLASSES, Work
from dlfun.models import CNN, RNN, VAE

cross_entropy = optax.losses.softmax_cross_entropy_with_integer_labels


class StockDense(nn.Module):
    """Dense layers, ReLU between them; a layer but the first may be added to its input."""

    widths: tuple[int, ...] = ()
    residual: bool = False

    @nn.compact
    def __call__(self, inputs: jax.Array, targets: jax.Array, noise: Any = None) -> jax.Array:
        """Cross entropy [batch]."""
        hidden = inputs.reshape(len(inputs), -1)
        for i, width in enumerate(self.widths):
            new = nn.relu(nn.Dense(width, name=f"hidden_{i}")(hidden))
            hidden = hidden + new if self.residual and i > 0 else new
        return cross_entropy(nn.Dense(CLASSES, name="head")(hidden), targets)


class StockCNN(nn.Module):
    """nn.Conv and nn.max_pool."""

    shape: CNN

    @nn.compact
    def __call__(self, inputs: jax.Array, targets: jax.Array, noise: Any = None) -> jax.Array:
        """Cross entropy [batch]."""
        s, hidden, axes = self.shape, inputs, inputs.ndim - 2
        layers = zip(s.channels, s.kernels, s.strides, s.padding, s.pools, strict=True)
        for i, (channels, kernel, stride, pad, pool) in enumerate(layers):
            conv = nn.Conv(
                channels, (kernel,) * axes, stride, [(pad, pad)] * axes, name=f"conv_{i}"
            )
            hidden = nn.relu(conv(hidden))
            if pool > 1:
                hidden = nn.max_pool(hidden, (pool,) * axes, (pool,) * axes)
        hidden = hidden.reshape(len(hidden), -1)
        for i, width in enumerate(s.dense):
            hidden = nn.relu(nn.Dense(width, name=f"dense_{i}")(hidden))
        return cross_entropy(nn.Dense(CLASSES, name="head")(hidden), targets)


class BiasedGRUCell(nn.RNNCellBase):
    """nn.GRUCell of nn.Dense layers that all have a bias, as PyTorch's and Keras' have."""

    features: int

    @nn.compact
    def __call__(self, state: jax.Array, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        """One time step."""

        def dense(name: str, value: jax.Array) -> jax.Array:
            return nn.Dense(self.features, name=name)(value)

        reset = nn.sigmoid(dense("ir", inputs) + dense("hr", state))
        update = nn.sigmoid(dense("iz", inputs) + dense("hz", state))
        new = nn.tanh(dense("in", inputs) + reset * dense("hn", state))
        state = (1 - update) * new + update * state
        return state, state

    def initialize_carry(self, rng: Any, input_shape: tuple[int, ...]) -> jax.Array:
        """Zeros."""
        return jnp.zeros((*input_shape[:-1], self.features))

    @property
    def num_feature_axes(self) -> int:
        """One."""
        return 1


class StockLayer(nn.Module):
    """nn.RNN over one of Flax's cells, in one direction or two: all states."""

    shape: RNN

    @nn.compact
    def __call__(self, inputs: jax.Array) -> jax.Array:
        """[batch, time, channels] -> [batch, time, directions * width]."""
        kind: Any = {"gru": BiasedGRUCell, "lstm": nn.OptimizedLSTMCell}[self.shape.cell]
        width = self.shape.widths[0]
        states: Any = nn.RNN(kind(width, name="forward"))(inputs)
        if not self.shape.bidirectional:
            return states
        back: Any = nn.RNN(kind(width, name="backward"), reverse=True, keep_order=True)(inputs)
        return jnp.concatenate([states, back], axis=-1)


class StockRNN(nn.Module):
    """A recurrent layer and a head."""

    shape: RNN

    @nn.compact
    def __call__(self, inputs: jax.Array, targets: jax.Array, noise: Any = None) -> jax.Array:
        """Cross entropy [batch]."""
        states = StockLayer(self.shape, name="layer_0")(inputs)
        read = states[:, -1] if self.shape.readout == "last" else states.reshape(len(states), -1)
        return cross_entropy(nn.Dense(CLASSES, name="head")(read), targets)


class StockVAE(nn.Module):
    """Dense encoder, decoder and read-out."""

    shape: VAE

    @nn.compact
    def __call__(self, inputs: jax.Array, targets: jax.Array, noise: jax.Array) -> jax.Array:
        """Negative ELBO and the read-out's cross entropy [batch]."""
        (width,), latent = self.shape.widths, self.shape.latent
        hidden = nn.relu(nn.Dense(width, name="encoder_0")(inputs))
        both = nn.Dense(2 * latent, name="posterior")(hidden)
        mean, log_variance = both[:, :latent], both[:, latent:]
        drawn = mean + jnp.exp(log_variance / 2) * noise
        hidden = nn.relu(nn.Dense(width, name="decoder_0")(drawn))
        logits = nn.Dense(inputs.shape[-1], name="likelihood")(hidden)
        self.param("log_scale", nn.initializers.zeros, ())  # for other likelihoods only
        wrong = jnp.sum(optax.losses.sigmoid_binary_cross_entropy(logits, inputs), axis=-1)
        kl = jnp.sum(jnp.exp(log_variance) + mean**2 - 1 - log_variance, axis=-1) / 2
        read = nn.Dense(CLASSES, name="readout")(jax.lax.stop_gradient(mean))
        return wrong + kl + cross_entropy(read, targets)


def stock_model(work: Work) -> nn.Module:
    """The module of a work that learns by gradient."""
    made = {"cnn": StockCNN, "rnn": StockRNN, "vae": StockVAE}
    if work.model in made:
        return made[work.model](work.shape)
    return StockDense(getattr(work.shape, "widths", ()), getattr(work.shape, "residual", False))
