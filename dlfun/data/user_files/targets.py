"""A column of cells as the target: classes, or numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dlfun.data.user_files import parts
from dlfun.data.user_files.cells import (
    CODE,
    NUMBER,
    check_apart,
    is_number,
    is_whole,
    looks_numeric,
)
from dlfun.data.user_files.columns import (
    FEW,
    HOW,
    Cells,
    alike,
    check_filled,
    first_text,
    is_numeric,
    numbers_of,
)
from dlfun.errors import OPT, UserError

CLASSES = 100


class Target(NamedTuple):
    """What is to be predicted.

    Attributes:
      values: class ids [n] int32, or numbers [n] float64.
      classes: the name of each class id; empty of numbers.
      doubts: what else it could have been, a sentence each.
    """

    values: np.ndarray
    classes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def read_target(cells: Cells, wanted: str | None = None) -> Target:
    """The target that a column is.

    It is classes if it is text, or whole numbers of at most `CLASSES` values; else numbers. Names
    of classes are the texts as they stand; whole numbers are in their order, others in that of
    the alphabet.

    Args:
      wanted: class or number, which decides instead.

    Raises:
      UserError: if a cell is missing, or none of what is wanted; if all are the same; if there are
        too many classes, or two that print alike.
    """
    if wanted == "number":
        return numeric_target(cells, forced=True)
    if wanted == "class":
        check_filled(cells, category=True)
        return classes_of(cells)
    numeric = is_numeric(cells, f", or give {said('class')}")
    values = len(set(cells.texts))
    if not numeric:
        return text_target(cells, values)
    if not all(map(is_whole, cells.texts)):
        return numeric_target(cells)
    if values > CLASSES:
        doubt = f"{cells.name} is taken as numbers ({values} different whole ones)"
        return numeric_target(cells)._replace(doubts=(f"{doubt}; {said('class')} as classes",))
    return whole_target(cells, values)


def said(wanted: str) -> str:
    """The flag that decides what the target is."""
    return f"{OPT.target_type}={wanted}"


def numeric_target(cells: Cells, forced: bool = False) -> Target:
    """The numbers of a column.

    Args:
      forced: zeros may stand before whole numbers, and few values are no reason for doubt.

    Raises:
      UserError: if one is not a number, or all are the same.
    """
    check_filled(cells)
    for i, text in enumerate(cells.texts):
        # Numbers of more digits than a float64 holds would become the same.
        if not NUMBER.fullmatch(text) or (CODE.fullmatch(text) and len(text.lstrip("+-0")) > 15):
            raise UserError(f"{cells.at(i)} is not a number ({HOW}); mend it")
    numbers, values = numbers_of(cells), len(set(cells.texts))
    check_varies(numbers, f"{cells.path}: {cells.name}", values > 1 and not forced)
    if forced or values > FEW:
        return Target(numbers)
    doubt = f"{cells.name} is taken as numbers, though it has {values} values only"
    return Target(numbers, (), (f"{doubt}; {said('class')} takes them as classes",))


def check_varies(numbers: np.ndarray, what: str, spelt: bool = False) -> None:
    """Raises UserError if numbers [n] are all the same.

    Args:
      spelt: they are texts that differ, and could be classes.
    """
    if len(numbers) > 1 and (numbers == numbers[0]).all():
        classes = f", or give {said('class')} if the texts are classes" if spelt else ""
        raise UserError(
            f"{what} is {numbers[0]:g} throughout, and nothing can be learned of it; predict "
            f"another{classes}"
        )


def whole_target(cells: Cells, values: int) -> Target:
    """Whole numbers as classes.

    Raises:
      UserError: if one is spelt in two ways.
    """
    spelt: dict[int, int] = {}
    for i, text in enumerate(cells.texts):
        first = spelt.setdefault(int(text), i)
        if cells.texts[first] != text:
            raise UserError(
                f"{cells.at(i)} and {cells.texts[first]!r} are one number; spell it in one way, "
                f"or give {said('class')} if they are two classes"
            )
    found = classes_of(cells)
    if values <= FEW:
        return found
    doubt = f"{cells.name} is taken as {values} classes, which are whole numbers"
    return found._replace(doubts=(f"{doubt}; {said('number')} predicts numbers",))


def text_target(cells: Cells, values: int) -> Target:
    """Texts as classes.

    Raises:
      UserError: if there are too many.
    """
    if values > CLASSES:
        raise UserError(
            f"{cells.path}: {cells.name} holds {values} different texts, and only up to {CLASSES} "
            f"are taken as classes ({first_text(cells)}); name another {OPT.target_column}, or "
            "give "
            f"{said('class')}"
        )
    found = classes_of(cells)
    if not any(is_number(text) or looks_numeric(text) or CODE.fullmatch(text) for text in found[1]):
        return found
    doubt = f"{cells.name} is taken as {values} classes ({first_text(cells)})"
    sure = f"{said('class')} confirms that, {said('number')} asks for numbers"
    return found._replace(doubts=(f"{doubt}; {sure}",))


def classes_of(cells: Cells) -> Target:
    """Each different text as a class.

    Raises:
      UserError: if there is one only, or two print alike.
    """
    names = set(cells.texts)
    whole = all(map(is_whole, names))
    classes = tuple(sorted(names, key=lambda name: (int(name), name) if whole else name))
    parts.check_classes(classes, cells.path)
    check_apart(classes, f"{cells.path}, {cells.name}")
    place = {name: i for i, name in enumerate(classes)}
    ids = np.array([place[text] for text in cells.texts], np.int32)
    return Target(ids, classes, tuple(alike(classes, cells.name)))
