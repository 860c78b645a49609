"""The loop over time of recurrent layers, computed in one of three ways.

fused: the batch is the last axis, along which the elementwise work of narrow cells vectorises.
hoisted: the width is the last axis, as the products of wide cells want it.
Both have a gradient of their own: a step keeps the factors of its derivative, so going back takes
no exponentials, and the weights' gradients are products after the loop in the place of one a time
step.
scan: as fused with JAX's own gradient, which has forward-mode derivatives.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
from jax import numpy as jnp

from dlfun.layers.activation import activation
from dlfun.layers.cells import CELLS, Gates

FORWARD_MODE = "recurrence with its own gradient has no forward-mode derivative; use way='scan'"


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
      start: equation of a state [batch, directions, parts, width], parts first, in that order.
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
    start: str


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
    start="bdph->pdhb",
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
    start="bdph->pdbh",
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
    loop: Loop,
    inputs: jax.Array,
    weights: Weights,
    mask: jax.Array | None,
    start: Gates | None = None,
) -> tuple[jax.Array, Gates]:
    """The loop over time: outputs of all steps, and the last state, axes as in `FORMS`.

    Args:
      inputs: [time, batch, channels].
      mask: False where a sequence is over, each direction in its own order of time.
      start: the state before the first step, as the last one comes back; None is zeros.

    Raises:
      TypeError: in forward-mode differentiation of any way but scan.
    """
    if loop.way == "scan":
        return _steps(loop, inputs, weights, mask, start)[:2]
    try:
        return _own(loop, inputs, weights, mask, start)
    except TypeError as error:
        if "forward-mode" in str(error):
            raise TypeError(FORWARD_MODE) from error
        raise


def _project(loop: Loop, inputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """The inputs' side of the gates, all time steps in one product."""
    return reverse(FORMS[loop.way].project(inputs, kernel), len(kernel) == 2)


def _steps(
    loop: Loop,
    inputs: jax.Array,
    weights: Weights,
    mask: jax.Array | None,
    start: Gates | None,
) -> tuple[jax.Array, Gates, Gates]:
    """Outputs after each step, the last state, and the factors of each step's derivative."""
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
    if start is None:
        shape = list(projected.shape[1:])
        del shape[form.gate]
        start = (jnp.zeros(shape, projected.dtype),) * kind.states
    end, (states, factors) = jax.lax.scan(step, start, (projected, mask))
    return states, end, factors


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _own(
    loop: Loop,
    inputs: jax.Array,
    weights: Weights,
    mask: jax.Array | None,
    start: Gates | None,
) -> tuple[jax.Array, Gates]:
    return _steps(loop, inputs, weights, mask, start)[:2]


def _forward(
    loop: Loop,
    inputs: jax.Array,
    weights: Weights,
    mask: jax.Array | None,
    start: Gates | None,
) -> tuple[tuple[jax.Array, Gates], tuple]:
    states, end, factors = _steps(loop, inputs, weights, mask, start)
    return (states, end), (inputs, weights, mask, start, states, factors)


def _backward(loop: Loop, kept: tuple, gradient: tuple[jax.Array, Gates]) -> tuple:
    """Back through time with the gates' gradients alone; the weights' after it."""
    inputs, weights, mask, start, states, factors = kept
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

    first, flows = jax.lax.scan(step, gradient[1], (factors, mask, gradient[0]), reverse=True)
    of_x = jnp.take(flows, jnp.array(kind.to_x), form.gate + 1)
    project = functools.partial(_project, loop, kernel=weights.kernel)

    # One product for all weights: what they multiplied was inputs, states before, and ones.
    began = jnp.zeros_like(states[:1]) if start is None else start[0][None]
    before = jnp.concatenate([began, states[:-1]])
    before = jnp.einsum(form.before, before)
    directions, channels = weights.kernel.shape[:2]
    steps = jnp.broadcast_to(inputs[:, None], (*before.shape[:3], channels))
    parts = [reverse(steps, directions == 2), before, jnp.ones_like(before[..., :1])]
    found = form.correlate(jnp.concatenate(parts, axis=-1), flows)
    of_x_side, of_h_side = (found[:, :, jnp.array(to)] for to in (kind.to_x, kind.to_h))
    of_weights = Weights(
        of_x_side[:, :channels], of_x_side[:, -1], of_h_side[:, channels:-1], of_h_side[:, -1]
    )
    of_start = None if start is None else first
    return *jax.linear_transpose(project, inputs)(of_x), of_weights, None, of_start


_own.defvjp(_forward, _backward)
