"""The run of `dlfun.training.run` as its device sees it where batches come in blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
from jax import numpy as jnp

from dlfun.training.run import divide, examination_key, of_healthy, prefix
from dlfun.training.steps import Carry, no_totals, settled, to_batch, train_steps
from dlfun.types import Array, Batch, Examination, HParams, Learner, Metrics, Split

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
      examine, conclude: the same two of the test split, with the examination of the learner;
        `measure` and `close` themselves where it has none.
    """

    begin: Callable[..., Running]
    learn: Callable[..., Running]
    finish: Callable[..., Any]
    measure: Callable[..., Metrics]
    close: Callable[..., dict[str, Array]]
    examine: Callable[..., Any]
    conclude: Callable[..., dict[str, Array]]


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

    measure, close = scoring(learner)
    parts = BlockRun(begin, learn, finish, measure, close, measure, close)
    if learner.examination is None:
        return parts
    examine, conclude = examining(learner.examination, measure)
    return parts._replace(examine=examine, conclude=conclude)


def scoring(learner: Learner) -> tuple[Callable[..., Metrics], Callable[..., dict[str, Array]]]:
    """`measure` and `close` of a learner's run."""

    def measure(
        carry: Carry, hparams: HParams, lane: Array, block: Split, weight: Array, number: Array
    ) -> Metrics:
        def ask(batch: Batch, key: Array) -> Metrics:
            return learner.evaluate(carry.state, batch, hparams, key)

        return each_batch(ask, carry.streams.evaluation, pick(block, lane), weight, number)

    def close(carry: Carry, blocks: tuple[Metrics, ...]) -> dict[str, Array]:
        return of_healthy(carry, averages(blocks))

    return measure, close


def examining(
    examination: Examination, measure: Callable[..., Metrics]
) -> tuple[Callable[..., Any], Callable[..., dict[str, Array]]]:
    """`examine` and `conclude`, beside what `measure` finds."""

    def examine(
        carry: Carry, hparams: HParams, lane: Array, block: Split, weight: Array, number: Array
    ) -> tuple[Metrics, Metrics]:
        def ask(batch: Batch, key: Array) -> Metrics:
            return examination.measure(carry.state, batch, hparams, key)

        key = examination_key(carry.streams)
        own = each_batch(ask, key, pick(block, lane), weight, number)
        return measure(carry, hparams, lane, block, weight, number), own

    def conclude(carry: Carry, blocks: tuple[tuple[Metrics, Metrics], ...]) -> dict[str, Array]:
        found, own = zip(*blocks, strict=True)
        return of_healthy(carry, averages(found) | examination.conclude(averages(own)))

    return examine, conclude


def each_batch(
    ask: Callable[..., Metrics],
    key: Array,
    pick: Callable[[Array], Split],
    weight: Array,
    number: Array,
) -> Metrics:
    """What `ask` of (batch, key) finds in each batch of a block: [batches, ...], totals each."""

    def one(at: Array) -> Metrics:
        return ask(to_batch(pick(at), weight[at]), jax.random.fold_in(key, number[at]))

    return jax.lax.map(one, jnp.arange(len(weight)))


def averages(blocks: Sequence[Metrics]) -> dict[str, Array]:
    """Averages over a whole split, of the totals of its blocks."""
    sums: Any = jax.tree.map(lambda *parts: jnp.sum(jnp.concatenate(parts), axis=0), *blocks)
    return divide(sums)
