"""A user's table: a .csv file with a line of column names."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.data.own import parts
from dlfun.data.own.parts import Found
from dlfun.data.splitting import HELD_OUT
from dlfun.errors import UserError, unknown
from dlfun.types import Spec, Split

CATEGORIES = 50  # of a column of text
CLASSES = 100

NUMBERS = " (whole numbers are classes; to predict them as numbers, write 3 as 3.0)"
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


class Table(NamedTuple):
    """The cells of a file: names of the columns, its rows, and the line each row ends on."""

    names: list[str]
    rows: list[list[str]]
    lines: list[int]


class Column(NamedTuple):
    """A column as features: [n, 1] numbers, or [n, categories] of 0 and 1."""

    values: np.ndarray
    numeric: bool


def read(path: Path, target_column: str | None = None) -> Found:
    """The data of a .csv file: each row an example, one column the target.

    A column of numbers is a feature, standardised by the training rows of each replicate; a column
    of text is a feature for each of its texts, 0 or 1, all 0 for a text that no training row has.
    The target is a class if it is text, or whole numbers of at most `CLASSES` values; else it is a
    number.

    Args:
      target_column: its name; None is the last column.

    Raises:
      UserError: naming line or column, if the file cannot be read or a cell be understood.
    """
    table = read_table(path)
    target = target_of(table, target_column, path)
    splits, numeric, classes = read_parts(table, target, path)
    splits, scaling = parts.stored(splits, numeric, path)
    spec = Spec(
        shape=splits["train"].inputs.shape[1:],
        modality="vector",
        task="classification" if classes else "regression",
        outputs=len(classes) or 1,
        official_split=HELD_OUT,
    )
    return Found(splits, spec, classes, scaling)


def target_of(table: Table, target_column: str | None, path: Path) -> str:
    """The name of the column to be predicted; None is the last one.

    Raises:
      UserError: if there is no such column, or no other.
    """
    target = table.names[-1] if target_column is None else target_column
    if target not in table.names:
        raise UserError(f"--target_column: {path}: {unknown('column', target, table.names)}")
    if len(table.names) < 2:
        raise UserError(f"{path} has one column only: {target}; commas must part at least two")
    return target


def read_parts(
    table: Table, target: str, path: Path
) -> tuple[dict[str, Split], np.ndarray, tuple[str, ...]]:
    """The splits in the file's units, which features are numbers, and the classes."""
    columns = [read_column(table, name, path) for name in table.names if name != target]
    targets, classes = read_target(table, target, path)
    values = np.concatenate([column.values for column in columns], axis=1)
    splits = parts.hold_out(Split(values, targets), path, classes, hint=NUMBERS)
    numeric = np.repeat([c.numeric for c in columns], [c.values.shape[1] for c in columns])
    return splits, numeric, classes


def read_like(path: Path, target_column: str | None, other: Path) -> np.ndarray:
    """The features [n, features] float64 of another table, in the units of the first.

    Columns are found by their names, in any order; the target, and columns that the first table
    has not, are passed over.

    Raises:
      UserError: naming line or column, if a column is missing or a text is none of its categories.
    """
    first, table = read_table(path), read_table(other)
    target = target_of(first, target_column, path)
    missing = [name for name in first.names if name not in (target, *table.names)]
    if missing:
        raise UserError(f"{other}: has no column {missing[0]}, as {path} has; add it")
    features = [like_column(first, table, n, path, other) for n in first.names if n != target]
    return np.concatenate(features, axis=1)


def like_column(first: Table, table: Table, name: str, path: Path, other: Path) -> np.ndarray:
    """A column of a table as features [n, 1] or [n, categories], as the first table has it."""
    if numbers_of(first, name, path) is not None:
        numbers = numbers_of(table, name, other)
        if numbers is None:
            line, cell = first_text(table, name)
            raise UserError(
                f"{other}, line {line}: {parts.short(cell)!r} in column {name} is not a number; "
                "mend it"
            )
        return numbers[:, None]
    categories, cells = sorted(set(cells_of(first, name))), cells_of(table, name)
    for cell, line in zip(cells, table.lines, strict=True):
        if cell not in categories:
            raise UserError(
                f"{other}, line {line}: {parts.short(cell)!r} in column {name} is none of "
                f"{parts.listed(categories)}, which the model knows"
            )
    return (np.array(cells)[:, None] == np.array(categories)).astype(np.float64)


def read_table(path: Path) -> Table:
    """The cells of a file, all of them filled."""
    rows, lines = [], []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                if row:
                    rows.append([cell.strip() for cell in row])
                    lines.append(reader.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(
            f"{path} cannot be read as .csv in UTF-8 ({error}); write it with commas between "
            "cells and a first line of column names"
        ) from None
    if len(rows) < 2:
        raise UserError(f"{path} must hold a line of column names, and an example on each other")
    table = Table(rows[0], rows[1:], lines[1:])
    check_cells(table, path)
    return table


def check_cells(table: Table, path: Path) -> None:
    """Raises UserError unless columns have names of their own and no cell is empty or lacking."""
    twice = {name for name in table.names if table.names.count(name) > 1 or not name}
    if twice:
        raise UserError(
            f"{path}, line 1: every column needs a name of its own; see {sorted(twice)[0]!r}"
        )
    for row, line in zip(table.rows, table.lines, strict=True):
        if len(row) != len(table.names):
            raise UserError(
                f"{path}, line {line}: {len(row)} cells, and line 1 names {len(table.names)} "
                "columns"
            )
        if "" in row:
            raise UserError(
                f"{path}, line {line}: the cell of column {table.names[row.index('')]} is empty; "
                "fill it, or leave the line out"
            )


def as_number(cell: str) -> float | None:
    """A cell as a number, or None where it is text."""
    try:
        return float(cell)
    except ValueError:
        return None


def cells_of(table: Table, name: str) -> list[str]:
    """The cells of a column."""
    place = table.names.index(name)
    return [row[place] for row in table.rows]


def numbers_of(table: Table, name: str, path: Path) -> np.ndarray | None:
    """A column as numbers [n], or None where it holds text.

    Raises:
      UserError: if one of the numbers is not finite.
    """
    numbers = []
    for cell, line in zip(cells_of(table, name), table.lines, strict=True):
        value = as_number(cell)
        if value is None:
            return None
        if not math.isfinite(np.float32(value) if abs(value) < 1e39 else math.inf):
            raise UserError(f"{path}, line {line}: {cell} in column {name} is not a finite number")
        numbers.append(value)
    return np.array(numbers)


def read_column(table: Table, name: str, path: Path) -> Column:
    """The features of a column.

    Raises:
      UserError: if it is text with too many values.
    """
    numbers = numbers_of(table, name, path)
    if numbers is not None:
        return Column(numbers[:, None], True)
    cells = cells_of(table, name)
    categories = sorted(set(cells))
    line, cell = first_text(table, name)
    if sum(as_number(cell) is not None for cell in cells) > len(cells) / 2:
        raise UserError(
            f"{path}, line {line}: {parts.short(cell)!r} in column {name} is not a number, as most "
            "of the column are; mend it, or leave the line out"
        )
    if len(categories) > CATEGORIES:
        raise UserError(
            f"{path}: column {name} holds {len(categories)} different texts, and only up to "
            f"{CATEGORIES} are taken as categories (line {line}: {parts.short(cell)!r}); take it "
            "out, or make it numbers"
        )
    return Column((np.array(cells)[:, None] == np.array(categories)).astype(np.float64), False)


def first_text(table: Table, name: str) -> tuple[int, str]:
    """The line and the cell of the first text in a column."""
    cells = zip(table.lines, cells_of(table, name), strict=True)
    return next((line, cell) for line, cell in cells if as_number(cell) is None)


def read_target(table: Table, name: str, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class ids [n] int32 and the names of the classes, or numbers [n, 1] float64.

    Classes that are whole numbers are in their order, others in that of the alphabet.

    Raises:
      UserError: if the target is text with too many values, or all the same.
    """
    cells = cells_of(table, name)
    numbers = numbers_of(table, name, path)
    whole = all(WHOLE.fullmatch(cell) for cell in cells)
    values: list[Any] = [int(cell) for cell in cells] if whole else cells
    classes = sorted(set(values))
    if numbers is not None and not (whole and len(classes) <= CLASSES):
        return numbers[:, None], ()
    if len(classes) > CLASSES:
        line, cell = first_text(table, name)
        raise UserError(
            f"{path}: the target column {name} holds {len(classes)} different texts, and only up "
            f"to {CLASSES} are taken as classes (line {line}: {parts.short(cell)!r}); name another "
            "--target_column"
        )
    parts.check_classes([str(label) for label in classes], path)
    place = {label: i for i, label in enumerate(classes)}
    ids = np.array([place[value] for value in values], np.int32)
    return ids, tuple(str(label) for label in classes)
