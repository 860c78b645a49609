"""Groups of a user's examples, which belong together: a column of a table, or arrays of ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from dlfun.data.sampling import fifth
from dlfun.data.user_files import columns
from dlfun.data.user_files.cells import clean
from dlfun.data.user_files.columns import Cells
from dlfun.errors import OPT, UserError, short, unknown
from dlfun.types import Split
from dlfun.words import plural

Groups = tuple[np.ndarray, np.ndarray]
"""Ids [n] of the groups of the examples to learn from, and of those for test."""


def group_column(groups: str, others: Sequence[str], path: Path) -> str:
    """The name of the column of groups, of those of a table beside its target.

    Raises:
      UserError: if there is no such column, or it is all else that there is.
    """
    name = clean(groups)
    if name not in others:
        raise UserError(f"{OPT.groups}: {path}: {unknown('column', name, others)}")
    if len(others) < 2:
        raise UserError(
            f"{OPT.groups}={short(name)}: {path} has no other column to learn from; leave it out"
        )
    return name


def ids_of_cells(cells: Cells, whole: Split) -> Groups:
    """The groups of the rows of a table, of which a fifth is held out.

    Raises:
      UserError: if a cell is empty.
    """
    columns.check_filled(cells)
    return held_out(np.asarray(cells.texts), whole)


def held_out(values: np.ndarray, whole: Split) -> Groups:
    """Groups by their values [n], where a fifth of the examples is held out."""
    ids, rows = ids_of(values), fifth(whole.targets)
    return ids[rows["train"]], ids[rows["test"]]


def ids_of(values: np.ndarray) -> np.ndarray:
    """Values [n], texts or numbers, as ids."""
    return np.unique(values, return_inverse=True)[1].astype(np.int32)


def ids_of_arrays(
    arrays: Mapping[str, np.ndarray], named: str, given: Mapping[str, Split], path: Path
) -> Groups:
    """The groups of arrays: one of this name, or with a test split one of each split.

    Args:
      arrays: all that there are, such as `groups`, or `train_groups` and `test_groups`.
      given: the splits as they were given.

    Raises:
      UserError: if one is not there, or does not say it of each example.
    """
    sizes = {"train": given["train"]} | ({"test": given["test"]} if "test" in given else {})
    names = {part: f"{part}_{named}" if "test" in given else named for part in sizes}
    for part, name in names.items():
        if name not in arrays:
            raise UserError(
                f"{OPT.groups}={short(named)}: {path} holds no {name}, which says of each "
                f"{part} example what it belongs to; it holds {', '.join(sorted(arrays))}"
            )
        count = len(sizes[part].targets)
        if arrays[name].shape != (count,):
            raise UserError(
                f"{OPT.groups}={short(named)}: {name} of {path} has the shape "
                f"{list(arrays[name].shape)}, and there are {plural(count, 'example')}; give one "
                "id or text for each"
            )
    if len(names) == 1:
        return held_out(arrays[named], given["train"])
    train, test = (arrays[name] for name in names.values())
    ids = ids_of(np.concatenate([train, test]))
    return ids[: len(train)], ids[len(train) :]
