"""Rows of arrays that stay where they are until they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlfun.data.raw import Raw
from dlfun.types import Split


class Rows:
    """Rows of arrays laid end to end, memory-mapped files among them; nothing is copied.

    It has the shape [*rows.shape, *rest] of the array that it stands for, is indexed along the
    axes of `rows`, and becomes that array by `np.asarray`.

    >>> some = Rows((np.array([10, 11]), np.array([12, 13])), np.arange(4))[[3, 0]]
    >>> some.shape, np.asarray(some)
    ((2,), array([13, 10]))
    """

    def __init__(self, parts: tuple[np.ndarray, ...], rows: np.ndarray) -> None:
        self.parts = parts
        self.rows = rows
        self.shape = (*rows.shape, *parts[0].shape[1:])
        self.ndim = len(self.shape)
        self.dtype = parts[0].dtype

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Rows:
        return Rows(self.parts, self.rows[index])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if len(self.parts) == 1:
            return self.parts[0].take(self.rows, axis=0).astype(dtype or self.dtype, copy=False)
        flat = self.rows.reshape(-1)
        found = np.empty((len(flat), *self.parts[0].shape[1:]), dtype or self.dtype)
        first = 0
        for part in self.parts:
            here = (flat >= first) & (flat < first + len(part))
            found[here] = part[flat[here] - first]
            first += len(part)
        return found.reshape(self.shape)


def lazy(split: Split) -> Split:
    """The same examples, none of them copied by what is done to the split."""
    return Split(*(leaf if leaf is None else Rows((leaf,), np.arange(len(leaf))) for leaf in split))


def lazy_raw(raw: Raw) -> Raw:
    """The same data set, whose splits are lazy."""
    validation = None if raw.validation is None else lazy(raw.validation)
    return raw._replace(train=lazy(raw.train), test=lazy(raw.test), validation=validation)


def concatenated(arrays: Sequence[Any]) -> Any:
    """Arrays [n, ...] end to end; lazy where they are."""
    if not isinstance(arrays[0], Rows):
        return np.concatenate(arrays)
    first, rows = 0, []
    for array in arrays:
        rows.append(array.rows + first)
        first += sum(map(len, array.parts))
    return Rows(sum((array.parts for array in arrays), ()), np.concatenate(rows))


def stacked(arrays: Sequence[Any]) -> Any:
    """Arrays [...] of one shape on a new first axis; lazy where they are rows of the same."""
    first = arrays[0]
    if not isinstance(first, Rows):
        return np.stack(arrays)
    assert all(a is b for other in arrays for a, b in zip(first.parts, other.parts, strict=True))
    return Rows(first.parts, np.stack([array.rows for array in arrays]))
