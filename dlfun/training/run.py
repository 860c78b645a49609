"""A whole training run as pure functions of (hyperparameters, keys, data)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax import numpy as jnp

from dlfun.objectives.reduction import averages
from dlfun.scaling import Scaling
from dlfun.training.order import batch_indices, stream_indices
from dlfun.training.steps import (
    Carry,
    no_totals,
    settled,
    to_batch,
    train_steps,
    training_batch,
)
from dlfun.types import (
    Array,
    Batch,
    HParams,
    Learner,
    Metrics,
    Predictions,
    Run,
    Settings,
    Split,
    Streams,
    TuneData,
)

SPAN = 1024
"""Tokens of a text that are scored in one go, at least; fewer only where a split has no more."""

SPANS = 16
"""So many spans at a time."""

EXAMINATION = 2**31 - 1
"""Folded into the evaluation key for an examination; chunks of a split fold in their number."""


def interval_lengths(steps: int, evaluations: int) -> tuple[int, ...]:
    """Steps between validations: equal where a number near `evaluations` divides the steps.

    Else the last is shorter, which costs a second program.

    >>> interval_lengths(1000, 20) == (50,) * 20
    True
    >>> interval_lengths(7, 3)
    (3, 3, 1)
    """
    wanted = min(evaluations, steps)
    for count in range(wanted, wanted // 2, -1):
        if steps % count == 0:
            return (steps // count,) * count
    length = -(-steps // wanted)
    full, rest = divmod(steps, length)
    return (length,) * full + ((rest,) if rest else ())


def take(split: Split, which: Array, rows: Array) -> Split:
    """Rows of one of the stacked splits [splits, n, ...]."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf)[which, rows], split)


def own_count(split: Split, streams: Streams) -> Any:
    """How many examples of a split a member has: a number, or [] where splits are padded."""
    if split.real is None:
        return split.targets.shape[1]
    return jnp.sum(jnp.asarray(split.real)[streams.split], dtype=jnp.int32)


def own_scaling(scaling: Scaling | None, streams: Streams) -> Scaling | None:
    """How numbers are standardised for a member, of that of all splits [splits, ...]."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf)[streams.split], scaling)


def each_batch(
    ask: Callable[[Batch, Array], Any],
    batch_size: int,
    streams: Streams,
    split: Split,
    scaling: Scaling | None = None,
) -> Any:
    """What `ask` of (batch, key) finds in each batch of a whole split: [batches, ...].

    The last batch is padded, and padding has weight 0.
    """
    count = split.targets.shape[1]
    size = min(batch_size, count)
    chunks = -(-count // size)
    own = own_scaling(scaling, streams)

    def one(chunk: Array) -> Any:
        rows = chunk * size + jnp.arange(size)
        weight = (rows < count).astype(jnp.float32)
        batch = to_batch(take(split, streams.split, jnp.minimum(rows, count - 1)), weight, own)
        return ask(batch, jax.random.fold_in(streams.evaluation, chunk))

    if chunks == 1:
        return jax.tree.map(lambda found: found[None], one(jnp.int32(0)))
    return jax.lax.map(one, jnp.arange(chunks))


def over_batches(totals: Metrics) -> dict[str, Array]:
    """Averages over a whole split, of the totals of its batches [batches, ...]."""
    return averages(jax.tree.map(lambda each: jnp.sum(each, axis=0), totals))


def rows_of(batches: Predictions, count: int) -> Predictions:
    """Predictions [batches, batch, ...] of the examples [count, ...]: without padding."""
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:])[:count], batches)


def make_run(learner: Learner, settings: Settings, stream: bool = False) -> Run:
    """The run of a learner under these settings.

    `advance` takes one interval of `intervals[0]` steps (its keyword `steps` names another
    length), then validates. Its history holds `train_*`, averaged over the interval's steps on
    the parameters before each, and `validation_*`; NaN once the run has failed. Where examples
    are a stream, a step goes on in the text where the one before it ended.
    """
    intervals = interval_lengths(settings.steps, settings.evaluations)
    indices = stream_indices if stream else batch_indices
    scored = joined if stream else lambda split: split
    scoring_batch = scoring_size(settings, stream)

    def init(hparams: HParams, streams: Streams) -> Carry:
        return Carry(learner.init(hparams, streams.init), jnp.int32(0), streams, jnp.int32(-1))

    def advance(
        carry: Carry, hparams: HParams, data: TuneData, steps: int = intervals[0]
    ) -> tuple[Carry, dict[str, Array]]:
        examples = own_count(data.train, carry.streams)
        rows = indices(carry.streams.order, carry.step, steps, examples, settings.batch_size)
        new, train = train_interval(learner, carry, hparams, data.train, rows, data.scaling)
        history = prefix("train", averages(train))
        if data.validation is not None:
            held = scored(data.validation)

            def evaluate(batch: Batch, key: Array) -> Metrics:
                return learner.evaluate(new.state, batch, hparams, key)

            found = each_batch(evaluate, scoring_batch, carry.streams, held, data.scaling)
            history |= prefix("validation", over_batches(found))
        return new, of_healthy(new, history)

    def score(
        carry: Carry, hparams: HParams, split: Split, scaling: Scaling | None = None
    ) -> tuple[dict[str, Array], Predictions]:
        def asked(measure: Callable[..., Any], streams: Streams) -> Any:
            def ask(batch: Batch, key: Array) -> Any:
                return measure(carry.state, batch, hparams, key)

            return each_batch(ask, scoring_batch, streams, scored(split), scaling)

        totals, said = asked(learner.judge, carry.streams)
        found = over_batches(totals)
        if learner.examination is not None:
            own = carry.streams._replace(evaluation=examination_key(carry.streams))
            more = asked(learner.examination.measure, own)
            found |= learner.examination.conclude(over_batches(more))
        return of_healthy(carry, found), of_healthy(carry, rows_of(said, split.targets.shape[1]))

    return Run(init, advance, score, intervals)


def examination_key(streams: Streams) -> Array:
    """The key of an examination; each chunk of the split folds in its number."""
    return jax.random.fold_in(streams.evaluation, EXAMINATION)


def scoring_size(settings: Settings, stream: bool) -> int:
    """Examples, or spans of a text, that are scored in one go."""
    return SPANS if stream else max(settings.batch_size, 100)


def of_healthy(carry: Carry, values: dict[str, Array]) -> dict[str, Array]:
    """The same values; NaN, or -1 in the place of a class, once the run has failed."""
    healthy = carry.failed_at < 0

    def of_failed(value: Array) -> float:
        return jnp.nan if jnp.issubdtype(value.dtype, jnp.floating) else -1

    return jax.tree.map(lambda value: jnp.where(healthy, value, of_failed(value)), values)


def prefix(name: str, values: dict[str, Array]) -> dict[str, Array]:
    """The same values, their names behind a split's."""
    return {f"{name}_{key}": value for key, value in values.items()}


def joined(split: Split, xp: Any = jnp) -> Split:
    """Windows of a text [splits, windows, time] as spans of at least `SPAN` tokens.

    A model reads a span from the state it has at the start of a text, and a long span keeps what
    that costs small. The last one is padded, with targets of -1. `xp` is numpy for arrays that
    stay on the host.
    """
    splits, windows, time = split.targets.shape
    each = min(-(-SPAN // time), windows)
    count = -(-windows // each)

    def join(leaf: Array, fill: int) -> Array:
        padding = ((0, 0), (0, count * each - windows), (0, 0))
        padded = xp.pad(xp.asarray(leaf), padding, constant_values=fill)
        return padded.reshape(splits, count, each * time)

    return Split(join(split.inputs, 0), join(split.targets, -1))


def train_interval(
    learner: Learner,
    carry: Carry,
    hparams: HParams,
    train: Split,
    rows: Array,
    scaling: Scaling | None = None,
) -> tuple[Carry, Metrics]:
    """A step of training on each of rows [steps, batch], as one scan.

    A run that fails in them is frozen before them.
    """
    own = own_scaling(scaling, carry.streams)

    def pick(row: Array) -> Batch:
        return training_batch(take(train, carry.streams.split, row), own)

    zeros = no_totals(learner, carry, hparams, pick, rows)
    running, totals = train_steps(learner, carry, zeros, hparams, pick, rows)
    return settled(carry, running), totals
