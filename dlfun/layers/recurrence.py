"""Recurrent layers: Elman, GRU and LSTM, one- or two-directional in a single loop.

The input projection of all time steps is one product before the loop, and both directions run
in the same loop. Parameters have the names and shapes of Flax's cells.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
from flax import linen as nn
from jax import numpy as jnp

from dlfun.layers.activation import activation


class Cell(NamedTuple):
    """A cell's gates in order, which side of each has a bias in stock Flax, and its step.

    step: (x, h, state, activation) -> state, with x and h the contributions of input and
    recurrence [directions, gates, width, batch], state (output, *rest) without the gates' axis.
    """

    gates: tuple[str, ...]
    input_bias: tuple[bool, ...]
    recurrent_bias: tuple[bool, ...]
    states: int
    step: Callable[..., tuple[jax.Array, ...]]


def _elman(x: jax.Array, h: jax.Array, state: tuple, act: Callable) -> tuple[jax.Array, ...]:
    return (act(x[:, 0] + h[:, 0]),)


def _gru(x: jax.Array, h: jax.Array, state: tuple, act: Callable) -> tuple[jax.Array, ...]:
    gates = nn.sigmoid(x[:, :2] + h[:, :2])
    reset, update = gates[:, 0], gates[:, 1]
    new = act(x[:, 2] + reset * h[:, 2])
    return (new + update * (state[0] - new),)


def _lstm(x: jax.Array, h: jax.Array, state: tuple, act: Callable) -> tuple[jax.Array, ...]:
    total = x + h
    gates = nn.sigmoid(total[:, :3])
    memory = gates[:, 1] * state[1] + gates[:, 0] * act(total[:, 3])
    return gates[:, 2] * act(memory), memory


CELLS = {
    "elman": Cell(("",), (True,), (False,), 1, _elman),
    "gru": Cell(("r", "z", "n"), (True,) * 3, (False, False, True), 1, _gru),
    "lstm": Cell(("i", "f", "o", "g"), (False,) * 4, (True,) * 4, 2, _lstm),
}


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
        """Kernels [inputs, gates, width] and [width, gates, width], biases [gates, width]."""
        kind, parts = CELLS[self.cell], []
        for side, size in (("i", inputs), ("h", self.width)):
            biased = kind.input_bias if side == "i" else kind.recurrent_bias
            init = nn.initializers.lecun_normal() if side == "i" else nn.initializers.orthogonal()
            gates = [
                Affine(self.width, bias or self.recurrent_bias, init, name=side + gate)(size)
                for gate, bias in zip(kind.gates, biased, strict=True)
            ]
            kernels, biases = zip(*gates, strict=True)
            parts += [jnp.stack(kernels, axis=1), jnp.stack(biases)]
        return tuple(parts)


class Recurrence(nn.Module):
    """One recurrent layer.

    Attributes:
      cell: elman, gru or lstm, with the formulas of Flax's SimpleCell, GRUCell and LSTMCell.
      width: state size in each direction.
      bidirectional: a second set of weights reads the sequence backwards.
      recurrent_bias: biases on both sides of every gate (PyTorch's form).
      activation: of the candidate state.
    """

    cell: str
    width: int
    bidirectional: bool = False
    recurrent_bias: bool = False
    activation: str = "tanh"

    @nn.compact
    def __call__(self, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        """inputs [batch, time, channels] -> all states [batch, time, directions * width], last.

        The last state [batch, directions * width] of the backward direction is the one it has
        after the first time step of the sequence.
        """
        names = ("forward", "backward") if self.bidirectional else ("forward",)
        weights = [
            CellWeights(self.cell, self.width, self.recurrent_bias, name=name)(inputs.shape[-1])
            for name in names
        ]
        both = [jnp.stack(parts) for parts in zip(*weights, strict=True)]
        states, last = _loop(
            jnp.swapaxes(inputs, 0, 1), both, self.cell, activation(self.activation)
        )
        batch = inputs.shape[0]
        return (
            states.transpose(3, 0, 1, 2).reshape(batch, inputs.shape[1], -1),
            last.transpose(2, 0, 1).reshape(batch, -1),
        )


def _loop(
    inputs: jax.Array, weights: list[jax.Array], cell: str, act: Callable
) -> tuple[jax.Array, jax.Array]:
    """inputs [time, batch, channels] -> states [time, directions, width, batch], last state.

    The batch is the last axis: with narrow cells it is the only long one, and elementwise work
    vectorises along it.
    """
    kernel, bias, recurrent, recurrent_bias = weights
    directions, width, gates, _ = recurrent.shape
    projected = jnp.einsum("tbc,dcgh->tdghb", inputs, kernel) + bias[None, ..., None]
    if directions == 2:
        projected = jnp.concatenate([projected[:, :1], projected[::-1, 1:]], axis=1)
    kind = CELLS[cell]
    matrix = recurrent.reshape(directions, width, gates * width).swapaxes(1, 2)

    def step(state: tuple, x: jax.Array) -> tuple[tuple, jax.Array]:
        h = (matrix @ state[0]).reshape(x.shape) + recurrent_bias[..., None]
        state = kind.step(x, h, state, act)
        return state, state[0]

    start = (jnp.zeros((directions, width, inputs.shape[1]), projected.dtype),) * kind.states
    last, states = jax.lax.scan(step, start, projected)
    if directions == 2:
        states = jnp.concatenate([states[:, :1], states[::-1, 1:]], axis=1)
    return states, last[0]
