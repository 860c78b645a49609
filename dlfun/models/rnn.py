"""The recurrent network: Elman (1990), LSTM (Hochreiter & Schmidhuber 1997), GRU (Cho 2014)."""

import jax
from flax import linen as nn

from dlfun import models
from dlfun.layers import Dropout, Recurrence
from dlfun.types import Rate, Spec


class RNN(nn.Module):
    """Recurrent layers over the first axis, and a linear head on all states or the last.

    `way` is that of `dlfun.layers.Recurrence`.
    """

    settings: models.RNN
    spec: Spec
    way: str = "fused"

    @nn.compact
    def __call__(
        self, inputs: jax.Array, *, train: bool = False, dropout_rate: Rate = None
    ) -> jax.Array:
        """inputs [batch, time, ...], or [batch, features] of vectors -> [batch, outputs].

        What lies behind the time axis is read at once: the rows of an image, a video's frames.
        """
        s = self.settings
        states = inputs.reshape(*inputs.shape[:2], -1)
        for i, width in enumerate(s.widths):
            layer = Recurrence(
                s.cell, width, s.bidirectional, s.recurrent_bias, s.activation, self.way
            )
            states, last = layer.copy(name=f"layer_{i}")(states)
            states = Dropout()(states, dropout_rate if train else None)
        if s.readout == "last":
            read = Dropout()(last, dropout_rate if train else None)
        else:
            read = states.reshape(states.shape[0], -1)
        return nn.Dense(self.spec.outputs, name="head")(read)
