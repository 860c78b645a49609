"""A population whose data stay on the host: the device holds a few blocks of batches at a time."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import NamedSharding, SingleDeviceSharding

from dlfun.scaling import Scaling
from dlfun.training import hosts
from dlfun.training.order import batch_indices, stream_indices
from dlfun.training.population import Population, Session, put, shape_of
from dlfun.training.program import Program, bytes_needed
from dlfun.training.run import joined, prefix, scoring_size
from dlfun.training.streaming import feed
from dlfun.training.streaming.blocks import Batches, make_block_run
from dlfun.types import HParams, Layout, Learner, Members, Run, Settings, Split, TuneData


class Lane(NamedTuple):
    """The blocks of a source, and [members] which lane each member reads."""

    source: Any
    row: jax.Array


class StreamedPopulation(Population):
    """A population that is fed; it computes what one with its data on the devices does.

    `learner`, `settings` and `stream` are those that its run was made of.
    """

    def __init__(
        self, run: Run, layout: Layout, learner: Learner, settings: Settings, stream: bool
    ) -> None:
        super().__init__(run, layout)
        parts = make_block_run(learner)
        self.batch_size, self.scoring_batch = settings.batch_size, scoring_size(settings, stream)
        self.text = stream
        self.indices: Callable[..., jax.Array] = stream_indices if self.text else batch_indices
        self._orders: dict[tuple[int, int], Program] = {}
        self.begin = self._program(parts.begin, own=3, lanes=1, shared=1)
        self.learn = self._program(parts.learn, own=3, lanes=1, shared=1, donate_argnums=0)
        self.finish = self._program(parts.finish, own=2, donate_argnums=0)
        self.measure = self._program(parts.measure, own=3, lanes=1, shared=2)
        self.close = self._program(parts.close, own=2)
        self.examine = self._program(parts.examine, own=3, lanes=1, shared=2)
        self.conclude = self._program(parts.conclude, own=2)

    @property
    def programs(self) -> tuple[Program, ...]:
        """Every program that streaming uses, compiled or not."""
        own = (self.init, self.begin, self.learn, self.finish, self.measure, self.close)
        return (*own, self.examine, self.conclude, *self._orders.values())

    def place_data(self, data: TuneData | Split) -> Any:
        """The data, where they are; how they are standardised, on every device."""
        if isinstance(data, TuneData):
            return data._replace(scaling=put(data.scaling, self._copied))
        return data

    @contextlib.contextmanager
    def open(
        self, members: Members, first: int, tuning: Any, test: Any, done: int = 0
    ) -> Iterator[Session]:
        """What trains and scores a chunk of the members, and what feeds it."""
        validation = tuning.validation and self._scoring(members, first, tuning.validation)
        training, scaling = self._training(members, first, tuning.train, done), tuning.scaling
        with feed.prefetched(training.source) as blocks:
            lane = Lane(blocks, training.row)
            yield Session(
                functools.partial(self._advance_fed, lane, validation, scaling),
                lambda carry, hparams: self._score_fed(
                    self._scoring(members, first, test), scaling, carry, hparams
                ),
            )

    def _training(self, members: Members, first: int, train: Split, done: int) -> Lane:
        """The blocks of all intervals that are not done, a lane for each replicate."""
        which, row = feed.lanes(members.replicates, self.layout, first)
        at = np.array([members.replicates.index(replicate) for replicate in self._own(which)])
        split = np.asarray(members.streams.split)[at]
        counts = None if train.real is None else train.real.sum(1, dtype=np.int32)[split]
        order = jax.device_put((members.streams.order[at], counts), host_device())
        source = feed.Training(
            train,
            split,
            functools.partial(self._rows, train, order),
            [n for s in self.run.intervals[done:] for n in self._lengths(which, train, s)],
            sum(self.run.intervals[:done]),
        )
        return Lane(source, put(row, self._sharded))

    def _rows(self, train: Split, order: Any, start: np.int32, steps: int) -> Any:
        """Which examples [lanes, steps, batch] the steps from a start on use.

        `order` are the keys of the lanes, and how many examples each has where they differ.
        """
        return self._order(train, steps)(*order, start)

    def _order(self, train: Split, steps: int) -> Program:
        """The program of the order of so many steps, for all lanes of this process."""
        examples = train.targets.shape[1]

        def of_lane(key: jax.Array, own: jax.Array | None, start: jax.Array) -> jax.Array:
            count = examples if own is None else own
            return self.indices(key, start, steps, count, self.batch_size)

        if (examples, steps) not in self._orders:
            of_lanes = jax.vmap(of_lane, in_axes=(0, 0, None))
            at = SingleDeviceSharding(host_device())
            self._orders[examples, steps] = Program(of_lanes, in_shardings=at, out_shardings=at)
        return self._orders[examples, steps]

    def _lengths(self, which: np.ndarray, train: Split, steps: int) -> tuple[int, ...]:
        """The steps of the blocks of an interval."""
        return feed.block_lengths(steps, feed.fitting(train, which.shape[1], self.batch_size))

    def _scoring(self, members: Members, first: int, split: Split) -> Lane:
        """The blocks of a whole split, a lane for each split that members have of their own."""
        if self.text:
            split = joined(split, np)
        splits = np.asarray(members.streams.split).tolist()
        which, row = feed.lanes(splits, self.layout, first)
        largest = feed.fitting(split, which.shape[1], self.scoring_batch)
        source = feed.Scoring(split, self._own(which), self.scoring_batch, largest)
        return Lane(source, put(row, self._sharded))

    def _own(self, which: np.ndarray) -> np.ndarray:
        """The lanes [devices, lanes] of this process's devices, in a row."""
        here = [device.process_index == jax.process_index() for device in self.mesh.devices]
        return which[here].reshape(-1)

    def _advance_fed(
        self,
        training: Lane,
        validation: Lane | None,
        scaling: Scaling | None,
        carry: Any,
        hparams: HParams,
        steps: int,
    ) -> tuple[Any, Any]:
        """One interval: its blocks, then the validation split."""
        running, done = None, 0
        while done < steps:
            block = put_own(next(training.source), self._sharded)
            if running is None:
                running = self.begin(carry, hparams, training.row, block, scaling)
            # No block is sent before the last but one is used up, or they would pile up.
            jax.block_until_ready(running)
            running = self.learn(running, hparams, training.row, block, scaling)
            done += block.targets.shape[1]
        carry, history = self.finish(carry, running)
        if validation is not None:
            found = self._measured(carry, hparams, validation, scaling, self.measure)
            history |= prefix("validation", self.close(carry, found))
        return carry, history

    def _score_fed(
        self, scoring: Lane, scaling: Scaling | None, carry: Any, hparams: HParams
    ) -> tuple[Any, Any]:
        """The metrics of whole test splits, and what is said of each example [own, examples]."""
        found = self._measured(carry, hparams, scoring, scaling, self.examine)
        blocks, said = zip(*found, strict=True)
        count = scoring.source.count

        def joined(*parts: np.ndarray) -> np.ndarray:
            batches = np.concatenate(parts, axis=1)
            return batches.reshape(len(batches), -1, *batches.shape[3:])[:, :count]

        return (
            hosts.own_rows(self.conclude(carry, blocks)),
            jax.tree.map(joined, *hosts.own_rows(said)),
        )

    def _measured(
        self,
        carry: Any,
        hparams: HParams,
        scoring: Lane,
        scaling: Scaling | None,
        measure: Program,
    ) -> tuple[Any, ...]:
        """What `measure` finds in each block of whole splits."""
        found: list[Any] = []
        with feed.prefetched(scoring.source) as blocks:
            for block in blocks:
                split = put_own(block.split, self._sharded)
                batches = put(Batches(block.weight, block.number), self._copied)
                jax.block_until_ready(found[-1:])
                found.append(measure(carry, hparams, scoring.row, split, batches, scaling))
        return tuple(found)

    def compile(self, members: Members, data: TuneData, test: Split | None) -> int:
        """Compiles all programs, without running anything.

        Returns:
          the bytes that one device must hold: the largest program, and the block after its own;
          where the host computes, also the blocks that wait there.
        """
        hparams, streams, carry = self._member_shapes(members)
        lane = jax.ShapeDtypeStruct(streams.split.shape, np.int32)
        scaling = shapes(data.scaling)
        compiled = [self.init.compiled(hparams, streams)]
        which, _ = feed.lanes(members.replicates, self.layout)
        plans = {self._lengths(which, data.train, steps) for steps in self.run.intervals}
        for steps in sorted({n for lengths in plans for n in lengths}):
            lanes = (self._own(which).size,)
            order = jax.ShapeDtypeStruct(lanes, streams.order.dtype)
            own = None if data.train.real is None else jax.ShapeDtypeStruct(lanes, np.int32)
            self._order(data.train, steps).compiled(order, own, np.int32(0))
            block = self._block(data.train, which.size, (steps, self.batch_size))
            begun = self.begin.compiled(carry, hparams, lane, block, scaling)
            running = shapes(begun.out_info)
            compiled += [begun, self.learn.compiled(running, hparams, lane, block, scaling)]
        compiled.append(self.finish.compiled(carry, running))
        scored = [(data.validation, self.measure, self.close), (test, self.examine, self.conclude)]
        for split, measure, close in scored:
            if split is not None:
                inputs = (carry, hparams, lane, scaling)
                compiled += self._compile_scoring(members, split, inputs, measure, close)
        waiting = 1 + (feed.PREFETCHED if jax.default_backend() == "cpu" else 0)
        kept = (size(carry) + waiting * size(block)) // self.layout.devices
        return max(map(bytes_needed, compiled)) + kept

    def _compile_scoring(
        self,
        members: Members,
        split: Split,
        inputs: tuple[Any, Any, Any, Any],
        measure: Program,
        close: Program,
    ) -> list[Any]:
        """The two programs that score a whole split.

        Args:
          inputs: shapes of carry, hyperparameters, lane and scaling.
        """
        carry, hparams, lane, scaling = inputs
        source, _ = self._scoring(members, 0, split)
        which, _ = feed.lanes(np.asarray(members.streams.split).tolist(), self.layout)
        rows = (source.batches, source.batch_size)
        block = self._block(source.split, which.size, rows)
        shape = jax.ShapeDtypeStruct
        batches: Any = Batches(shape(rows, np.float32), shape(rows[:1], np.int32))
        measured = measure.compiled(carry, hparams, lane, block, batches, scaling)
        found = shapes(measured.out_info)
        totals = found[0] if measure is self.examine else found
        return [measured, close.compiled(carry, (totals,) * len(source))]

    def _block(self, split: Split, lanes: int, rows: tuple[int, int]) -> Any:
        """The shape of a block of so many lanes, batches and examples."""
        return jax.tree.map(lambda leaf: shape_of(leaf, (lanes, *rows, *leaf.shape[2:])), split)


def shapes(tree: Any) -> Any:
    """The shapes and types of arrays."""
    return jax.tree.map(lambda leaf: shape_of(leaf, leaf.shape), tree)


def size(tree: Any) -> int:
    """Bytes of arrays, keys at least."""
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def host_device() -> jax.Device:
    """Where the order of examples is computed: the host, if JAX has it beside an accelerator."""
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError:
        return jax.local_devices()[0]


def put_own(tree: Any, sharding: NamedSharding) -> Any:
    """Arrays of which every process has the rows of its own devices, on the devices of all."""
    if sharding.is_fully_addressable:
        return jax.device_put(tree, sharding)
    return jax.tree.map(lambda leaf: jax.make_array_from_process_local_data(sharding, leaf), tree)
