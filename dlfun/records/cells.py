"""Cells of a record's tables: lines that are whole, and numbers that are numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dlfun.errors import UserError, short
from dlfun.records.checksums import COPY
from dlfun.records.schema import cell


def check_lines(rows: Sequence[Mapping[str, str]], path: Path) -> None:
    """Raises UserError, naming the row, unless all have as many cells as there are columns."""
    for i, row in enumerate(rows):
        if None in row or None in row.values():
            raise UserError(f"{path}: row {i} has not as many cells as columns; {COPY}")


def check_cells(rows: Sequence[Mapping[str, str]], path: Path) -> None:
    """Raises UserError, naming the cell, unless numbers are numbers."""
    for i, row in enumerate(rows):
        for name, text in row.items():
            if text and not FORMS[cell(name)](text):
                raise UserError(f"{path}: row {i} has {name}={short(text)}, no such number; {COPY}")


def is_whole(text: str) -> bool:
    """Whether a cell is a count."""
    return re.fullmatch("[0-9]{1,18}", text) is not None


def is_number(text: str) -> bool:
    """Whether a cell is a number."""
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


def is_truth(text: str) -> bool:
    """Whether a cell is a truth value."""
    return text.lower() in TRUTH


TRUTH = {"true": True, "false": False}
"""A truth value as a cell, in small letters -> what it is."""

FORMS: dict[str, Callable[[str], bool]] = {
    "text": lambda text: True,
    "whole": is_whole,
    "number": is_number,
    "truth": is_truth,
}
"""What a cell is -> whether a text, which is not empty, is one."""
