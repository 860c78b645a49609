"""The stacked splits of a data set as tables of features."""

from __future__ import annotations

from typing import NamedTuple

import jax
import numpy as np

from dlfun.studies.classical.features import extract
from dlfun.studies.stacked import Stacked
from dlfun.types import Spec, Split


class Table(NamedTuple):
    """The examples of a split: features [n, d] float32, targets [n] or [n, outputs]."""

    features: np.ndarray
    targets: np.ndarray


class Tables(NamedTuple):
    """The splits of one replicate, or of all that share them; test is None where it stays shut."""

    train: Table
    validation: Table | None
    test: Table | None


def split_of(data: Stacked, replicate: int) -> int:
    """Where the splits of a replicate are stacked."""
    return replicate if len(data.datasets) > 1 else 0


def table(kind: str, splits: Split | None, at: int, spec: Spec) -> Table | None:
    """One of the stacked splits [splits, n, ...] as a table of these features."""
    if splits is None:
        return None
    split = jax.tree.map(lambda leaf: np.asarray(leaf[at]), splits)
    return Table(extract(kind, split, spec), split.targets)


def tables(kind: str, data: Stacked, at: int, open_test: bool) -> Tables:
    """The splits stacked at `at`; the test split is read only where it is opened."""
    spec = data.first.spec
    train = table(kind, data.tuning.train, at, spec)
    assert train is not None
    validation = table(kind, data.tuning.validation, at, spec)
    return Tables(train, validation, table(kind, data.test, at, spec) if open_test else None)


def first_examples(data: Stacked, count: int) -> Stacked:
    """The same data with fewer training examples: those that --train_examples=`count` leaves."""
    train = jax.tree.map(lambda leaf: leaf[:, :count], data.tuning.train)
    return data._replace(tuning=data.tuning._replace(train=train))
