"""The recurrent network: Elman (1990), LSTM (Hochreiter & Schmidhuber 1997), GRU (Cho 2014)."""

import jax
from flax import linen as nn
from jax import numpy as jnp

from dlfun import models
from dlfun.layers import Dropout, Recurrence, Tokens
from dlfun.types import EACH_STEP, Rate, Spec


class RNN(nn.Module):
    """Recurrent layers over the first axis, and a linear head on all states or the last.

    Of a text whose next tokens are wanted, the head reads every state, and in training each
    layer goes on from the state in which the batch before left it: the collection `carried`
    (back-propagation through time, truncated to a batch). `way` is that of
    `dlfun.layers.Recurrence`.
    """

    settings: models.RNN
    spec: Spec
    way: str = "fused"

    @nn.compact
    def __call__(
        self,
        inputs: jax.Array,
        *,
        train: bool = False,
        dropout_rate: Rate = None,
        lengths: jax.Array | None = None,
    ) -> jax.Array:
        """inputs [batch, time, ...], or [batch, features] of vectors -> [batch, outputs].

        What lies behind the time axis is read at once: the rows of an image, a video's frames.
        Next tokens and labels of each step are [batch, time, outputs].
        """
        s, rate = self.settings, dropout_rate if train else None
        inputs = Tokens(self.spec.vocabulary, s.embedding, name="embedding")(inputs)
        states = inputs.reshape(*inputs.shape[:2], -1)
        for i in range(len(s.widths)):
            states, last = self.layer(i, states, train, lengths)
            states = Dropout()(states, rate)
        if self.spec.task in EACH_STEP:
            return nn.Dense(self.spec.outputs, name="head")(states)
        if s.readout == "last":
            return nn.Dense(self.spec.outputs, name="head")(Dropout()(last, rate))
        return nn.Dense(self.spec.outputs, name="head")(states.reshape(states.shape[0], -1))

    def layer(
        self, i: int, inputs: jax.Array, train: bool, lengths: jax.Array | None
    ) -> tuple[jax.Array, jax.Array]:
        """All outputs of a recurrent layer, and the last."""
        s, name = self.settings, f"layer_{i}"
        layer = Recurrence(
            s.cell,
            s.widths[i],
            s.bidirectional,
            s.recurrent_bias,
            s.activation,
            self.way,
            name=name,
        )
        if self.spec.task != "next_token" or not (train or self.is_initializing()):
            return layer(inputs, lengths)[:2]
        parts = 2 if s.cell == "lstm" else 1
        shape = (inputs.shape[0], 1, parts, s.widths[i])
        carried = self.variable("carried", f"state_{i}", jnp.zeros, shape, inputs.dtype)
        # It is stored in another precision than the layer may compute in.
        states, last, state = layer(inputs, lengths, carried.value.astype(inputs.dtype))
        if not self.is_initializing():
            carried.value = jax.lax.stop_gradient(state)
        return states, last
