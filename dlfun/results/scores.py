"""Scores of methods, of the columns of a table: in long form, a row a run, or in wide form."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dlfun.config import numerals
from dlfun.errors import OPT, UserError, short, unknown
from dlfun.results.columns import (
    FAILED,
    MISSING,
    Columns,
    check_method,
    check_roles,
    column_of,
    is_index,
    is_lower,
    usual_score,
)
from dlfun.results.tables import Table
from dlfun.words import plural

LARGEST = 1e100
PAIRS = ("auto", "paired", "unpaired")
"""How runs of one seed may be taken."""

ONE = "all"
"""The data set where a table names none."""


class Entry(NamedTuple):
    """One result; NaN if it failed, or is missing."""

    method: str
    dataset: str
    seed: str
    score: float


class Scores(NamedTuple):
    """The results in one column of scores.

    Attributes:
      name: of the column.
      higher: whether more is better.
      seeded: whether seeds are given, by which runs may be paired.
      notes: what there is to say of them.
    """

    name: str
    higher: bool
    seeded: bool
    entries: list[Entry]
    notes: list[str]


def read_scores(table: Table, columns: Columns) -> list[Scores]:
    """The scores in a table, of one column after the other.

    Raises:
      UserError: if a column is not there, a cell is no number, or a run stands there twice.
    """
    if not table.rows:
        raise UserError(f"{table.name}: has column names and no results; give a line a result")
    roles = {role: column_of(table, columns, role) for role in ("method", "dataset", "seed")}
    if roles["method"] is None:
        found = [wide(table, roles, columns)]
    else:
        names = columns.scores or usual_score(table, set(roles.values()))
        check_roles([*roles.items(), *(("score", name) for name in names)])
        found = [long(table, roles, name, columns) for name in names]
    known = [scores.name for scores in found]
    for name in columns.lower:
        if name not in known:
            raise UserError(f"{OPT.lower}={short(name)}: {unknown('score', name, known)}")
    for scores in found:
        check_entries(table, scores)
    return found


def long(table: Table, roles: Mapping[str, str | None], name: str, columns: Columns) -> Scores:
    """A row a run: method, data set, seed and score each in a column."""
    if name not in table.columns:
        raise UserError(f"{OPT.score}={name}: {unknown('column', name, table.columns)}")
    methods, datasets = cells(table, roles["method"]), cells(table, roles["dataset"], ONE)
    seeds = cells(table, roles["seed"]) if roles["seed"] else numbered(methods, datasets)
    values = [number(table, name, row) for row in range(table.rows)]
    parts = (methods, datasets, map(canonical, seeds), values)
    entries = [Entry(*one) for one in zip(*parts, strict=True)]
    notes = [] if roles["seed"] else ["no column of seeds: runs are numbered as they stand"]
    return Scores(name, not is_lower(name, columns), bool(roles["seed"]), entries, notes)


def wide(table: Table, roles: Mapping[str, str | None], columns: Columns) -> Scores:
    """A column a method; a row is a seed, or a data set.

    Raises:
      UserError: if a column can be no method: such a table has other columns than were known.
    """
    if columns.scores:
        raise UserError(
            f"{OPT.score}={short(columns.scores[0])}: there is no column of methods, and so each "
            f"column is one; name the column of methods by {OPT.method}, or leave {OPT.score} out"
        )
    check_roles([*roles.items()])
    taken = {one for one in roles.values() if one}
    left = [name for name in table.columns if name not in taken and is_index(table, name)]
    methods = [name for name in table.columns if name not in {*taken, *left}]
    for name in methods:
        check_method(table, name)
    if len(methods) < 2:
        raise UserError(
            f"{table.name}: has no column of methods, and fewer than two columns of numbers; name "
            f"the column of methods, as in {OPT.method}={short(next(iter(table.columns)))}"
        )
    datasets = cells(table, roles["dataset"], ONE)
    seeds = cells(table, roles["seed"]) if roles["seed"] else numbered(datasets, datasets)
    entries = [
        Entry(method, datasets[row], canonical(seeds[row]), number(table, method, row))
        for method in methods
        for row in range(table.rows)
    ]
    notes = [f"each column is a method: {', '.join(map(short, methods[:9]))}"]
    return Scores("score", not is_lower("score", columns), True, entries, notes)


def canonical(seed: str) -> str:
    """A seed as text, so that 0 and 0.0 are one.

    >>> canonical("007"), canonical("3.0"), canonical("a")
    ('7', '3', 'a')
    """
    if re.fullmatch("[0-9]{1,30}", seed):
        return str(int(seed))
    whole = re.fullmatch(r"([0-9]{1,15})\.0*", seed)
    return str(int(whole[1])) if whole else seed


def cells(table: Table, name: str | None, otherwise: str = "") -> list[str]:
    """The texts of a column; `otherwise` in every row where there is none.

    Raises:
      UserError: if one is empty.
    """
    if name is None:
        return [otherwise] * table.rows
    found = table.columns[name]
    if "" in found:
        raise UserError(f"{table.name}: row {found.index('') + 1} has no {short(name)}; give it")
    return found


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


def number(table: Table, name: str, row: int) -> float:
    """A score; NaN where it is missing, or says that the run failed.

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


def check_entries(table: Table, scores: Scores) -> None:
    """Raises UserError if a run stands there twice, or there is nothing to compare."""
    seen: dict[tuple[str, str, str], int] = {}
    for row, entry in enumerate(scores.entries, 1):
        key = entry[:3]
        if key in seen:
            raise UserError(
                f"{table.name}: rows {seen[key]} and {row} both are seed {short(entry.seed)} of "
                f"{short(entry.method)} on {short(entry.dataset)}; take one out, or name another "
                f"column by {OPT.seed} or {OPT.dataset}"
            )
        seen[key] = row
    methods = list(dict.fromkeys(entry.method for entry in scores.entries))
    if len(methods) < 2:
        raise UserError(
            f"{table.name}: holds results of {short(methods[0])} alone; give two methods or more"
        )
    if all(math.isnan(entry.score) for entry in scores.entries):
        raise UserError(f"{table.name}: {short(scores.name)} holds no score at all; name another")
    failed = Counter(entry.method for entry in scores.entries if math.isnan(entry.score))
    if failed:
        said = ", ".join(f"{short(name)} {count}" for name, count in failed.items())
        scores.notes.append(
            f"{plural(sum(failed.values()), 'entry', 'entries')} without a score count as failed "
            f"runs: {said}"
        )
