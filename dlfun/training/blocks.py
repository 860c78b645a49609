"""The run of `dlfun.training.run` as its device sees it where batches come in blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jax import numpy as jnp

from dlfun.training.run import divide, of_healthy, prefix
from dlfun.training.steps import Carry, no_totals, settled, to_batch, train_steps
from dlfun.types import Array, HParams, Learner, Metrics, Split

Running = tuple[Carry, Metrics]
"""Amid an interval: the run as it goes on, and the totals of the interval's steps so far."""


class BlockRun(NamedTuple):
    """Pure functions of one member; `lane` is its place in a block [lanes, ...].

    Attributes:
      begin: (carry, hparams, lane, block) -> running: an interval, before its first step.
      learn: (running, hparams, lane, block) -> running: a step on each batch of the block.
      finish: (carry, running) -> (carry, history): what the interval leaves.
      measure: (carry, hparams, lane, block, weight, number) -> metrics [batches], totals each.
      close: (carry, metrics of all blocks) -> averages over a whole split.
    """

    begin: Callable[..., Running]
    learn: Callable[..., Running]
    finish: Callable[..., Any]
    measure: Callable[..., Metrics]
    close: Callable[..., dict[str, Array]]


def pick(block: Split, lane: Array) -> Callable[[Array], Split]:
    """From the number of a batch in a block to that batch of a lane."""
    return lambda number: jax.tree.map(lambda leaf: leaf[lane, number], block)


def make_block_run(learner: Learner) -> BlockRun:
    """The run of a learner; together its parts compute what `make_run` does."""

    def begin(carry: Carry, hparams: HParams, lane: Array, block: Split) -> Running:
        zeros = no_totals(learner, carry, hparams, pick(block, lane), jnp.arange(1))
        # A copy, since what runs on is eaten by each block and the carry is still needed.
        return jax.tree.map(jnp.copy, carry), zeros

    def learn(running: Running, hparams: HParams, lane: Array, block: Split) -> Running:
        numbers = jnp.arange(block.targets.shape[1])
        return train_steps(learner, *running, hparams, pick(block, lane), numbers)

    def finish(carry: Carry, running: Running) -> tuple[Carry, dict[str, Array]]:
        after, totals = running
        new = settled(carry, after)
        return new, of_healthy(new, prefix("train", divide(totals)))

    def measure(
        carry: Carry, hparams: HParams, lane: Array, block: Split, weight: Array, number: Array
    ) -> Metrics:
        def one(at: Array) -> Metrics:
            batch = to_batch(pick(block, lane)(at), weight[at])
            key = jax.random.fold_in(carry.streams.evaluation, number[at])
            return learner.evaluate(carry.state, batch, hparams, key)

        return jax.lax.map(one, jnp.arange(len(weight)))

    def close(carry: Carry, blocks: tuple[Metrics, ...]) -> dict[str, Array]:
        sums: Any = jax.tree.map(lambda *parts: jnp.sum(jnp.concatenate(parts)), *blocks)
        return of_healthy(carry, divide(sums))

    return BlockRun(begin, learn, finish, measure, close)
