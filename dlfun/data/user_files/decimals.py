"""Decimal commas, in tables whose cells are not parted by commas.

A column is of decimal commas if all of its cells are numbers with a comma or without one, and some
have one. Beside these a point could part thousands, and is refused. So could the commas if each
stands before three digits: they are refused, too, and points alone that do so are said.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from dlfun.data.user_files.cells import is_missing, is_number
from dlfun.errors import UserError, short

COMMA, POINT = ",", "."
NUMBER = re.compile(r"[+-]?(?!0[0-9])([0-9]+,[0-9]*|,[0-9]+)([eE][+-]?[0-9]+)?")
THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}[,.][0-9]{3}")
WORDS = {COMMA: "a comma", POINT: "a point"}


class Marked(NamedTuple):
    """A column in which decimals have a mark, and the place in it of the first."""

    column: str
    mark: str
    row: int
    text: str


def marks_of(texts: Sequence[str], column: str) -> list[Marked]:
    """The marks of the decimals of a column of numbers; none where it has none or is text."""
    different = [text for text in dict.fromkeys(texts) if not is_missing(text)]
    commas = [text for text in different if NUMBER.fullmatch(text)]
    others = [text for text in different if not NUMBER.fullmatch(text)]
    if not all(map(is_number, others)):
        return []
    points = [text for text in others if POINT in text]
    return [
        Marked(column, mark, texts.index(text), text)
        for mark, marked in ((COMMA, commas), (POINT, points))
        for text in sorted(marked, key=could_be_thousands)[:1]
    ]


def could_be_thousands(text: str) -> bool:
    """Whether the mark in a number may part thousands."""
    return THOUSANDS.fullmatch(text) is not None


def with_point(text: str) -> str:
    """A number of decimal comma with a point for it."""
    return text.replace(COMMA, POINT)


def check_marks(
    marks: Collection[Marked], path: Path, lines: Sequence[int], known: str
) -> Marked | None:
    """A column that shows the mark of a table's decimals; None where none has any.

    Args:
      lines: of each row.
      known: the mark of the decimals of tables like it; empty: not known.

    Raises:
      UserError: if there are two marks, or commas may part thousands.
    """
    by_mark: dict[str, Marked] = {}
    for one in sorted(marks, key=lambda one: could_be_thousands(one.text)):
        by_mark.setdefault(one.mark, one)  # of each the first of the surest

    def said(one: Marked) -> str:
        return f"line {lines[one.row]}: {short(one.text)!r} in column {one.column}"

    if len(by_mark) > 1:
        both = " and ".join(f"{WORDS[mark]} ({said(one)})" for mark, one in by_mark.items())
        raise UserError(
            f"{path}: decimals are written with {both}; write all in one way, or leave the columns "
            "out"
        )
    found = next(iter(by_mark.values()), None)
    if found is None:
        return None
    if known and found.mark != known:
        raise UserError(
            f"{path}: decimals are written with {WORDS[found.mark]} ({said(found)}), and those of "
            f"the data set with {WORDS[known]}; write them in that way"
        )
    if found.mark == COMMA and not known and could_be_thousands(found.text):
        raise UserError(
            f"{path}, {said(found)} may have a decimal comma or part thousands, and no number "
            "tells; write such numbers with a point, or without thousands"
        )
    return found
