"""Results one by one, of the rows of a table: what counts as one, and what is left out."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dlfun.config import numerals
from dlfun.errors import OPT, UserError, short
from dlfun.results.columns import FAILED, MISSING, OPEN, state_column
from dlfun.results.curves import Pick, picked, step_of
from dlfun.results.tables import Table
from dlfun.words import plural

LARGEST = 1e100

NOTHING = ("", "nan", "NaN")
"""Cells that name nothing."""


class Key(NamedTuple):
    """What a run is told apart by."""

    method: str
    dataset: str
    seed: str


class Entry(NamedTuple):
    """One result; NaN if it failed."""

    method: str
    dataset: str
    seed: str
    score: float


class Kept(NamedTuple):
    """The rows of a column that hold results.

    Attributes:
      rows: their numbers, from 0.
      failed: of these, those whose runs failed by their state.
      notes: what is left out.
    """

    rows: list[int]
    failed: set[int]
    notes: list[str]


def kept_rows(table: Table, column: str, keys: Sequence[Key]) -> Kept:
    """The rows whose runs have come to their end, and have a score or failed."""
    state = state_column(table)
    states = [text.lower() for text in table.columns[state]] if state else [""] * table.rows
    blank = [text.lower() in MISSING for text in table.columns[column]]
    failed = {row for row, text in enumerate(states) if text in FAILED}
    going = [row for row, text in enumerate(states) if text in OPEN]
    missing = [row for row in range(table.rows) if blank[row] and row not in {*failed, *going}]
    notes = [
        f"{plural(len(rows), one, many)}, left out: {by_method(keys[row].method for row in rows)}"
        for rows, one, many in (
            (going, "run that did not come to its end", "runs that did not come to their end"),
            (
                missing,
                "row without a score (a run that failed says so)",
                "rows without a score (a run that failed says so)",
            ),
        )
        if rows
    ]
    left = {*going, *missing}
    return Kept([row for row in range(table.rows) if row not in left], failed, notes)


def by_method(names: Iterable[str]) -> str:
    """How many of each method there are, in words."""
    return ", ".join(f"{short(name)} {count}" for name, count in Counter(names).items())


def entries_of(table: Table, column: str, keys: Sequence[Key], kept: Kept) -> list[Entry]:
    """An entry a row.

    Raises:
      UserError: if one is no number.
    """
    return [
        Entry(*keys[row], math.nan if row in kept.failed else number(table, column, row))
        for row in kept.rows
    ]


def check_single(table: Table, keys: Sequence[Key], rows: Iterable[int]) -> None:
    """Raises UserError if a run stands there twice."""
    seen: dict[Key, int] = {}
    for row in rows:
        key = keys[row]
        if key not in seen:
            seen[key] = row
            continue
        step = step_of(table.columns)
        remedy = (
            f"take one out, or name another column by {OPT.seed} or {OPT.dataset}"
            if step is None
            else f"of the rows of a run, by {short(step)}, say which counts, as in "
            f"{OPT.score}=accuracy:last, :best or :mean10"
        )
        both = f"{row_name(table, seen[key])} and {row_name(table, row)}"
        raise UserError(
            f"{table.name}: {both} both are seed {short(key.seed)} of {short(key.method)} on "
            f"{short(key.dataset)}; {remedy}"
        )


def cells(table: Table, name: str | None, otherwise: str = "") -> list[str]:
    """The texts of a column; `otherwise` in every row where there is none.

    Raises:
      UserError: if one is empty.
    """
    if name is None:
        return [otherwise] * table.rows
    found = table.columns[name]
    empty = next((row for row, text in enumerate(found) if text in NOTHING), None)
    if empty is not None:
        raise UserError(f"{table.name}: {row_name(table, empty)} has no {short(name)}; give it")
    return found


def row_name(table: Table, row: int) -> str:
    """A row as errors call it."""
    return f"run {short(table.columns['name'][row])}" if table.of_runs else f"row {row + 1}"


def numbered(*keys: Sequence[str]) -> list[str]:
    """Numbers from 0, counted apart for rows of other keys.

    >>> numbered(["a", "b", "a"])
    ['0', '0', '1']
    """
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for key in zip(*keys, strict=True):
        found.append(str(seen[key]))
        seen[key] += 1
    return found


def canonical(seed: str) -> str:
    """A seed as text, so that 0 and 0.0 are one.

    >>> canonical("007"), canonical("3.0"), canonical("a")
    ('7', '3', 'a')
    """
    if re.fullmatch("[0-9]{1,30}", seed):
        return str(int(seed))
    whole = re.fullmatch(r"([0-9]{1,15})\.0*", seed)
    return str(int(whole[1])) if whole else seed


def number(table: Table, name: str, row: int) -> float:
    """A score; NaN where it says, or its state, that the run failed.

    Raises:
      UserError: if it is another text.
    """
    text = table.columns[name][row]
    if text.lower() in MISSING | FAILED:
        return math.nan
    value = numerals.read(text)
    if math.isinf(value):
        return math.nan
    if abs(value) > LARGEST:
        raise UserError(
            f"{table.name}: row {row + 1} has {short(name)}={short(text)}, too large to be judged; "
            "give it in another unit"
        )
    if math.isnan(value):
        raise UserError(
            f"{table.name}: row {row + 1} has {short(name)}={short(text)}, which is no number"
            f"{numerals.hint(text) or '; give one, or leave the cell empty'}"
        )
    return value


def ends_of(
    table: Table, entries: Sequence[Entry], rows: Sequence[int], pick: Pick, higher: bool
) -> list[Entry]:
    """One entry a run, of the rows that its steps have.

    Raises:
      UserError: if there is no column of steps.
    """
    step = step_of(table.columns)
    if step is None:
        raise UserError(
            f"{OPT.score}={pick.metric}:{pick.how}: there is no column of steps, such as step or "
            f"epoch, to order the rows of a run by; write {OPT.score}={pick.metric}"
        )
    curves: dict[Key, list[tuple[float, float]]] = {}
    for row, entry in zip(rows, entries, strict=True):
        curves.setdefault(Key(*entry[:3]), []).append((number(table, step, row), entry.score))
    found = {
        key: picked([score for _, score in sorted(own, key=lambda at: at[0])], pick.how, higher)
        for key, own in curves.items()
    }
    return [Entry(*key, math.nan if end is None else end) for key, end in found.items()]
