"""The splits of a data set as a population sees them: stacked, one or one a replicate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.data.lazy import stacked
from dlfun.data.sampling import take
from dlfun.scaling import Scaling
from dlfun.types import Dataset, Split, TuneData


class Stacked(NamedTuple):
    """The splits [splits, n, ...] of a data set: one, or one for each replicate.

    Those of different sizes are padded in `tuning` and `test`, and as they are in `datasets`.
    """

    datasets: tuple[Dataset, ...]
    tuning: TuneData
    test: Split

    @property
    def first(self) -> Dataset:
        """The data set as the first replicate sees it."""
        return self.datasets[0]


def stack(datasets: Sequence[Dataset]) -> Stacked:
    """The same split of several data sets, stacked on a new first axis."""

    def both(splits: Sequence[Split]) -> Split:
        return jax.tree.map(lambda *arrays: stacked(arrays), *padded(splits))

    held_out = [d.validation for d in datasets if d.validation is not None]
    tuning = TuneData(
        both([d.train for d in datasets]),
        both(held_out) if held_out else None,
        scalings([d.scaling for d in datasets]),
    )
    return Stacked(tuple(datasets), tuning, both([d.test for d in datasets]))


def padded(splits: Sequence[Split]) -> Sequence[Split]:
    """The same splits, all as long as the longest: what is missing is their last example again.

    Where they are of one size already they have no padding, and nothing says that they are real.
    """
    counts = [len(split.targets) for split in splits]
    if len(set(counts)) == 1:
        return splits
    rows = np.arange(max(counts))
    return [
        take(split, np.minimum(rows, count - 1))._replace(real=rows < count)
        for split, count in zip(splits, counts, strict=True)
    ]


def fewest(splits: Split) -> int:
    """The number of examples of the smallest of the stacked splits, or of their shapes."""
    if splits.real is None:
        return int(splits.targets.shape[1])
    return int(np.asarray(splits.real).sum(axis=1).min())


def mean_count(splits: Split) -> float:
    """The number of examples of a split, its mean over the stacked ones."""
    if splits.real is None:
        return float(splits.targets.shape[1])
    return float(np.asarray(splits.real).sum(axis=1).mean())


def one_of(splits: Split, at: int) -> Split:
    """One of the stacked splits, without its padding."""
    own = jax.tree.map(lambda leaf: leaf[at], splits)
    if own.real is None:
        return own
    return take(own, slice(int(own.real.sum())))


def scalings(each: Sequence[Scaling | None]) -> Scaling | None:
    """How numbers are standardised, a row a split; None where they are not."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *each)


def shut(data: Stacked) -> Stacked:
    """The same data without any test split."""
    nothing: Any = None
    without = tuple(dataset._replace(test=nothing) for dataset in data.datasets)
    return data._replace(datasets=without, test=nothing)
