"""The stacked splits of a data set as tables of features."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from dlfun.config.classical import RAW
from dlfun.studies.baselines.features import extract
from dlfun.studies.population.stacked import Stacked, one_of, scalings
from dlfun.types import Dataset, Split


class Table(NamedTuple):
    """The examples of a split: features [n, d] float32, targets [n] or [n, outputs]."""

    features: np.ndarray
    targets: np.ndarray


class Tables(NamedTuple):
    """The splits of one replicate, or of all that share them; test is None where it stays shut.

    `measured` says that targets are numbers in a unit of the user's own.
    """

    train: Table
    validation: Table | None
    test: Table | None
    measured: bool = False


Read = Callable[[str, int], Tables]
"""(features, where the splits are stacked) -> tables."""


def split_of(data: Stacked, replicate: int) -> int:
    """Where the splits of a replicate are stacked."""
    return replicate if len(data.datasets) > 1 else 0


class Reader:
    """Reads the tables of a data set, and keeps those that take long to make: hand-made ones."""

    def __init__(self, data: Stacked) -> None:
        self._data = data
        self._kept: dict[tuple[str, int, str], Table] = {}

    def __call__(self, kind: str, at: int) -> Tables:
        """Tables of a kind of features, of the splits that are not shut."""
        train, held_out, _ = self._data.tuning
        test = self._data.test
        scaling = self._data.datasets[at].scaling
        return Tables(
            self._table(kind, at, "train", train),
            None if held_out is None else self._table(kind, at, "validation", held_out),
            None if test is None else self._table(kind, at, "test", test),
            scaling is not None and scaling.targets is not None,
        )

    def _table(self, kind: str, at: int, name: str, splits: Split) -> Table:
        key = (kind, at, name)
        if key in self._kept:
            return self._kept[key]
        split = jax.tree.map(np.asarray, one_of(splits, at))
        own = self._data.datasets[at]
        made = Table(extract(kind, split, own.spec, own.scaling), split.targets)
        if kind != RAW:
            self._kept[key] = made
        return made


def first_examples(data: Stacked, count: int) -> Stacked:
    """The same data with fewer training examples: those that --train_examples=`count` leaves."""
    train = jax.tree.map(lambda leaf: leaf[:, :count], data.tuning.train)
    own = tuple(refitted(dataset, count) for dataset in data.datasets)
    scaling = scalings([dataset.scaling for dataset in own])
    return data._replace(datasets=own, tuning=data.tuning._replace(train=train, scaling=scaling))


def refitted(dataset: Dataset, count: int) -> Dataset:
    """A data set whose numbers are standardised by the first of its training examples."""
    if dataset.scaling is None:
        return dataset
    rows = (dataset.train.inputs[:count], dataset.train.targets[:count])
    return dataset._replace(scaling=dataset.scaling.fitted(*rows))
