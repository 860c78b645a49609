"""The loop over time of recurrent layers, computed in one of three ways.

fused: the batch is the last axis, along which the elementwise work of narrow cells vectorises.
hoisted: the width is the last axis, as the products of wide cells want it.
Both have a gradient of their own: a step keeps the factors of its derivative, so going back takes
no exponentials, and the recurrent weights' gradient is one product after the loop in the place of
one a time step.
scan: as fused with JAX's own gradient, which has forward-mode derivatives.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
from flax import linen as nn
from jax import numpy as jnp

from dlfun.layers.activation import activation

FORWARD_MODE = "recurrence with its own gradient has no forward-mode derivative; use way='scan'"


Gates = tuple[jax.Array, ...]


class Cell(NamedTuple):
    """A cell's gates in order, which side of each has a bias in stock Flax, and its step.

    step: (x, h, state, activation) -> (state, factors), with x and h the contributions of input
    and recurrence to each gate, state (output, *rest).
    back: (factors, gradient of the state after) -> gradients of x, h and the state before, this
    without what went through h. Of an `additive` cell only x + h matters: h in both places.
    """

    gates: tuple[str, ...]
    input_bias: tuple[bool, ...]
    recurrent_bias: tuple[bool, ...]
    states: int
    additive: bool
    step: Callable[..., tuple[Gates, Gates]]
    back: Callable[[Gates, Gates], tuple[Gates, Gates, Gates]]


def _with_slope(act: Callable, value: jax.Array) -> tuple[jax.Array, jax.Array]:
    """An activation and its derivative there."""
    return jax.jvp(act, (value,), (jnp.ones_like(value),))


def _elman(x: Gates, h: Gates, state: Gates, act: Callable) -> tuple[Gates, Gates]:
    new, slope = _with_slope(act, h[0])
    return (new,), (slope,)


def _elman_back(factors: Gates, after: Gates) -> tuple[Gates, Gates, Gates]:
    of_h = (after[0] * factors[0],)
    return of_h, of_h, (jnp.zeros_like(after[0]),)


def _gru(x: Gates, h: Gates, state: Gates, act: Callable) -> tuple[Gates, Gates]:
    reset, update = (nn.sigmoid(x[i] + h[i]) for i in (0, 1))
    new, slope = _with_slope(act, x[2] + reset * h[2])
    of_new = (1 - update) * slope
    of_reset = of_new * h[2] * reset * (1 - reset)
    of_update = (state[0] - new) * update * (1 - update)
    factors = of_reset, of_update, of_new, of_new * reset, update
    return (new + update * (state[0] - new),), factors


def _gru_back(factors: Gates, after: Gates) -> tuple[Gates, Gates, Gates]:
    reset, update, new, recurrent, kept = (after[0] * factor for factor in factors)
    return (reset, update, new), (reset, update, recurrent), (kept,)


def _lstm(x: Gates, h: Gates, state: Gates, act: Callable) -> tuple[Gates, Gates]:
    write, forget, read = (nn.sigmoid(h[i]) for i in (0, 1, 2))
    new, slope = _with_slope(act, h[3])
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


def _lstm_back(factors: Gates, after: Gates) -> tuple[Gates, Gates, Gates]:
    write, forget, read, new, seen, kept = factors
    memory = after[1] + after[0] * seen
    of_h = memory * write, memory * forget, after[0] * read, memory * new
    return of_h, of_h, (jnp.zeros_like(memory), memory * kept)


CELLS = {
    "elman": Cell(("",), (True,), (False,), 1, True, _elman, _elman_back),
    "gru": Cell(
        ("r", "z", "n"), (True,) * 3, (False, False, True), 1, False, _gru, _gru_back
    ),
    "lstm": Cell(
        ("i", "f", "o", "g"), (False,) * 4, (True,) * 4, 2, True, _lstm, _lstm_back
    ),
}


class Form(NamedTuple):
    """Where the axes of the loop lie: time, directions, gates, batch b, width h (k before it).

    Attributes:
      project: equation of the input projection, all time steps at once.
      turn: order of the axes of the recurrent weights [d, k, gates, h] as the loop takes them.
      recur: equation of the product of these with a state.
      turn_back, recur_back: the same for a gradient on its way back.
      correlate: equation of the weights' gradient from all states before and the gates' gradients.
      gate: axis of the gates without time.
      batch: axis of the batch with time and gates.
      place: bias [d, gates, h] beside them.
      wide: mask [time, 1, batch] beside a state with its time.
      states, last: equations of the results, batch first.
    """

    project: str
    turn: tuple[int, ...]
    recur: str
    turn_back: tuple[int, ...]
    recur_back: str
    correlate: str
    gate: int
    batch: int
    place: Callable[[jax.Array], jax.Array]
    wide: Callable[[jax.Array], jax.Array]
    states: str
    last: str


# The products contract the last axis of their weights with the first of the state (batch last),
# or the last of the state with the first of their weights: as they lie in memory.
FUSED = Form(
    project="tbc,dcgh->tdghb",
    turn=(0, 2, 3, 1),
    recur="dghk,dkb->dghb",
    turn_back=(0, 1, 2, 3),
    recur_back="dkgh,dghb->dkb",
    correlate="tdkb,tdghb->dkgh",
    gate=1,
    batch=4,
    place=lambda bias: bias[..., None],
    wide=lambda mask: mask[:, :, None, :],
    states="tdhb->btdh",
    last="dhb->bdh",
)
HOISTED = Form(
    project="tbc,dcgh->tdbgh",
    turn=(0, 1, 2, 3),
    recur="dkgh,dbk->dbgh",
    turn_back=(0, 2, 3, 1),
    recur_back="dghk,dbgh->dbk",
    correlate="tdbk,tdbgh->dkgh",
    gate=2,
    batch=2,
    place=lambda bias: bias[:, None],
    wide=lambda mask: mask[..., None],
    states="tdbh->btdh",
    last="dbh->bdh",
)
FORMS = {"fused": FUSED, "hoisted": HOISTED, "scan": FUSED}


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

    Args:
      projected: the inputs' side of the gates.
      weights, bias: recurrent, [directions, width before, gates, width], [directions, gates, width].
      mask: False where a sequence is over.

    Raises:
      TypeError: in forward-mode differentiation of any way but scan.
    """
    if loop.way == "scan":
        states, _ = _steps(loop, projected, weights, bias, mask)
        return states, states[-1]
    try:
        return _own(loop, projected, weights, bias, mask)
    except TypeError as error:
        if "forward-mode" in str(error):
            raise TypeError(FORWARD_MODE) from error
        raise


def _steps(
    loop: Loop,
    projected: jax.Array,
    weights: jax.Array,
    bias: jax.Array,
    mask: jax.Array | None,
) -> tuple[jax.Array, Gates]:
    """Outputs after each step, and the factors of each step's derivative."""
    kind, form = CELLS[loop.cell], FORMS[loop.way]
    placed, turned = form.place(bias), weights.transpose(form.turn)

    def parts(value: jax.Array) -> Gates:
        ones = (1,) * len(kind.gates)
        return tuple(jnp.squeeze(part, form.gate) for part in jax.lax.split(value, ones, form.gate))

    def step(state: Gates, xs: tuple) -> tuple[Gates, tuple[jax.Array, Gates]]:
        x, real = xs
        h = jnp.einsum(form.recur, turned, state[0])
        h = parts(h + x if kind.additive else h + placed)
        new, factors = kind.step(h if kind.additive else parts(x), h, state, act)
        if real is not None:
            new = tuple(jnp.where(real, n, old) for n, old in zip(new, state, strict=True))
        return new, (new[0], factors)

    act = activation(loop.activation)
    shape = list(projected.shape[1:])
    del shape[form.gate]
    start = (jnp.zeros(shape, projected.dtype),) * kind.states
    if kind.additive:  # one addition before the loop, none in it
        projected = projected + placed[None]
    return jax.lax.scan(step, start, (projected, mask))[1]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _own(
    loop: Loop,
    projected: jax.Array,
    weights: jax.Array,
    bias: jax.Array,
    mask: jax.Array | None,
) -> tuple[jax.Array, jax.Array]:
    states, _ = _steps(loop, projected, weights, bias, mask)
    return states, states[-1]


def _forward(
    loop: Loop,
    projected: jax.Array,
    weights: jax.Array,
    bias: jax.Array,
    mask: jax.Array | None,
) -> tuple:
    states, factors = _steps(loop, projected, weights, bias, mask)
    return (states, states[-1]), (weights, mask, states, factors)


def _backward(loop: Loop, kept: tuple, gradient: tuple[jax.Array, jax.Array]) -> tuple:
    """Back through time with the gates' gradients alone; the weights' in one product after it."""
    weights, mask, states, factors = kept
    kind, form = CELLS[loop.cell], FORMS[loop.way]
    turned = weights.transpose(form.turn_back)

    def step(later: Gates, xs: tuple) -> tuple[Gates, tuple]:
        factors, real, out = xs
        after = (later[0] + out, *later[1:])
        of_x, of_h, before = kind.back(factors, after)
        if real is not None:
            of_x, of_h = jax.tree.map(lambda g: jnp.where(real, g, 0), (of_x, of_h))
            before = tuple(jnp.where(real, b, a) for b, a in zip(before, after, strict=True))
        of_h = jnp.stack(of_h, form.gate)
        through = jnp.einsum(form.recur_back, turned, of_h)
        own = None if kind.additive else jnp.stack(of_x, form.gate)
        return (before[0] + through, *before[1:]), (own, of_h)

    ends = (gradient[1],) + (jnp.zeros_like(gradient[1]),) * (kind.states - 1)
    _, (of_x, of_h) = jax.lax.scan(step, ends, (factors, mask, gradient[0]), reverse=True)
    before = jnp.concatenate([jnp.zeros_like(states[:1]), states[:-1]])
    of_weights = jnp.einsum(form.correlate, before, of_h)
    of_bias = jnp.sum(of_h, axis=(0, form.batch))
    return of_h if kind.additive else of_x, of_weights, of_bias, None


_own.defvjp(_forward, _backward)
