"""The roles of a table's columns: the target, what groups are by, what is ignored, the inputs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlfun.data.user_files import columns
from dlfun.data.user_files.cells import clean
from dlfun.data.user_files.groups import group_column
from dlfun.data.user_files.table_file import Table
from dlfun.errors import OPT, UserError, unknown
from dlfun.types import DataOptions
from dlfun.words import plural

DROP = "drop"


class Roles(NamedTuple):
    """Names of columns: the target, that of groups or None, and those of the inputs."""

    target: str
    together: str | None
    inputs: tuple[str, ...]

    @property
    def used(self) -> tuple[str, ...]:
        """All that count."""
        together = () if self.together is None else (self.together,)
        return (*self.inputs, self.target, *together)


def roles_of(table: Table, options: DataOptions) -> Roles:
    """The roles that options give the columns of a table; the target is the last, if none.

    Raises:
      UserError: if there is no such column, or none is left to learn from.
    """
    path, every = table.path, list(table.places)
    ignored = tuple(map(clean, options.ignore_columns or ()))
    for name in ignored:
        if name not in every:
            raise UserError(f"{OPT.ignore_columns}: {path}: {unknown('column', name, every)}")
    names = [name for name in every if name not in ignored]
    if not names:
        raise UserError(f"{OPT.ignore_columns}: {path} has no other column; leave one out")
    target = names[-1] if options.target_column is None else clean(options.target_column)
    if target in ignored:
        raise UserError(
            f"{OPT.ignore_columns}: {path}: column {target} is the target; name another "
            f"{OPT.target_column}"
        )
    if target not in names:
        raise UserError(f"{OPT.target_column}: {path}: {unknown('column', target, names)}")
    others = [name for name in names if name != target]
    if not others:
        raise nothing_to_learn(path, target, bool(ignored))
    groups = options.groups
    if groups is not None and clean(groups) in ignored:
        raise UserError(f"{OPT.ignore_columns}: {path}: {OPT.groups} names {clean(groups)}, too")
    together = None if groups is None else group_column(groups, others, path)
    return Roles(target, together, tuple(name for name in others if name != together))


def nothing_to_learn(path: Path, target: str, ignored: bool) -> UserError:
    """The error of a table that has no column beside its target."""
    if ignored:
        return UserError(
            f"{OPT.ignore_columns}: {path} has no other column than the target, {target}; leave "
            "one out"
        )
    return UserError(
        f"{path} has one column only: {target}; commas, semicolons or tabs must part at least two"
    )


def without_missing(table: Table, names: tuple[str, ...]) -> Table:
    """The rows of a table that have a cell in all of these columns; how many had none is said.

    Raises:
      UserError: if there are none.
    """
    each = {name: columns.missing_of(table.cells(name).texts) for name in names}
    missing = np.any(list(each.values()), axis=0)
    if not missing.any():
        return table
    most = max(each, key=lambda name: int(each[name].sum()))
    where = f"most of them in column {most}, {int(each[most].sum())}"
    if missing.all():
        raise UserError(
            f"{OPT.missing}={DROP}: {table.path}: all rows have missing cells, {where}; ignore "
            f"such columns by {OPT.ignore_columns}"
        )
    rows = np.flatnonzero(~missing).tolist()
    said = (
        f"{table.path}: {int(missing.sum())} of {plural(len(missing), 'row')} have missing cells, "
        f"{where}, and are left out"
    )
    return table._replace(
        rows=[table.rows[i] for i in rows],
        lines=[table.lines[i] for i in rows],
        said=(*table.said, said),
    )
