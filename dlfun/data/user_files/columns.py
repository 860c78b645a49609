"""A column of cells: numbers, or text.

A column is numbers if all its cells are. It is text if at most half of its cells are numbers, or
write one in another way (3,14); if all are whole numbers and some of them codes; or if it has few
values, of which none stands alone and all numbers are whole, as in 0, 1, 2, 3+, unless numbers are
written in two ways (999, 1,000). All other columns are refused, by the line of the first cell that
is no number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlfun.data.user_files.cells import (
    CODE,
    are_numbers,
    check_apart,
    is_missing,
    is_number,
    is_whole,
    looks_numeric,
)
from dlfun.errors import OPT, UserError, short

CATEGORIES = 50  # of a column of text
FEW = 10
"""So many values, at most, are few."""

HOW = "numbers are written like -3.5 or 1e5"


class Cells(NamedTuple):
    """The texts of a column, cleaned.

    Attributes:
      name: as errors call it.
      places: of each cell, its line or number.
      unit: what places count.
      remedy: what else can be done where a cell is missing, for errors.
    """

    texts: list[str]
    name: str
    path: Path
    places: Sequence[int | str]
    unit: str = "line"
    remedy: str = ""

    def at(self, i: int) -> str:
        """Where a cell is, for errors, and the cell."""
        cell = repr(short(self.texts[i]))
        return f"{self.path}, {self.unit} {self.places[i]}: {cell} in {self.name}"

    def take(self, rows: np.ndarray) -> Cells:
        """The cells of some rows [n]: whether each is taken."""
        if rows.all():
            return self
        places = np.flatnonzero(rows).tolist()
        return self._replace(
            texts=[self.texts[i] for i in places], places=[self.places[i] for i in places]
        )


def missing_of(texts: Sequence[str]) -> np.ndarray:
    """[n], which cells of a column are missing; a "-" beside "+" is a sign."""
    if are_numbers(texts):  # as most are, and this is quick
        return np.zeros(len(texts), bool)
    signs = "+" in texts
    missing = {text for text in set(texts) if is_missing(text) and not (signs and text == "-")}
    return np.array([text in missing for text in texts], bool)


def check_filled(cells: Cells, category: bool = False) -> None:
    """Raises UserError if a cell is missing; `category` says that any text may stand there."""
    places = np.flatnonzero(missing_of(cells.texts))
    if len(places):
        text, line = cells.texts[places[0]], cells.places[places[0]]
        said = "is empty" if not text else f"holds {text!r}, which says that it is missing"
        rename = ", or write it in another way if it is a category" if text and category else ""
        raise UserError(
            f"{cells.path}, {cells.unit} {line}: the cell of {cells.name} {said}; "
            f"fill it, or leave the {cells.unit} out{rename}{cells.remedy}"
        )


def filled_of(cells: Cells) -> Cells:
    """The cells of a column that are not missing.

    Raises:
      UserError: if all are.
    """
    missing = missing_of(cells.texts)
    if missing.all():
        raise UserError(f"{cells.path}: all cells of {cells.name} are missing; take it out")
    return cells.take(~missing)


def is_numeric(cells: Cells, remedy: str = "") -> bool:
    """Whether a column is numbers; else it is text.

    Args:
      remedy: what else can be done, for errors.

    Raises:
      UserError: if a cell is missing, or it is neither.
    """
    texts = cells.texts
    if are_numbers(texts):
        return True
    counts = Counter(texts)
    numbers = sum(count for text, count in counts.items() if is_number(text))
    check_filled(cells, category=numbers <= len(texts) / 2)
    if all(is_whole(text) or CODE.fullmatch(text) for text in counts):
        return False
    others = [text for text in counts if not is_number(text)]
    meant = [text for text in others if looks_numeric(text)]
    strange = sum(counts[text] for text in meant)
    if numbers + strange <= len(texts) / 2 or (is_few(counts) and not (numbers and meant)):
        return False
    most = "as most of the column are" if strange < len(texts) else HOW
    raise UserError(
        f"{cells.at(texts.index((meant or others)[0]))} is not a number, {most}; write it as one"
        f"{remedy}, or leave the {cells.unit} out"
    )


def is_few(counts: Mapping[str, int]) -> bool:
    """Whether a column has few values, none of them stands alone, and its numbers are whole.

    Args:
      counts: how often each value is there.
    """
    numbers = [text for text in counts if is_number(text)]
    return len(counts) <= FEW and min(counts.values()) > 1 and all(map(is_whole, numbers))


def numbers_of(cells: Cells) -> np.ndarray:
    """The numbers [n] float64 of a column that is numeric.

    Raises:
      UserError: if one has no place in float32.
    """
    values = np.array([float(text) for text in cells.texts])
    beyond = np.flatnonzero(np.abs(values) > np.finfo(np.float32).max)
    if len(beyond):
        raise UserError(
            f"{cells.at(int(beyond[0]))} is not a finite number in float32; "
            f"give {cells.name} in another unit, or leave the {cells.unit} out"
        )
    return values


def categories_of(cells: Cells) -> tuple[str, ...]:
    """The different texts of a column, sorted.

    Raises:
      UserError: if there are too many, or two print alike.
    """
    categories = sorted(set(cells.texts))
    if len(categories) > CATEGORIES:
        raise UserError(
            f"{cells.path}: {cells.name} holds {len(categories)} different texts, and only up to "
            f"{CATEGORIES} are taken as categories ({first_text(cells)}); leave it out by "
            f"{OPT.ignore_columns}, or make it numbers"
        )
    check_apart(categories, f"{cells.path}, {cells.name}")
    return tuple(categories)


def first_text(cells: Cells) -> str:
    """The place and text of the first cell that is no number."""
    i = next((i for i, text in enumerate(cells.texts) if not is_number(text)), 0)
    why = "a code" if CODE.fullmatch(cells.texts[i]) else "no number"
    return f"{cells.unit} {cells.places[i]}: {short(cells.texts[i])!r} is {why}"


def doubts_of(cells: Cells, numeric: bool) -> list[str]:
    """What a column of features could be instead of numbers or categories."""
    texts, name, different = cells.texts, cells.name, len(set(cells.texts))
    own = different == len(texts) > FEW
    if numeric and own and all(map(is_whole, texts)):
        return [
            f"{name} is a whole number of its own on each line; if it numbers them, take it out"
        ]
    if numeric:
        same = different > 1 and all(float(text) == float(texts[0]) for text in texts)
        said = f"{name} is {texts[0]} on all lines, written in several ways; as texts they differ"
        return [said] if same else []
    if own:
        return [f"{name} is another text on each line; take it out if it names it"]
    if any(is_number(text) or looks_numeric(text) or CODE.fullmatch(text) for text in set(texts)):
        return [f"{name} is taken as categories ({first_text(cells)})"]
    return alike(sorted(set(texts)), name)


def alike(names: Sequence[str], what: str) -> list[str]:
    """A sentence where two names differ in nothing but small and capital letters."""
    seen: dict[str, str] = {}
    pairs = [(seen.setdefault(one.casefold(), one), one) for one in names]
    said = [f"{what} has {a!r} and {b!r}, which are taken as two" for a, b in pairs if a != b]
    return said[:1]
