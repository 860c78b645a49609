"""The steps of a run, wherever their examples come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jax import numpy as jnp

from dlfun.scaling import Scaling
from dlfun.types import Array, Batch, HParams, Learner, Metrics, Split, Streams


class Carry(NamedTuple):
    """All that a run is between two intervals.

    `failed_at` is the step whose loss or parameters stopped being finite, and -1 in a healthy
    run. A failed run keeps the state of its last good interval.
    """

    state: Any
    step: Array
    streams: Streams
    failed_at: Array


def to_batch(split: Split, weight: Array, scaling: Scaling | None) -> Batch:
    """Examples as a batch, each with a weight; padding has none."""
    if split.real is not None:
        weight = jnp.where(split.real, weight, 0.0)
    return Batch(split.inputs, split.targets, weight, split.lengths, scaling)


def training_batch(split: Split, scaling: Scaling | None) -> Batch:
    """Examples as the batch of a step, which count alike."""
    return to_batch(split, jnp.ones(split.targets.shape[0], jnp.float32), scaling)


def add(a: Metrics, b: Metrics) -> Metrics:
    """Sum of pairs, name by name."""
    return jax.tree.map(jnp.add, a, b)


def is_finite(tree: Any) -> Array:
    """Whether every number of every floating array is finite: []."""
    floats = [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(leaf.dtype, jnp.floating)]
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in floats]))


def train_step(
    learner: Learner, running: Carry, hparams: HParams, batch: Batch, step: Array
) -> tuple[Any, Metrics]:
    """The state after a step on these examples, and the step's metrics."""
    key = jax.random.fold_in(running.streams.noise, step)
    return learner.update(running.state, batch, hparams, key)


def no_totals(
    learner: Learner, carry: Carry, hparams: HParams, pick: Callable[[Array], Batch], xs: Array
) -> Metrics:
    """The metrics of no step at all: zeros."""

    def first(carry: Carry) -> Metrics:
        return train_step(learner, carry, hparams, pick(xs[0]), carry.step)[1]

    return jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), jax.eval_shape(first, carry))


def train_steps(
    learner: Learner,
    running: Carry,
    totals: Metrics,
    hparams: HParams,
    pick: Callable[[Array], Batch],
    xs: Array,
) -> tuple[Carry, Metrics]:
    """A step on the examples that `pick` gives for each of xs [steps, ...], and totals with theirs.

    The step whose loss is not finite is noted, and nothing is frozen yet: `settled` does that.
    """
    streams = running.streams

    def body(before: tuple, x: tuple[Array, Array]) -> tuple[tuple, None]:
        state, totals, failed_at = before
        step, at = x
        now = Carry(state, step, streams, failed_at)
        state, metrics = train_step(learner, now, hparams, pick(at), step)
        broken = ~jnp.isfinite(metrics["loss"][0]) & (failed_at < 0)
        return (state, add(totals, metrics), jnp.where(broken, step, failed_at)), None

    steps = xs.shape[0]
    start = (running.state, totals, running.failed_at)
    numbered = (running.step + jnp.arange(steps, dtype=jnp.int32), xs)
    (state, totals, failed_at), _ = jax.lax.scan(body, start, numbered)
    return Carry(state, running.step + steps, streams, failed_at), totals


def settled(before: Carry, after: Carry) -> Carry:
    """What an interval leaves: a run that failed in it keeps the state it had before."""
    # Once an interval, not once a step: choosing reads and writes the whole state, and what a
    # broken run computes meanwhile reaches nobody.
    broken = (after.failed_at < 0) & ~is_finite(after.state)
    failed_at = jnp.where(broken, after.step, after.failed_at)
    state = jax.tree.map(
        lambda new, old: jnp.where(failed_at < 0, new, old), after.state, before.state
    )
    return Carry(state, after.step, after.streams, failed_at)
