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
    back: (factors, gradient of the state after) -> (flows, gradient of the state before without
    what went through h). Of the flows those at the places `to_x` and `to_h` are the gradients of
    x and h. Of an `additive` cell only x + h matters: `step` finds it in h.
    """

    gates: tuple[str, ...]
    input_bias: tuple[bool, ...]
    recurrent_bias: tuple[bool, ...]
    states: int
    to_x: tuple[int, ...]
    to_h: tuple[int, ...]
    step: Callable[..., tuple[Gates, Gates]]
    back: Callable[[Gates, Gates], tuple[Gates, Gates]]

    @property
    def additive(self) -> bool:
        """Whether only the sum of both sides of a gate matters."""
        return self.to_x == self.to_h


def _with_slope(act: Callable, value: jax.Array) -> tuple[jax.Array, jax.Array]:
    """An activation and its derivative there."""
    return jax.jvp(act, (value,), (jnp.ones_like(value),))


def _elman(x: Gates, h: Gates, state: Gates, act: Callable) -> tuple[Gates, Gates]:
    new, slope = _with_slope(act, h[0])
    return (new,), (slope,)


def _elman_back(factors: Gates, after: Gates) -> tuple[Gates, Gates]:
    return (after[0] * factors[0],), (jnp.zeros_like(after[0]),)


def _gru(x: Gates, h: Gates, state: Gates, act: Callable) -> tuple[Gates, Gates]:
    reset, update = (nn.sigmoid(x[i] + h[i]) for i in (0, 1))
    new, slope = _with_slope(act, x[2] + reset * h[2])
    of_new = (1 - update) * slope
    of_reset = of_new * h[2] * reset * (1 - reset)
    of_update = (state[0] - new) * update * (1 - update)
    factors = of_reset, of_update, of_new, of_new * reset, update
    return (new + update * (state[0] - new),), factors


def _gru_back(factors: Gates, after: Gates) -> tuple[Gates, Gates]:
    reset, update, new, recurrent, kept = (after[0] * factor for factor in factors)
    return (reset, update, new, recurrent), (kept,)


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


def _lstm_back(factors: Gates, after: Gates) -> tuple[Gates, Gates]:
    write, forget, read, new, seen, kept = factors
    memory = after[1] + after[0] * seen
    flows = memory * write, memory * forget, after[0] * read, memory * new
    return flows, (jnp.zeros_like(memory), memory * kept)


CELLS = {
    "elman": Cell(("",), (True,), (False,), 1, (0,), (0,), _elman, _elman_back),
    "gru": Cell(
        gates=("r", "z", "n"),
        input_bias=(True, True, True),
        recurrent_bias=(False, False, True),
        states=1,
        to_x=(0, 1, 2),
        to_h=(0, 1, 3),
        step=_gru,
        back=_gru_back,
    ),
    "lstm": Cell(
        gates=("i", "f", "o", "g"),
        input_bias=(False,) * 4,
        recurrent_bias=(True,) * 4,
        states=2,
        to_x=(0, 1, 2, 3),
        to_h=(0, 1, 2, 3),
        step=_lstm,
        back=_lstm_back,
    ),
}


class Form(NamedTuple):
    """Where the axes of the loop lie: time, directions, gates, batch b, width h (k before it).

    Attributes:
      project: (inputs [time, batch, channels], kernel) -> the inputs' side of all gates.
      turn: order of the axes of the recurrent weights [d, k, gates, h] as the loop takes them.
      recur: equation of the product of these with a state.
      turn_back, recur_back: the same for a gradient on its way back.
      before: equation that brings states [time, d, batch, h] out of the loop's order.
      correlate: (what the weights multiplied, [time, d, batch, k], and the flows) -> the weights'
        gradient [d, k, flows, h].
      gate: axis of the gates without time.
      place: bias [d, gates, h] beside them.
      wide: mask [time, 1, batch] beside a state with its time.
      states, last: equations of the results, batch first.
    """

    project: Callable[[jax.Array, jax.Array], jax.Array]
    turn: tuple[int, ...]
    recur: str
    turn_back: tuple[int, ...]
    recur_back: str
    before: str
    correlate: Callable[[jax.Array, jax.Array], jax.Array]
    gate: int
    place: Callable[[jax.Array], jax.Array]
    wide: Callable[[jax.Array], jax.Array]
    states: str
    last: str


# The products contract the last axis of their weights with the first of the state (batch last),
# or the last of the state with the first of their weights: as they lie in memory.
FUSED = Form(
    project=functools.partial(jnp.einsum, "tbc,dcgh->tdghb"),
    turn=(0, 2, 3, 1),
    recur="dghk,dkb->dghb",
    turn_back=(0, 1, 2, 3),
    recur_back="dkgh,dghb->dkb",
    before="tdhb->tdbh",
    # One product over batch and time would first have to turn the flows, at three times its cost.
    correlate=lambda seen, flows: jnp.einsum(
        "tdghk->dkgh", jnp.einsum("tdbk,tdghb->tdghk", seen, flows)
    ),
    gate=1,
    place=lambda bias: bias[..., None],
    wide=lambda mask: mask[:, :, None, :],
    states="tdhb->btdh",
    last="dhb->bdh",
)
HOISTED = Form(
    # As an equation it would be the transposed product, and copied afterwards.
    project=lambda inputs, kernel: jnp.swapaxes(jnp.tensordot(inputs, kernel, ((2,), (1,))), 1, 2),
    turn=(0, 1, 2, 3),
    recur="dkgh,dbk->dbgh",
    turn_back=(0, 2, 3, 1),
    recur_back="dghk,dbgh->dbk",
    before="tdbh->tdbh",
    correlate=functools.partial(jnp.einsum, "tdbk,tdbgh->dkgh"),
    gate=2,
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


class Weights(NamedTuple):
    """Kernels [directions, inputs or width, gates, width] and biases [directions, gates, width]."""

    kernel: jax.Array
    bias: jax.Array
    recurrent_kernel: jax.Array
    recurrent_bias: jax.Array


def recur(
    loop: Loop, inputs: jax.Array, weights: Weights, mask: jax.Array | None
) -> tuple[jax.Array, jax.Array]:
    """The loop over time: states of all steps, and the last, axes as in `FORMS`.

    Args:
      inputs: [time, batch, channels].
      mask: False where a sequence is over, each direction in its own order of time.

    Raises:
      TypeError: in forward-mode differentiation of any way but scan.
    """
    if loop.way == "scan":
        states, _ = _steps(loop, inputs, weights, mask)
        return states, states[-1]
    try:
        return _own(loop, inputs, weights, mask)
    except TypeError as error:
        if "forward-mode" in str(error):
            raise TypeError(FORWARD_MODE) from error
        raise


def _project(loop: Loop, inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """The inputs' side of the gates, all time steps in one product."""
    return reverse(FORMS[loop.way].project(inputs, kernel), len(kernel) == 2)


def _steps(
    loop: Loop, inputs: jax.Array, weights: Weights, mask: jax.Array | None
) -> tuple[jax.Array, Gates]:
    """Outputs after each step, and the factors of each step's derivative."""
    kind, form = CELLS[loop.cell], FORMS[loop.way]
    turned = weights.recurrent_kernel.transpose(form.turn)
    bias, late = form.place(weights.bias), form.place(weights.recurrent_bias)
    if kind.additive:  # one addition before the loop, none in it
        bias = bias + late
    projected = _project(loop, inputs, weights.kernel) + bias[None]

    def parts(value: jax.Array) -> Gates:
        ones = (1,) * len(kind.gates)
        return tuple(jnp.squeeze(part, form.gate) for part in jax.lax.split(value, ones, form.gate))

    def step(state: Gates, xs: tuple) -> tuple[Gates, tuple[jax.Array, Gates]]:
        x, real = xs
        h = jnp.einsum(form.recur, turned, state[0])
        of_h = parts(h + x if kind.additive else h + late)
        new, factors = kind.step(of_h if kind.additive else parts(x), of_h, state, act)
        if real is not None:
            new = tuple(jnp.where(real, n, old) for n, old in zip(new, state, strict=True))
        return new, (new[0], factors)

    act = activation(loop.activation)
    shape = list(projected.shape[1:])
    del shape[form.gate]
    start = (jnp.zeros(shape, projected.dtype),) * kind.states
    return jax.lax.scan(step, start, (projected, mask))[1]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _own(
    loop: Loop, inputs: jax.Array, weights: Weights, mask: jax.Array | None
) -> tuple[jax.Array, jax.Array]:
    states, _ = _steps(loop, inputs, weights, mask)
    return states, states[-1]


def _forward(
    loop: Loop, inputs: jax.Array, weights: Weights, mask: jax.Array | None
) -> tuple[tuple[jax.Array, jax.Array], tuple]:
    states, factors = _steps(loop, inputs, weights, mask)
    return (states, states[-1]), (inputs, weights, mask, states, factors)


def _backward(loop: Loop, kept: tuple, gradient: tuple[jax.Array, jax.Array]) -> tuple:
    """Back through time with the gates' gradients alone; the weights' after it."""
    inputs, weights, mask, states, factors = kept
    kind, form = CELLS[loop.cell], FORMS[loop.way]
    turned = weights.recurrent_kernel.transpose(form.turn_back)

    def step(later: Gates, xs: tuple) -> tuple[Gates, jax.Array]:
        factors, real, out = xs
        after = (later[0] + out, *later[1:])
        flows, before = kind.back(factors, after)
        if real is not None:
            flows = tuple(jnp.where(real, flow, 0) for flow in flows)
            before = tuple(jnp.where(real, b, a) for b, a in zip(before, after, strict=True))
        of_h = jnp.stack([flows[i] for i in kind.to_h], form.gate)
        through = jnp.einsum(form.recur_back, turned, of_h)
        return (before[0] + through, *before[1:]), jnp.stack(flows, form.gate)

    ends = (gradient[1],) + (jnp.zeros_like(gradient[1]),) * (kind.states - 1)
    _, flows = jax.lax.scan(step, ends, (factors, mask, gradient[0]), reverse=True)
    of_x = jnp.take(flows, jnp.array(kind.to_x), form.gate + 1)
    project = functools.partial(_project, loop, kernel=weights.kernel)

    # One product for all weights: what they multiplied was inputs, states before, and ones.
    before = jnp.concatenate([jnp.zeros_like(states[:1]), states[:-1]])
    before = jnp.einsum(form.before, before)
    directions, channels = weights.kernel.shape[:2]
    steps = jnp.broadcast_to(inputs[:, None], (*before.shape[:3], channels))
    parts = [reverse(steps, directions == 2), before, jnp.ones_like(before[..., :1])]
    found = form.correlate(jnp.concatenate(parts, axis=-1), flows)
    of_x_side, of_h_side = (found[:, :, jnp.array(to)] for to in (kind.to_x, kind.to_h))
    of_weights = Weights(
        of_x_side[:, :channels], of_x_side[:, -1], of_h_side[:, channels:-1], of_h_side[:, -1]
    )
    return *jax.linear_transpose(project, inputs)(of_x), of_weights, None


_own.defvjp(_forward, _backward)
