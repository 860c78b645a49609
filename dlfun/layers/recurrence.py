"""Recurrent layers: Elman, GRU and LSTM, one- or two-directional in a single loop.

The input projection of all time steps is one product before the loop, and both directions run
in the same loop. Parameters have the names and shapes of Flax's cells.
"""

from collections.abc import Callable

import jax
from flax import linen as nn
from jax import numpy as jnp

from dlfun.layers.activation import activation
from dlfun.layers.arguments import array_of, check_shape, name_of, numbers, whole
from dlfun.layers.cells import CELLS
from dlfun.layers.orthogonal import orthogonal
from dlfun.layers.time_loop import FORMS, Loop, Weights, recur, reverse
from dlfun.types import RECURRENCES


class Affine(nn.Module):
    """The kernel [inputs, features] and bias [features] of one gate; zeros where it has no bias."""

    features: int
    use_bias: bool
    kernel_init: Callable

    @nn.compact
    def __call__(self, inputs: int) -> tuple[jax.Array, jax.Array]:
        """Both parameters for this number of inputs."""
        kernel = self.param("kernel", self.kernel_init, (inputs, self.features))
        if self.use_bias:
            return kernel, self.param("bias", nn.initializers.zeros, (self.features,))
        return kernel, jnp.zeros(self.features, kernel.dtype)


class CellWeights(nn.Module):
    """All weights of one cell in one direction, named as in Flax's cell of that kind."""

    cell: str
    width: int
    recurrent_bias: bool

    @nn.compact
    def __call__(self, inputs: int) -> tuple[jax.Array, ...]:
        """Those of `Weights`, without an axis of directions."""
        kind, parts = CELLS[self.cell], []
        for side, size in (("i", inputs), ("h", self.width)):
            biased = kind.input_bias if side == "i" else kind.recurrent_bias
            init = nn.initializers.lecun_normal() if side == "i" else orthogonal
            gates = [
                Affine(self.width, bias or self.recurrent_bias, init, name=side + gate)(size)
                for gate, bias in zip(kind.gates, biased, strict=True)
            ]
            kernels, biases = zip(*gates, strict=True)
            parts += [jnp.stack(kernels, axis=1), jnp.stack(biases)]
        return tuple(parts)


def gates(
    cell: str, act: str, inputs: jax.Array, weights: tuple[jax.Array, ...], states: jax.Array
) -> jax.Array:
    """The gates of one direction at every step of a sequence whose states are known.

    They follow from the inputs and the state before, so that no loop is needed.

    Args:
      cell, act: names of the cell and of the activation of its candidate.
      inputs: [batch, time, channels], in the direction's own order of time.
      weights: as `CellWeights` gives them.
      states: [batch, time, width], the outputs of the cell after each step.

    Returns:
      [gates, batch, time, width] in the order of the cell's `gates`; the last is the candidate.
    """
    kernel, bias, recurrent_kernel, recurrent_bias = weights
    before = jnp.pad(states, ((0, 0), (1, 0), (0, 0)))[:, :-1]
    x = jnp.einsum("btc,cgh->gbth", inputs, kernel) + bias[:, None, None]
    h = jnp.einsum("btk,kgh->gbth", before, recurrent_kernel) + recurrent_bias[:, None, None]
    kind = CELLS[cell]
    *opened, candidate = kind.open(tuple(x), tuple(x + h if kind.additive else h))
    return jnp.stack([*opened, activation(act)(candidate)])


def in_own_order(mask: jax.Array, bidirectional: bool) -> jax.Array:
    """A mask [time, 1, ...] for each direction, in its own order of time."""
    both = jnp.broadcast_to(mask, (len(mask), 1 + bidirectional, *mask.shape[2:]))
    return reverse(both, bidirectional)


class Recurrence(nn.Module):
    """One recurrent layer.

    Attributes:
      cell: elman, gru or lstm, with the formulas of Flax's SimpleCell, GRUCell and LSTMCell.
      width: state size in each direction.
      bidirectional: a second set of weights reads the sequence backwards.
      recurrent_bias: biases on both sides of every gate (PyTorch's form).
      activation: of the candidate state.
      way: one of `dlfun.types.RECURRENCES`.
    """

    cell: str
    width: int
    bidirectional: bool = False
    recurrent_bias: bool = False
    activation: str = "tanh"
    way: str = "fused"

    @nn.compact
    def __call__(
        self,
        inputs: jax.Array,
        lengths: jax.Array | None = None,
        start: jax.Array | None = None,
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """inputs [batch, time, channels] -> outputs, last output, and the state to go on from.

        `lengths` [batch]: steps of each sequence, at least 1; what lies behind is padding, which
        changes no state, and the outputs there are 0. Outputs are [batch, time, directions *
        width]; the last [batch, directions * width] is that of the sequence's last step, in the
        backward direction that of its first. The state [batch, directions, parts, width] holds
        all parts of a cell's state (an LSTM has two); `start` is one from before the first step.

        Raises:
          ArgumentError: if a name is unknown, or the axes of the arrays do not go together.
        """
        inputs, lengths, start = self.checked(inputs, lengths, start)
        names = ("forward", "backward") if self.bidirectional else ("forward",)
        weights = [
            CellWeights(self.cell, self.width, self.recurrent_bias, name=name)(inputs.shape[-1])
            for name in names
        ]
        if not jnp.issubdtype(inputs.dtype, jnp.inexact):
            inputs = inputs.astype(weights[0][0].dtype)
        form = FORMS[self.way]
        (batch, time, _), width = inputs.shape, len(names) * self.width
        mask = None
        if lengths is not None:
            mask = form.wide(jnp.arange(time)[:, None, None] < lengths[None, None])
        states, end = recur(
            Loop(self.cell, self.activation, self.way),
            jnp.swapaxes(inputs, 0, 1),
            Weights(*(jnp.stack(parts) for parts in zip(*weights, strict=True))),
            None if mask is None else in_own_order(mask, self.bidirectional),
            None if start is None else tuple(jnp.einsum(form.start, start)),
        )
        states = reverse(states, self.bidirectional)
        if mask is not None:
            states = jnp.where(mask, states, 0)
        return (
            jnp.einsum(form.states, states).reshape(batch, time, width),
            jnp.einsum(form.last, end[0]).reshape(batch, width),
            jnp.stack([jnp.einsum(form.last, part) for part in end], axis=2),
        )

    def checked(
        self, inputs: jax.Array, lengths: jax.Array | None, start: jax.Array | None
    ) -> tuple[jax.Array, jax.Array | None, jax.Array | None]:
        """The arguments as arrays, if they go together."""
        name_of("cell", self.cell, CELLS)
        name_of("recurrence", self.way, RECURRENCES)
        activation(self.activation)
        width = whole("width", self.width)
        inputs = numbers(inputs, "[batch, time, channels]", 3)
        batch, directions = inputs.shape[0], 1 + self.bidirectional
        if lengths is not None:
            lengths = array_of("lengths", lengths, "[batch]", whole=True)
            check_shape("lengths", lengths, (batch,))
        if start is not None:
            start = array_of("start", start, "[batch, directions, parts, width]")
            check_shape("start", start, (batch, directions, CELLS[self.cell].states, width))
        return inputs, lengths, start
