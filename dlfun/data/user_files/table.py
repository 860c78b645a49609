"""A user's table: a .csv or .tsv file with a line of column names, packed by gzip or not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlfun.data.sampling import HELD_OUT
from dlfun.data.user_files import columns, parts, targets
from dlfun.data.user_files.columns import Cells
from dlfun.data.user_files.features import encoded, feature_of, numbers_of, numeric_of, widened
from dlfun.data.user_files.groups import ids_of_cells
from dlfun.data.user_files.parts import Found
from dlfun.data.user_files.roles import DROP, Roles, roles_of, without_missing
from dlfun.data.user_files.table_file import Table, doubts_of_names, read_table, with_points
from dlfun.data.user_files.targets import Target, read_target
from dlfun.errors import OPT, UserError, unknown
from dlfun.preparation import FILLING, Feature, Preparation
from dlfun.types import DataOptions, Spec, Split

DEFAULTS = DataOptions()


class Columns(NamedTuple):
    """The columns that count of a table: those of the inputs, and the target."""

    inputs: tuple[Cells, ...]
    target: Cells


def read(path: Path, options: DataOptions = DEFAULTS) -> Found:
    """The data of a .csv file: each row an example, one column the target.

    A column of numbers is a feature, standardised by the training rows of each replicate; a column
    of text is a feature for each of its texts, 0 or 1, all 0 for a text that no training row has.
    The target is a class if it is text, or whole numbers of few values; else it is a number. What
    a number is, and what a text, `dlfun.data.user_files.cells` and `columns` say; what becomes of
    missing cells, and all else that can be chosen, `DataOptions`. A missing target is refused, or
    its row dropped; it is never filled.

    Raises:
      UserError: naming line or column, if the file cannot be read or a cell be understood.
    """
    table = read_table(path, options.separator)
    roles = roles_of(table, options)
    table = settled(table, roles.used, options)
    own, other, said = columns_of(table, roles, options), None, table.said
    features = features_of(roles, own, options.missing)
    target = read_target(own.target, options.target_type)
    if options.validation is not None:
        held = validation_table(Path(options.validation), table, roles, options)
        said, other = (*said, *held.said), columns_of(held, roles, options)
        pairs = zip(features, other.inputs, strict=True)
        features = tuple(widened(one, cells, options.missing) for one, cells in pairs)
    prepared = preparation_of(features, roles, table, options.missing)
    whole = Split(encoded(own.inputs, features, prepared.fills), as_stored(target))
    hint = f" ({targets.said('number')} predicts whole numbers, which are classes else)"
    splits = parts.hold_out(whole, path, target.classes, hint=hint)
    if other is not None:
        values = targets_like(target, other.target)
        splits["validation"] = Split(encoded(other.inputs, features, prepared.fills), values)
    splits, scaling = parts.stored(splits, numeric_of(features), path, prepared.fills)
    doubts = (*doubts_of_names(roles.inputs), *doubts_of(own.inputs, features), *target.doubts)
    said = (*said, *(f"{path}: {doubt}" for doubt in doubts))
    ids = None
    if roles.together is not None:
        ids = ids_of_cells(table.cells(roles.together), whole)
    spec = spec_of(splits["train"], target)
    return Found(splits, spec, target.classes, scaling, said, prepared, ids)


def features_of(roles: Roles, own: Columns, missing: str | None) -> tuple[Feature, ...]:
    """The features that columns of inputs are."""
    pairs = zip(roles.inputs, own.inputs, strict=True)
    return tuple(feature_of(name, cells, missing) for name, cells in pairs)


def preparation_of(
    features: tuple[Feature, ...], roles: Roles, table: Table, missing: str | None
) -> Preparation:
    """What a record keeps of how a table was read."""
    return Preparation(
        features,
        roles.target,
        missing=missing or "",
        separator=table.separator,
        decimal=table.decimal,
    )


def spec_of(train: Split, target: Target) -> Spec:
    """What models need to know of a table."""
    return Spec(
        shape=train.inputs.shape[1:],
        modality="vector",
        task="classification" if target.classes else "regression",
        outputs=len(target.classes) or 1,
        official_split=HELD_OUT,
    )


def settled(table: Table, names: tuple[str, ...], options: DataOptions, known: str = "") -> Table:
    """A table with points for decimal commas, and without rows that are to be dropped."""
    table = with_points(table, names, known)
    return without_missing(table, names) if options.missing == DROP else table


def columns_of(table: Table, roles: Roles, options: DataOptions) -> Columns:
    """The columns that count; errors say what options there are where a cell is missing."""
    drop = f"{OPT.missing}={DROP} leaves such lines out"
    fill = f"; {OPT.missing}={FILLING[0]} fills such cells, {drop}"
    own = f"; {drop}" if options.missing is None else "; a target is never filled"
    inputs = (table.cells(name, fill) for name in roles.inputs)
    return Columns(tuple(inputs), table.cells(roles.target, own))


def as_stored(target: Target) -> np.ndarray:
    """Class ids [n], or numbers [n, 1]."""
    return target.values if target.classes else target.values[:, None]


def doubts_of(inputs: Sequence[Cells], features: Sequence[Feature]) -> list[str]:
    """What columns of inputs could be instead, and which cells were filled."""
    found, filled = [], []
    for cells, feature in zip(inputs, features, strict=True):
        missing = columns.missing_of(cells.texts)
        found += columns.doubts_of(cells.take(~missing), not feature.categories)
        if missing.any():
            filled.append(f"{feature.name} ({missing.sum()})")
    said = f"missing cells are filled in {parts.listed(filled)}"
    return [*([said] if filled else []), *found]


def validation_table(path: Path, like: Table, roles: Roles, options: DataOptions) -> Table:
    """The table of a validation file, which has the columns that count of another.

    Raises:
      UserError: if it has not, or cannot be read.
    """
    table = read_table(path, options.separator, like.separator)
    names = (*roles.inputs, roles.target)
    for name in names:
        if name not in table.places:
            raise UserError(
                f"{OPT.validation}: {path} has no column {name}, which {like.path} has: "
                f"{unknown('column', name, list(table.places))}"
            )
    return settled(table, names, options, like.decimal)


def targets_like(target: Target, cells: Cells) -> np.ndarray:
    """The targets of other rows, as those of a table are stored.

    Raises:
      UserError: if one is a class that the table does not have, or no number where those are due.
    """
    if not target.classes:
        return numbers_of(cells, fills=False, indicator=False)
    columns.check_filled(cells, category=True)
    ids = {name: i for i, name in enumerate(target.classes)}
    for i, text in enumerate(cells.texts):
        if text not in ids:
            raise UserError(
                f"{cells.at(i)} is none of the classes to learn from, "
                f"{parts.listed(target.classes)}; leave the {cells.unit} out"
            )
    return np.array([ids[text] for text in cells.texts], np.int32)


def read_like(prepared: Preparation, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """The features [n, features] float64 of another table, in the user's units, and doubts.

    Columns are found by their names, in any order; others are passed over. Missing numbers are NaN
    where those of the data set were filled.

    Raises:
      UserError: naming line or column, if a column is missing, a cell no number where numbers are
        due, or a text none of the categories.
    """
    table, names = read_table(path, usual=prepared.separator), [f.name for f in prepared.features]
    missing = [name for name in names if name not in table.places]
    if missing:
        raise UserError(f"{path}: has no column {missing[0]}, which the model needs; add it")
    table = with_points(table, names, prepared.decimal)
    drop = "; lines with missing cells were left out of what the model learned from"
    remedy = drop if prepared.missing == DROP else ""
    cells = [table.cells(name, remedy) for name in names]
    return encoded(cells, prepared.features, prepared.fills), table.said
