"""The run of `dlfun.training.run` as its device sees it where batches come in blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
from jax import numpy as jnp

from dlfun.objectives.reduction import averages
from dlfun.scaling import Scaling
from dlfun.training.run import examination_key, of_healthy, over_batches, own_scaling, prefix
from dlfun.training.steps import (
    Carry,
    no_totals,
    settled,
    to_batch,
    train_steps,
    training_batch,
)
from dlfun.types import Array, Batch, HParams, Learner, Metrics, Predictions, Split

Running = tuple[Carry, Metrics]
"""Amid an interval: the run as it goes on, and the totals of the interval's steps so far."""


class BlockRun(NamedTuple):
    """Pure functions of one member; `lane` is its place in a block [lanes, ...].

    `scaling` is that of all splits, of which a member knows its own.

    Attributes:
      begin: (carry, hparams, lane, block, scaling) -> running: an interval, before its first step.
      learn: (running, hparams, lane, block, scaling) -> running: a step on each of its batches.
      finish: (carry, running) -> (carry, history): what the interval leaves.
      measure: (carry, hparams, lane, block, batches, scaling) -> metrics [batches], totals.
      close: (carry, metrics of all blocks) -> averages over a whole split.
      examine, conclude: the same two of the test split, with the examination of the learner if it
        has one; `examine` gives what `conclude` wants of a block, and what is said of each
        example [batches, batch], padding included.
    """

    begin: Callable[..., Running]
    learn: Callable[..., Running]
    finish: Callable[..., Any]
    measure: Callable[..., Metrics]
    close: Callable[..., dict[str, Array]]
    examine: Callable[..., Any]
    conclude: Callable[..., dict[str, Array]]


class Batches(NamedTuple):
    """The batches of a block of a whole split.

    Attributes:
      weight: [batches, batch], 0 of padding.
      number: [batches], which of the split's each is.
    """

    weight: Array
    number: Array


def pick(block: Split, lane: Array) -> Callable[[Array], Split]:
    """From the number of a batch in a block to that batch of a lane."""
    return lambda number: jax.tree.map(lambda leaf: leaf[lane, number], block)


def make_block_run(learner: Learner) -> BlockRun:
    """The run of a learner; together its parts compute what `make_run` does."""

    def batches(
        carry: Carry, lane: Array, block: Split, scaling: Scaling | None
    ) -> Callable[[Array], Batch]:
        own, split = own_scaling(scaling, carry.streams), pick(block, lane)
        return lambda number: training_batch(split(number), own)

    def begin(
        carry: Carry, hparams: HParams, lane: Array, block: Split, scaling: Scaling | None
    ) -> Running:
        each = batches(carry, lane, block, scaling)
        zeros = no_totals(learner, carry, hparams, each, jnp.arange(1))
        # A copy, since what runs on is eaten by each block and the carry is still needed.
        return jax.tree.map(jnp.copy, carry), zeros

    def learn(
        running: Running, hparams: HParams, lane: Array, block: Split, scaling: Scaling | None
    ) -> Running:
        numbers = jnp.arange(block.targets.shape[1])
        each = batches(running[0], lane, block, scaling)
        return train_steps(learner, *running, hparams, each, numbers)

    def finish(carry: Carry, running: Running) -> tuple[Carry, dict[str, Array]]:
        after, totals = running
        new = settled(carry, after)
        return new, of_healthy(new, prefix("train", averages(totals)))

    return BlockRun(begin, learn, finish, *scoring(learner), *examining(learner))


def scoring(learner: Learner) -> tuple[Callable[..., Metrics], Callable[..., dict[str, Array]]]:
    """`measure` and `close` of a learner's run."""

    def measure(
        carry: Carry,
        hparams: HParams,
        lane: Array,
        block: Split,
        batches: Batches,
        scaling: Scaling | None = None,
    ) -> Metrics:
        def ask(batch: Batch, key: Array) -> Metrics:
            return learner.evaluate(carry.state, batch, hparams, key)

        own = own_scaling(scaling, carry.streams)
        return each_batch(ask, carry.streams.evaluation, pick(block, lane), batches, own)

    def close(carry: Carry, blocks: tuple[Metrics, ...]) -> dict[str, Array]:
        return of_healthy(carry, over_blocks(blocks))

    return measure, close


def examining(
    learner: Learner,
) -> tuple[Callable[..., Any], Callable[..., dict[str, Array]]]:
    """`examine` and `conclude` of a learner's run."""
    asked = learner.examination

    def examine(
        carry: Carry,
        hparams: HParams,
        lane: Array,
        block: Split,
        batches: Batches,
        scaling: Scaling | None,
    ) -> tuple[tuple[Metrics, Metrics], Predictions]:
        own_scale = own_scaling(scaling, carry.streams)

        def each(ask: Callable[..., Any], key: Array) -> Any:
            def of_batch(batch: Batch, key: Array) -> Any:
                return ask(carry.state, batch, hparams, key)

            return each_batch(of_batch, key, pick(block, lane), batches, own_scale)

        found, said = each(learner.judge, carry.streams.evaluation)
        own = {} if asked is None else each(asked.measure, examination_key(carry.streams))
        return (found, own), of_healthy(carry, said)

    def conclude(carry: Carry, blocks: tuple[tuple[Metrics, Metrics], ...]) -> dict[str, Array]:
        found, own = map(over_blocks, zip(*blocks, strict=True))
        return of_healthy(carry, found if asked is None else found | asked.conclude(own))

    return examine, conclude


def each_batch(
    ask: Callable[..., Any],
    key: Array,
    pick: Callable[[Array], Split],
    batches: Batches,
    scaling: Scaling | None,
) -> Any:
    """What `ask` of (batch, key) finds in each batch of a block: [batches, ...]."""

    def one(at: Array) -> Any:
        own = jax.random.fold_in(key, batches.number[at])
        return ask(to_batch(pick(at), batches.weight[at], scaling), own)

    return jax.lax.map(one, jnp.arange(len(batches.weight)))


def over_blocks(blocks: Sequence[Metrics]) -> dict[str, Array]:
    """Averages over a whole split, of the totals [batches, ...] of its blocks."""
    return over_batches(jax.tree.map(lambda *parts: jnp.concatenate(parts), *blocks))
