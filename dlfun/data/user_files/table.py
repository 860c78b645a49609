"""A user's table: a .csv file with a line of column names."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlfun.data.sampling import HELD_OUT
from dlfun.data.user_files import columns, csv_file, parts, targets
from dlfun.data.user_files.cells import are_clean, are_numbers, check_apart, clean, is_number
from dlfun.data.user_files.columns import Cells
from dlfun.data.user_files.groups import group_column, ids_of_cells
from dlfun.data.user_files.parts import Found
from dlfun.data.user_files.targets import read_target
from dlfun.errors import OPT, UserError, short, unknown
from dlfun.host_memory import check_room
from dlfun.preparation import Feature, Preparation
from dlfun.types import Spec, Split
from dlfun.words import plural

CELLS = 4
"""So many times as much memory as on disk the cells of a table take, at least."""


NAMELESS = "if it is an example, put a line of names before it"
APART = "; commas part cells, and numbers are written with a point"


class Table(NamedTuple):
    """The cells of a file: the place of each column by name, its rows, and their last lines."""

    places: dict[str, int]
    rows: list[list[str]]
    lines: list[int]


def read(
    path: Path,
    target_column: str | None = None,
    target_type: str | None = None,
    groups: str | None = None,
) -> Found:
    """The data of a .csv file: each row an example, one column the target.

    A column of numbers is a feature, standardised by the training rows of each replicate; a column
    of text is a feature for each of its texts, 0 or 1, all 0 for a text that no training row has.
    The target is a class if it is text, or whole numbers of few values; else it is a number. What
    a number is, and what a text, `dlfun.data.user_files.cells` and `columns` say.

    Args:
      target_column: its name; None is the last column.
      target_type: class or number; None is what it looks like.
      groups: the column that says which rows belong together, which is no feature; None is none.

    Raises:
      UserError: naming line or column, if the file cannot be read or a cell be understood.
    """
    table = read_table(path)
    target = target_of(table, target_column, path)
    others = [name for name in table.places if name != target]
    together = None if groups is None else group_column(groups, others, path)
    names = [name for name in others if name != together]
    cells = [cells_of(table, name, path) for name in names]
    features = tuple(feature_of(name, own) for name, own in zip(names, cells, strict=True))
    found = read_target(cells_of(table, target, path), target_type)
    whole = Split(
        encoded(cells, features), found.values if found.classes else found.values[:, None]
    )
    hint = f" ({targets.said('number')} predicts whole numbers, which are classes else)"
    held = parts.hold_out(whole, path, found.classes, hint=hint)
    splits, scaling = parts.stored(held, numeric_of(features), path)
    spec = Spec(
        shape=splits["train"].inputs.shape[1:],
        modality="vector",
        task="classification" if found.classes else "regression",
        outputs=len(found.classes) or 1,
        official_split=HELD_OUT,
    )
    pairs = zip(cells, features, strict=True)
    doubts = [d for own, f in pairs for d in columns.doubts_of(own, not f.categories)]
    said = tuple(f"{path}: {doubt}" for doubt in (*doubts_of_names(names), *doubts, *found.doubts))
    ids = None if together is None else ids_of_cells(cells_of(table, together, path), whole)
    return Found(splits, spec, found.classes, scaling, said, Preparation(features, target), ids)


def target_of(table: Table, target_column: str | None, path: Path) -> str:
    """The name of the column to be predicted; None is the last one.

    Raises:
      UserError: if there is no such column, or no other.
    """
    names = list(table.places)
    target = names[-1] if target_column is None else clean(target_column)
    if target not in table.places:
        raise UserError(f"{OPT.target_column}: {path}: {unknown('column', target, names)}")
    if len(names) < 2:
        raise UserError(f"{path} has one column only: {target}; commas must part at least two")
    return target


def feature_of(name: str, cells: Cells) -> Feature:
    """What a column of features is.

    Raises:
      UserError: if it is neither numbers nor text, or text with too many values.
    """
    numeric = columns.is_numeric(cells)
    return Feature(name, () if numeric else columns.categories_of(cells))


def encoded(others: Sequence[Cells], features: Sequence[Feature]) -> np.ndarray:
    """The features [n, features] float64 that columns are.

    Raises:
      UserError: if a cell is no number, or none of the categories.
    """
    made = [
        one_hot(cells, feature.categories) if feature.categories else numbers_of(cells)[:, None]
        for cells, feature in zip(others, features, strict=True)
    ]
    return np.concatenate(made, axis=1)


def numbers_of(cells: Cells) -> np.ndarray:
    """The numbers [n] of a column.

    Raises:
      UserError: if a cell is none.
    """
    if not are_numbers(cells.texts):
        columns.check_filled(cells)
        i = next(i for i, text in enumerate(cells.texts) if not is_number(text))
        raise UserError(f"{cells.at(i)} is not a number ({columns.HOW}); mend it")
    return columns.numbers_of(cells)


def one_hot(cells: Cells, categories: Sequence[str]) -> np.ndarray:
    """[n, categories] of 0 and 1.

    Raises:
      UserError: if a cell is none of the categories.
    """
    known = {category: place for place, category in enumerate(categories)}
    for i, text in enumerate(cells.texts):
        if text not in known:
            columns.check_filled(cells)
            raise UserError(
                f"{cells.at(i)} is none of {parts.listed(categories)}, which the model knows; "
                f"write one of them, or leave the {cells.unit} out"
            )
    return np.eye(len(categories))[[known[text] for text in cells.texts]]


def numeric_of(features: Sequence[Feature]) -> np.ndarray:
    """[features], whether each is a number and not a category."""
    return np.repeat([not f.categories for f in features], [f.width for f in features])


def read_like(features: Sequence[Feature], path: Path) -> np.ndarray:
    """The features [n, features] float64 of another table, in the user's units.

    Columns are found by their names, in any order; others are passed over.

    Raises:
      UserError: naming line or column, if a column is missing, a cell no number where numbers are
        due, or a text none of the categories.
    """
    table = read_table(path)
    missing = [feature.name for feature in features if feature.name not in table.places]
    if missing:
        raise UserError(f"{path}: has no column {missing[0]}, which the model needs; add it")
    return encoded([cells_of(table, feature.name, path) for feature in features], features)


def read_table(path: Path) -> Table:
    """The cells of a file, cleaned, as many in each line as there are columns."""
    rows, lines = [], []
    check_size(path)
    try:
        with csv_file.rows_of(path) as reader:
            for row in reader:
                if row:
                    rows.append(row if are_clean(row) else list(map(clean, row)))
                    lines.append(reader.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{path} cannot be read as .csv in UTF-8 ({csv_file.why(error)}); "
            f"{csv_file.remedy(error)}"
        ) from None
    if len(rows) < 2:
        raise UserError(f"{path} must hold a line of column names, and an example on each other")
    check_cells(rows, lines, path)
    return Table({name: place for place, name in enumerate(rows[0])}, rows[1:], lines[1:])


def check_size(path: Path) -> None:
    """Raises UserError if the texts of a table do not fit the memory."""
    remedy = "leave rows or columns out, or give numbers as .npz"
    check_room(CELLS * path.stat().st_size, f"{path}: its cells", remedy)


def check_cells(rows: Sequence[Sequence[str]], lines: Sequence[int], path: Path) -> None:
    """Raises UserError unless columns have names of their own, and every line a cell for each."""
    names = rows[0]
    check_names(names, f"{path}, line 1")
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(names):
            raise UserError(
                f"{path}, line {line}: {plural(len(row), 'cell')}, and line 1 names "
                f"{plural(len(names), 'column')}{APART * (len(names) == 1)}"
            )


def check_names(names: Sequence[str], where: str) -> None:
    """Raises UserError unless columns have names of their own."""
    if "" in names:
        raise UserError(
            f"{where}: column {names.index('') + 1} has no name; give it one, or take it out "
            "(pandas and R number lines in such a column, unless told index=False, row.names=FALSE)"
        )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        hint = f"; {NAMELESS}" if is_number(twice[0]) else ""
        raise UserError(f"{where}: every column needs a name of its own; see {twice[0]!r}{hint}")
    check_apart(names, where)


def doubts_of_names(names: Sequence[str]) -> list[str]:
    """Whether line 1 may be an example: names that are numbers, as no counting gives them."""
    numbers = [name for name in names if is_number(name) and not name.isdecimal()]
    doubt = f"line 1 names the columns, and holds a number, {short(numbers[0])}" if numbers else ""
    return [f"{doubt}; {NAMELESS}"] if numbers else []


def cells_of(table: Table, name: str, path: Path) -> Cells:
    """The cells of a column."""
    cell = itemgetter(table.places[name])
    return Cells(list(map(cell, table.rows)), f"column {name}", path, table.lines)
