"""Columns of a table as features: numbers, and 0 or 1 for each category and each indicator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlfun.data.user_files import columns, parts
from dlfun.data.user_files.cells import are_numbers, is_number
from dlfun.data.user_files.columns import Cells
from dlfun.errors import UserError
from dlfun.preparation import FILLING, MISSING, Feature


def feature_of(name: str, cells: Cells, missing: str | None = None) -> Feature:
    """The feature that a column of a table is.

    Args:
      missing: what is done with missing cells, as `DataOptions` has it.

    Raises:
      UserError: if it is neither numbers nor text, or text with too many values; if cells are
        missing and not filled.
    """
    there = columns.filled_of(cells) if missing in FILLING else cells
    gaps = len(there.texts) < len(cells.texts)
    if columns.is_numeric(there):
        return Feature(name, indicator=gaps and missing == FILLING[-1])
    return with_categories(Feature(name), columns.categories_of(there), gaps)


def with_categories(feature: Feature, categories: Sequence[str], gaps: bool) -> Feature:
    """The same feature with more categories, and one of missing cells if there are `gaps`."""
    every = {*feature.categories, *categories, *((MISSING,) if gaps else ())}
    return feature._replace(categories=tuple(sorted(every)))


def widened(feature: Feature, cells: Cells, missing: str | None = None) -> Feature:
    """The same feature, as it must be to hold the cells of another table, too.

    Raises:
      UserError: if cells are missing and not filled, or there are too many categories.
    """
    if missing not in FILLING:
        columns.check_filled(cells, category=bool(feature.categories))
    gaps = columns.missing_of(cells.texts)
    if not feature.categories:
        return feature
    there = cells.take(~gaps)
    both = there._replace(texts=[*feature.categories, *there.texts])
    return with_categories(feature, columns.categories_of(both), bool(gaps.any()))


def encoded(others: Sequence[Cells], features: Sequence[Feature], fills: bool) -> np.ndarray:
    """The features [n, features] float64 that columns are; missing numbers are NaN.

    Args:
      fills: whether there may be missing cells.

    Raises:
      UserError: if a cell is no number, or none of the categories.
    """
    made = [
        one_hot(cells, feature.categories, fills)
        if feature.categories
        else numbers_of(cells, fills, feature.indicator)
        for cells, feature in zip(others, features, strict=True)
    ]
    return np.concatenate(made, axis=1)


def numbers_of(cells: Cells, fills: bool, indicator: bool) -> np.ndarray:
    """The numbers [n, 1] of a column; [n, 2], behind each whether it is missing, if asked for.

    Raises:
      UserError: if a cell is none.
    """
    if are_numbers(cells.texts):
        numbers = columns.numbers_of(cells)[:, None]
        return np.pad(numbers, ((0, 0), (0, int(indicator))))
    if not fills:
        columns.check_filled(cells)
    missing = columns.missing_of(cells.texts)
    there = cells.take(~missing)
    for i, text in enumerate(there.texts):
        if not is_number(text):
            raise UserError(f"{there.at(i)} is not a number ({columns.HOW}); mend it")
    numbers = np.full(len(missing), np.nan)
    numbers[~missing] = columns.numbers_of(there)
    return np.stack([numbers, missing.astype(float)][: 1 + indicator], axis=1)


def one_hot(cells: Cells, categories: Sequence[str], fills: bool) -> np.ndarray:
    """[n, categories] of 0 and 1; a missing cell is 0 in all where it is no category.

    Raises:
      UserError: if a cell is none of the categories.
    """
    nowhere = len(categories)
    known = {category: place for place, category in enumerate(categories)}
    missing = columns.missing_of(cells.texts)
    ids = []
    for i, text in enumerate(cells.texts):
        if text not in known and missing[i] and fills:
            ids.append(known.get(MISSING, nowhere))
            continue
        if text not in known:
            columns.check_filled(cells)
            raise UserError(
                f"{cells.at(i)} is none of {parts.listed(categories)}, which the model knows; "
                f"write one of them, or leave the {cells.unit} out"
            )
        ids.append(known[text])
    return np.eye(nowhere + 1, nowhere)[ids]


def numeric_of(features: Sequence[Feature]) -> np.ndarray:
    """[features], whether each is a number, and not a category or an indicator."""
    return np.array([number for feature in features for number in feature.numeric], bool)
