"""Blocks of batches, gathered on the host by Grain's threads while the device computes.

A block is a pure function of its number: which examples it holds follows from the order keys and
the step, as it does where the data are on the device. So the threads need no state.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import grain
import jax
import numpy as np

from dlfun.data.lazy import Rows
from dlfun.training.layout.layout import member_rows
from dlfun.types import Layout, Split

BLOCK_BYTES = 64 * 2**20
"""The most that a block takes on a device, unless a single batch is larger."""

THREADS = 2
PREFETCHED = 2
"""Blocks that wait on the host for their turn."""


class Source(Protocol):
    """What Grain reads: element i is a pure function of i."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Any: ...


class Lanes(NamedTuple):
    """What members share: each device holds a lane of blocks for each stream that they read.

    Attributes:
      which: [devices, lanes], the stream of each lane.
      row: [members], padding included: the lane of its device that a member reads.
    """

    which: np.ndarray
    row: np.ndarray


def lanes(streams: Sequence[int], layout: Layout, first: int = 0) -> Lanes:
    """The lanes of a chunk of members, as many as the largest chunk needs.

    Args:
      streams: which one each member reads: its replicate, or its split.

    >>> lanes([0, 1, 2, 0, 1, 2], Layout(2, 3)).which.tolist()
    [[0, 1, 2], [0, 1, 2]]
    >>> lanes([0, 1, 2, 3], Layout(2, 2))
    Lanes(which=array([[0, 1],
           [2, 3]]), row=array([0, 1, 0, 1], dtype=int32))
    """
    count = len(streams)

    def by_device(start: int) -> np.ndarray:
        chosen = np.asarray(streams)[member_rows(count, layout, start)]
        return chosen.reshape(layout.devices, -1)

    starts = range(0, count, layout.chunk or count)
    width = max(len(np.unique(own)) for start in starts for own in by_device(start))
    found = [np.unique(own, return_inverse=True) for own in by_device(first)]
    which = [np.pad(own, (0, width - len(own)), mode="edge") for own, _ in found]
    return Lanes(np.stack(which), np.concatenate([row for _, row in found]).astype(np.int32))


def block_lengths(steps: int, largest: int) -> tuple[int, ...]:
    """Steps of an interval's blocks: equal where a number near the fewest divides the steps.

    >>> block_lengths(100, 30), block_lengths(7, 3), block_lengths(5, 9)
    ((25, 25, 25, 25), (3, 3, 1), (5,))
    """
    fewest = -(-steps // largest)
    for count in range(fewest, min(2 * fewest, steps) + 1):
        if steps % count == 0:
            return (steps // count,) * count
    length = -(-steps // fewest)
    full, rest = divmod(steps, length)
    return (length,) * full + ((rest,) if rest else ())


def fitting(split: Split, lanes: int, batch: int) -> int:
    """How many batches of a split [splits, n, ...] make a block, for so many lanes."""
    leaves = [leaf for leaf in split if leaf is not None]
    each = sum(math.prod(leaf.shape[2:]) * leaf.dtype.itemsize for leaf in leaves)
    return max(1, BLOCK_BYTES // (lanes * batch * each))


def gather(split: Split, which: np.ndarray, rows: np.ndarray) -> Split:
    """Rows [lanes, ...] of the stacked splits that the lanes read: [lanes, ..., *shape]."""
    own = which.reshape(-1, *(1 for _ in rows.shape[1:]))

    def taken(leaf: Any) -> np.ndarray:
        if isinstance(leaf, Rows):
            return np.asarray(leaf[own, rows])
        flat = leaf.reshape(-1, *leaf.shape[2:])
        return flat.take(own * leaf.shape[1] + rows, axis=0)

    return jax.tree.map(taken, split)


class Training:
    """The blocks of a run [lanes, steps, batch, ...], from its first step to its last.

    Args:
      train: the training splits [splits, n, ...].
      which: [lanes], the split of each lane.
      rows: (start, steps) -> [lanes, steps, batch], the examples of the steps from a start on.
      lengths: the steps of every block.
      start: the step at which the first of them begins.
    """

    def __init__(
        self,
        train: Split,
        which: np.ndarray,
        rows: Callable[[np.int32, int], Any],
        lengths: Sequence[int],
        start: int = 0,
    ) -> None:
        self.train, self.which, self.rows, self.lengths = train, which, rows, lengths
        self.starts = (start + np.cumsum(lengths) - lengths).astype(np.int32)

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, number: int) -> Split:
        rows = self.rows(self.starts[number], self.lengths[number])
        return gather(self.train, self.which, np.asarray(rows))


class Scored(NamedTuple):
    """A block of a whole split: batches [lanes, batches, batch, ...], padding of weight 0.

    `weight` is [batches, batch]; `number` [batches] says which batch of the split each one is.
    """

    split: Split
    weight: np.ndarray
    number: np.ndarray


class Scoring:
    """The blocks of whole splits, all of one shape: what is left over is padded."""

    def __init__(self, split: Split, which: np.ndarray, batch_size: int, largest: int) -> None:
        self.split, self.which = split, which
        self.count = split.targets.shape[1]
        self.batch_size, self.batches, self.blocks = scoring_plan(self.count, batch_size, largest)

    def __len__(self) -> int:
        return self.blocks

    def __getitem__(self, number: int) -> Scored:
        batches = number * self.batches + np.arange(self.batches, dtype=np.int32)
        rows = batches[:, None] * self.batch_size + np.arange(self.batch_size)
        weight = (rows < self.count).astype(np.float32)
        own = np.broadcast_to(np.minimum(rows, self.count - 1), (len(self.which), *rows.shape))
        return Scored(gather(self.split, self.which, own), weight, batches)


def scoring_plan(count: int, batch_size: int, largest: int) -> tuple[int, int, int]:
    """Examples of a batch, batches of a block, and blocks of a whole split.

    >>> scoring_plan(1050, 100, 4)
    (100, 4, 3)
    """
    size = min(batch_size, count)
    batches = -(-count // size)
    blocks = -(-batches // largest)
    return size, -(-batches // blocks), blocks


@contextlib.contextmanager
def prefetched(source: Source) -> Iterator[Iterator[Any]]:
    """The elements of a source in their order, a few gathered ahead by threads."""
    options = grain.ReadOptions(num_threads=THREADS, prefetch_buffer_size=PREFETCHED)
    elements = iter(grain.MapDataset.source(source).to_iter_dataset(options))
    try:
        yield elements
    finally:
        elements.close()
