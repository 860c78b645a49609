"""The loop over time of recurrent layers, computed in one of two ways.

fused: the batch is the last axis and the gradient is JAX's own. For narrow cells, whose cost is
the number of operations. Has forward-mode derivatives.
hoisted: the recurrent weights' gradient is one product after the loop in the place of one a time
step. For wide cells.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
from flax import linen as nn
from jax import numpy as jnp

from dlfun.layers.activation import activation

FORWARD_MODE = "the hoisted recurrence has no forward-mode derivative; use way='fused'"


class Cell(NamedTuple):
    """A cell's gates in order, which side of each has a bias in stock Flax, and its step.

    step: (x, h, state, activation) -> state, with x and h the contributions of input and
    recurrence to each gate, state (output, *rest). Of an `additive` cell only their sum matters,
    which stands in both places.
    """

    gates: tuple[str, ...]
    input_bias: tuple[bool, ...]
    recurrent_bias: tuple[bool, ...]
    states: int
    additive: bool
    step: Callable[..., tuple[jax.Array, ...]]


Gates = tuple[jax.Array, ...]


def _elman(x: Gates, h: Gates, state: Gates, act: Callable) -> Gates:
    return (act(x[0]),)


def _gru(x: Gates, h: Gates, state: Gates, act: Callable) -> Gates:
    reset, update = (nn.sigmoid(x[i] + h[i]) for i in (0, 1))
    new = act(x[2] + reset * h[2])
    return (new + update * (state[0] - new),)


def _lstm(x: Gates, h: Gates, state: Gates, act: Callable) -> Gates:
    write, forget, read = (nn.sigmoid(x[i]) for i in (0, 1, 2))
    memory = forget * state[1] + write * act(x[3])
    return read * act(memory), memory


CELLS = {
    "elman": Cell(("",), (True,), (False,), 1, True, _elman),
    "gru": Cell(("r", "z", "n"), (True,) * 3, (False, False, True), 1, False, _gru),
    "lstm": Cell(("i", "f", "o", "g"), (False,) * 4, (True,) * 4, 2, True, _lstm),
}


class Form(NamedTuple):
    """Where the axes of the loop lie: time, directions, gates, batch b, width h (k before it).

    Attributes:
      project: equation of the input projection, all time steps at once.
      turn: the recurrent weights [d, k, gates, h] as the loop multiplies them.
      recur: equation of the product of these with a state.
      gate: axis of the gates without time.
      place: bias [d, gates, h] beside them.
      wide: mask [time, 1, batch] beside a state with its time.
      states, last: equations of the results, batch first.
    """

    project: str
    turn: Callable[[jax.Array], jax.Array]
    recur: str
    gate: int
    place: Callable[[jax.Array], jax.Array]
    wide: Callable[[jax.Array], jax.Array]
    states: str
    last: str


FORMS = {
    # With narrow cells the batch is the only long axis: elementwise work vectorises along it.
    "fused": Form(
        project="tbc,dcgh->tdghb",
        turn=lambda weights: weights.transpose(0, 2, 3, 1),
        recur="dghk,dkb->dghb",
        gate=1,
        place=lambda bias: bias[..., None],
        wide=lambda mask: mask[:, :, None, :],
        states="tdhb->btdh",
        last="dhb->bdh",
    ),
    "hoisted": Form(
        project="tbc,dcgh->tdbgh",
        turn=lambda weights: weights,
        recur="dkgh,dbk->dbgh",
        gate=2,
        place=lambda bias: bias[:, None],
        wide=lambda mask: mask[..., None],
        states="tdbh->btdh",
        last="dbh->bdh",
    ),
}


class Loop(NamedTuple):
    """What shapes a loop: names of cell, activation and way. Hashable."""

    cell: str
    activation: str
    way: str


def reverse(steps: jax.Array, bidirectional: bool) -> jax.Array:
    """[time, directions, ...] with the time of the backward direction turned round."""
    if not bidirectional:
        return steps
    return jnp.concatenate([steps[:, :1], steps[::-1, 1:]], axis=1)


def recur(
    loop: Loop,
    projected: jax.Array,
    weights: jax.Array,
    bias: jax.Array,
    mask: jax.Array | None,
) -> tuple[jax.Array, jax.Array]:
    """The loop over time, axes as in `FORMS`: states of all steps, and the last.

    Raises:
      TypeError: in forward-mode differentiation of the way hoisted.
    """
    if loop.way == "fused":
        states, _ = _steps(loop, projected, weights, bias, mask)
        return states[0], states[0][-1]
    try:
        return _hoisted(loop, projected, weights, bias, mask)
    except TypeError as error:
        if "forward-mode" in str(error):
            raise TypeError(FORWARD_MODE) from error
        raise


def _step(loop: Loop, x: jax.Array, h: jax.Array, state: Gates, real: jax.Array | None) -> Gates:
    """One time step of the cell, which keeps its state where the step is padding."""
    kind, gate = CELLS[loop.cell], FORMS[loop.way].gate

    def parts(value: jax.Array) -> Gates:
        ones = (1,) * len(kind.gates)
        return tuple(jnp.squeeze(part, gate) for part in jax.lax.split(value, ones, gate))

    new = kind.step(parts(x), parts(h), state, activation(loop.activation))
    if real is None:
        return new
    return tuple(jnp.where(real, n, old) for n, old in zip(new, state, strict=True))


def _steps(
    loop: Loop,
    projected: jax.Array,
    weights: jax.Array,
    bias: jax.Array,
    mask: jax.Array | None,
) -> tuple[Gates, jax.Array]:
    """All states after each step, and the recurrent side of each step's gates.

    Of an additive cell the latter is the sum of both sides.
    """
    form = FORMS[loop.way]
    placed, additive = form.place(bias), CELLS[loop.cell].additive

    def step(state: Gates, xs: tuple) -> tuple[Gates, tuple[Gates, jax.Array]]:
        x, real = xs
        h = jnp.einsum(form.recur, weights, state[0]) + placed
        h = h + x if additive else h
        new = _step(loop, h if additive else x, h, state, real)
        return new, (new, h)

    shape = list(projected.shape[1:])
    del shape[form.gate]
    start = (jnp.zeros(shape, projected.dtype),) * CELLS[loop.cell].states
    return jax.lax.scan(step, start, (projected, mask))[1]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _hoisted(
    loop: Loop,
    projected: jax.Array,
    weights: jax.Array,
    bias: jax.Array,
    mask: jax.Array | None,
) -> tuple[jax.Array, jax.Array]:
    states, _ = _steps(loop, projected, weights, bias, mask)
    return states[0], states[0][-1]


def _forward(
    loop: Loop,
    projected: jax.Array,
    weights: jax.Array,
    bias: jax.Array,
    mask: jax.Array | None,
) -> tuple:
    states, h = _steps(loop, projected, weights, bias, mask)
    return (states[0], states[0][-1]), (projected, weights, mask, states, h)


def _backward(loop: Loop, kept: tuple, gradient: tuple[jax.Array, jax.Array]) -> tuple:
    """Back through time with the gates' gradients alone; the weights' in one product after it."""
    projected, weights, mask, states, h = kept
    kind = CELLS[loop.cell]
    before = tuple(jnp.concatenate([jnp.zeros_like(s[:1]), s[:-1]]) for s in states)

    def step(later: Gates, xs: tuple) -> tuple[Gates, tuple]:
        x, h, state, real, out = xs
        after = (later[0] + out, *later[1:])
        if kind.additive:
            back = jax.vjp(lambda h, state: _step(loop, h, h, state, real), h, state)[1]
            of_x, (of_h, of_state) = None, back(after)
        else:
            back = jax.vjp(lambda x, h, state: _step(loop, x, h, state, real), x, h, state)[1]
            of_x, of_h, of_state = back(after)
        through = jnp.einsum("dkgh,dbgh->dbk", weights, of_h)
        return (of_state[0] + through, *of_state[1:]), (of_x, of_h)

    ends = (gradient[1], *(jnp.zeros_like(gradient[1]) for _ in states[1:]))
    xs = (None if kind.additive else projected, h, before, mask, gradient[0])
    _, (of_x, of_h) = jax.lax.scan(step, ends, xs, reverse=True)
    of_weights = jnp.einsum("tdbk,tdbgh->dkgh", before[0], of_h)
    return of_h if kind.additive else of_x, of_weights, jnp.sum(of_h, axis=(0, 2)), None


_hoisted.defvjp(_forward, _backward)
