"""Scores of methods, of the columns of a table: in long form, a row a run, or in wide form."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dlfun.errors import OPT, UserError, short, unknown
from dlfun.results.columns import (
    FOLDS,
    Columns,
    check_method,
    check_roles,
    column_of,
    is_index,
    is_lower,
    known_column,
    plain,
    usual_score,
)
from dlfun.results.curves import Pick, pick_note, pick_of, step_of
from dlfun.results.entries import (
    Entry,
    Key,
    by_method,
    canonical,
    cells,
    check_single,
    ends_of,
    entries_of,
    kept_rows,
    numbered,
)
from dlfun.results.tables import Table
from dlfun.words import plural

PAIRS = ("auto", "paired", "unpaired")
"""How runs of one seed may be taken."""

ONE = "these results"
"""The data set where a table names none."""


class Scores(NamedTuple):
    """The results in one column of scores.

    Attributes:
      name: of the column.
      higher: whether more is better.
      seeded: whether seeds are given, by which runs may be paired.
      notes: what there is to say of them.
      folds: of cross-validation how many; then a seed is a repeat, if there is one, and a fold.
    """

    name: str
    higher: bool
    seeded: bool
    entries: list[Entry]
    notes: list[str]
    folds: int = 0


def read_scores(table: Table, columns: Columns) -> list[Scores]:
    """The scores in a table, of one column after the other.

    Raises:
      UserError: if a column is not there, a cell is no number, or a run stands there twice.
    """
    if not table.rows:
        raise UserError(f"{table.name}: has column names and no results; give a line a result")
    table, columns = joined(table, columns)
    table, columns, folds = with_folds(table, columns)
    roles = {role: column_of(table, columns, role) for role in ("method", "dataset", "seed")}
    if roles["method"] is None:
        check_runs(table)
        found = [wide(table, roles, columns)]
    else:
        names = columns.scores or usual_score(table, set(roles.values()))
        check_roles([*roles.items(), *(("score", name) for name in names)])
        found = [long(table, roles, name, columns) for name in names]
    known = [scores.name for scores in found]
    for name in columns.lower:
        if name not in (*known, *(pick_of(one).metric for one in known)):
            raise UserError(f"{OPT.lower}={short(name)}: {unknown('score', name, known)}")
    for scores in found:
        check_entries(table, scores)
    return [scores._replace(folds=folds) for scores in found]


def joined(table: Table, columns: Columns) -> tuple[Table, Columns]:
    """Several columns that together name the method as one column."""
    if columns.method is None or isinstance(columns.method, str):
        return table, columns
    names = [known_column(table, name, "by") for name in columns.method]
    if len(names) == 1:
        return table, columns._replace(method=names[0])
    rows = zip(*(cells(table, name) for name in names), strict=True)
    made = {", ".join(names): [" ".join(row) for row in rows]}
    return table._replace(columns=made | table.columns), columns._replace(method=", ".join(names))


def with_folds(table: Table, columns: Columns) -> tuple[Table, Columns, int]:
    """Repeats and folds of cross-validation as one column of seeds, and how many folds."""
    taken = {columns.method, columns.dataset, *columns.scores}
    fold = next((n for n in table.columns if plain(n) in FOLDS and n not in taken), None)
    if fold is None or (count := len({*table.columns[fold]})) < 2:
        return table, columns, 0
    seed = None if columns.seed == fold else column_of(table, columns, "seed")
    if seed is None:
        return table, columns._replace(seed=fold), count
    both = zip(cells(table, seed), cells(table, fold), strict=True)
    made = {f"{seed}, {fold}": [" ".join(map(canonical, one)) for one in both]}
    rest = {name: texts for name, texts in table.columns.items() if name not in (seed, fold)}
    joint = table._replace(columns=made | rest)
    return joint, columns._replace(seed=next(iter(made))), count


def check_runs(table: Table) -> None:
    """Raises UserError if it cannot be told what the method of each run is."""
    if not table.of_runs:
        return
    values = {name: [*dict.fromkeys(texts)] for name, texts in table.columns.items()}
    differ = [f"{n} ({', '.join(map(short, v[:3]))})" for n, v in values.items() if len(v) > 1]
    raise UserError(
        f"{table.name}: it cannot be told which of its runs are of one method; name what tells, as "
        f"in {OPT.by}=model; what differs: {short(', '.join(differ), 300)}"
    )


def long(table: Table, roles: Mapping[str, str | None], name: str, columns: Columns) -> Scores:
    """A row a run, or a step of a run: method, data set, seed and score each in a column."""
    pick = pick_of(name) if name not in table.columns else Pick(name)
    if not pick.how and name.rpartition(":")[0] in table.columns and name not in table.columns:
        raise UserError(f"{OPT.score}={short(name)}: behind a colon stands last, best or mean10")
    column = known_column(table, pick.metric, "score")
    higher = not is_lower(column, columns, table)
    methods, datasets = cells(table, roles["method"]), cells(table, roles["dataset"], ONE)
    if not roles["seed"]:
        check_steps(table, name, pick, methods, datasets)
    seeds = cells(table, roles["seed"]) if roles["seed"] else numbered(methods, datasets)
    keys = list(map(Key, methods, datasets, map(canonical, seeds)))
    kept = kept_rows(table, column, keys)
    entries, notes = entries_of(table, column, keys, kept), [*kept.notes]
    if pick.how:
        entries = ends_of(table, entries, kept.rows, pick, higher)
    else:
        check_single(table, keys, kept.rows)
    if table.of_runs or pick.how:
        notes.append(pick_note(pick_of(name)))
    notes += [] if roles["seed"] else ["no column of seeds: runs are numbered as they stand"]
    return Scores(name, higher, bool(roles["seed"]), entries, notes)


def check_steps(
    table: Table, name: str, pick: Pick, methods: Sequence[str], datasets: Sequence[str]
) -> None:
    """Raises UserError if rows without a seed are steps of runs, or are to be taken for that."""
    step = step_of(table.columns)
    steps = table.columns[step] if step else []
    known = set(zip(methods, datasets, steps, strict=False))
    groups = set(zip(methods, datasets, strict=True))
    if pick.how or (not table.of_runs and len(groups) < len(known) == table.rows):
        raise UserError(
            f"{OPT.score}={short(name)}: its rows are steps of runs, and no column says of which; "
            f"name that by {OPT.seed}"
        )


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
    entries: list[Entry] = []
    notes = [f"each column is a method: {', '.join(map(short, methods[:9]))}"]
    for method in methods:
        keys = [Key(method, *one) for one in zip(datasets, map(canonical, seeds), strict=True)]
        kept = kept_rows(table, method, keys)
        check_single(table, keys, kept.rows)
        entries += entries_of(table, method, keys, kept)
        notes += kept.notes
    return Scores("score", not is_lower("score", columns), True, entries, notes)


def check_entries(table: Table, scores: Scores) -> None:
    """Raises UserError if there is nothing to compare; else notes the runs that failed."""
    methods = list(dict.fromkeys(entry.method for entry in scores.entries))
    if not methods or all(math.isnan(entry.score) for entry in scores.entries):
        raise UserError(f"{table.name}: {short(scores.name)} holds no score at all; name another")
    if len(methods) < 2:
        raise UserError(
            f"{table.name}: holds results of {short(methods[0])} alone; give two methods or more"
        )
    failed = [entry.method for entry in scores.entries if math.isnan(entry.score)]
    if failed:
        said = plural(len(failed), "run that failed", "runs that failed")
        scores.notes.append(f"{said}: {by_method(failed)}")
