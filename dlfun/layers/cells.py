"""Recurrent cells: a time step and its derivative, gate by gate (Elman 1990; GRU; LSTM)."""

from collections.abc import Callable
from typing import NamedTuple

import jax
from flax import linen as nn
from jax import numpy as jnp

Gates = tuple[jax.Array, ...]


class Cell(NamedTuple):
    """A cell's gates in order, which side of each has a bias in stock Flax, and its step.

    words: what the gates are called, where there are several.
    open: (x, h) -> the value of each gate, and of the last, the candidate, what its activation
    takes.
    step: (x, h, state, activation) -> (state, factors), with x and h the contributions of input
    and recurrence to each gate, state (output, *rest).
    back: (factors, gradient of the state after) -> (flows, gradient of the state before without
    what went through h). Of the flows those at the places `to_x` and `to_h` are the gradients of
    x and h. Of an `additive` cell only x + h matters: `open` and `step` find it in h.
    """

    gates: tuple[str, ...]
    words: tuple[str, ...]
    input_bias: tuple[bool, ...]
    recurrent_bias: tuple[bool, ...]
    states: int
    to_x: tuple[int, ...]
    to_h: tuple[int, ...]
    open: Callable[[Gates, Gates], Gates]
    step: Callable[..., tuple[Gates, Gates]]
    back: Callable[[Gates, Gates], tuple[Gates, Gates]]

    @property
    def additive(self) -> bool:
        """Whether only the sum of both sides of a gate matters."""
        return self.to_x == self.to_h


def _with_slope(act: Callable, value: jax.Array) -> tuple[jax.Array, jax.Array]:
    """An activation and its derivative there."""
    return jax.jvp(act, (value,), (jnp.ones_like(value),))


def _elman_open(x: Gates, h: Gates) -> Gates:
    return (h[0],)


def _elman(x: Gates, h: Gates, state: Gates, act: Callable) -> tuple[Gates, Gates]:
    new, slope = _with_slope(act, h[0])
    return (new,), (slope,)


def _elman_back(factors: Gates, after: Gates) -> tuple[Gates, Gates]:
    return (after[0] * factors[0],), (jnp.zeros_like(after[0]),)


def _gru_open(x: Gates, h: Gates) -> Gates:
    reset, update = (nn.sigmoid(x[i] + h[i]) for i in (0, 1))
    return reset, update, x[2] + reset * h[2]


def _gru(x: Gates, h: Gates, state: Gates, act: Callable) -> tuple[Gates, Gates]:
    reset, update, candidate = _gru_open(x, h)
    new, slope = _with_slope(act, candidate)
    of_new = (1 - update) * slope
    of_reset = of_new * h[2] * reset * (1 - reset)
    of_update = (state[0] - new) * update * (1 - update)
    factors = of_reset, of_update, of_new, of_new * reset, update
    return (new + update * (state[0] - new),), factors


def _gru_back(factors: Gates, after: Gates) -> tuple[Gates, Gates]:
    reset, update, new, recurrent, kept = (after[0] * factor for factor in factors)
    return (reset, update, new, recurrent), (kept,)


def _lstm_open(x: Gates, h: Gates) -> Gates:
    write, forget, read = (nn.sigmoid(h[i]) for i in (0, 1, 2))
    return write, forget, read, h[3]


def _lstm(x: Gates, h: Gates, state: Gates, act: Callable) -> tuple[Gates, Gates]:
    write, forget, read, candidate = _lstm_open(x, h)
    new, slope = _with_slope(act, candidate)
    memory = forget * state[1] + write * new
    seen, seen_slope = _with_slope(act, memory)
    factors = (
        new * write * (1 - write),
        state[1] * forget * (1 - forget),
        seen * read * (1 - read),
        write * slope,
        read * seen_slope,
        forget,
    )
    return (read * seen, memory), factors


def _lstm_back(factors: Gates, after: Gates) -> tuple[Gates, Gates]:
    write, forget, read, new, seen, kept = factors
    memory = after[1] + after[0] * seen
    flows = memory * write, memory * forget, after[0] * read, memory * new
    return flows, (jnp.zeros_like(memory), memory * kept)


CELLS = {
    "elman": Cell(("",), (), (True,), (False,), 1, (0,), (0,), _elman_open, _elman, _elman_back),
    "gru": Cell(
        gates=("r", "z", "n"),
        words=("reset", "update", "candidate"),
        input_bias=(True, True, True),
        recurrent_bias=(False, False, True),
        states=1,
        to_x=(0, 1, 2),
        to_h=(0, 1, 3),
        open=_gru_open,
        step=_gru,
        back=_gru_back,
    ),
    "lstm": Cell(
        gates=("i", "f", "o", "g"),
        words=("input", "forget", "output", "candidate"),
        input_bias=(False,) * 4,
        recurrent_bias=(True,) * 4,
        states=2,
        to_x=(0, 1, 2, 3),
        to_h=(0, 1, 2, 3),
        open=_lstm_open,
        step=_lstm,
        back=_lstm_back,
    ),
}
