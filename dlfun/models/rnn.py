"""The recurrent network: Elman (1990), LSTM (Hochreiter & Schmidhuber 1997), GRU (Cho 2014)."""

from typing import Any

import jax
from flax import linen as nn
from jax import numpy as jnp

from dlfun import models
from dlfun.layers import Dropout, Recurrence, Tokens, live
from dlfun.layers.cells import CELLS
from dlfun.objectives.tasks import task_of
from dlfun.types import Rate, Spec


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
        states: Any = inputs.reshape(*inputs.shape[:2], -1)
        last: Any = None
        depth: Any = self.get_variable(live.COLLECTION, "depth")
        for i in range(len(s.widths)):
            new, new_last = self.layer(i, states, train, lengths)
            new = Dropout()(new, rate)
            states, last = live.passed(i, depth, (new, new_last), (states, last))
        if task_of(self.spec).each_step:
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
        if not task_of(self.spec).stream or not (train or self.is_initializing()):
            return layer(inputs, lengths)[:2]
        parts = 2 if s.cell == "lstm" else 1
        shape = (inputs.shape[0], 1, parts, s.widths[i])
        carried = self.variable("carried", f"state_{i}", jnp.zeros, shape, inputs.dtype)
        # It is stored in another precision than the layer may compute in.
        states, last, state = layer(inputs, lengths, carried.value.astype(inputs.dtype))
        if not self.is_initializing():
            carried.value = jax.lax.stop_gradient(state)
        return states, last


def live_parts(settings: models.RNN, spec: Spec, width: Any, depth: Any) -> live.Parts:
    """What is live of a network of at most `width` units in a layer, and `depth` layers."""
    directions = ("forward", "backward")[: 1 + settings.bidirectional]
    time = spec.shape[0]
    parts: dict[str, live.Part] = {}
    before = None
    for i, count in enumerate(settings.widths):
        own = live.units(count, width)
        alive = own & live.is_live(i, depth)
        for name in (f"layer_{i}/{direction}" for direction in directions):
            for gate in CELLS[settings.cell].gates:
                parts[f"{name}/i{gate}"] = live.Part(before, alive, time)
                parts[f"{name}/h{gate}"] = live.Part(alive, alive, time, orthogonal=True)
        before = own
    reads = time if task_of(spec).each_step else 1
    return parts | {"head": live.Part(before, None, reads)}
