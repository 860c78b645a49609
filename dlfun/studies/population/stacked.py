"""The splits of a data set as a population sees them: stacked, one or one a replicate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from dlfun.data.lazy import stacked
from dlfun.scaling import Scaling
from dlfun.types import Dataset, Split, TuneData


class Stacked(NamedTuple):
    """The splits [splits, n, ...] of a data set: one, or one a replicate under random splits."""

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
        return jax.tree.map(lambda *arrays: stacked(arrays), *splits)

    held_out = [d.validation for d in datasets if d.validation is not None]
    tuning = TuneData(
        both([d.train for d in datasets]),
        both(held_out) if held_out else None,
        scalings([d.scaling for d in datasets]),
    )
    return Stacked(tuple(datasets), tuning, both([d.test for d in datasets]))


def scalings(each: Sequence[Scaling | None]) -> Scaling | None:
    """How numbers are standardised, a row a split; None where they are not."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *each)


def shut(data: Stacked) -> Stacked:
    """The same data without any test split."""
    nothing: Any = None
    without = tuple(dataset._replace(test=nothing) for dataset in data.datasets)
    return data._replace(datasets=without, test=nothing)
