"""Scores of methods, of the columns of a table: in long form, a row a run, or in wide form."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dlfun.config import numerals
from dlfun.errors import OPT, UserError, short, unknown
from dlfun.objectives.metrics import METRICS
from dlfun.results.tables import Table
from dlfun.words import plural

ROLES: Mapping[str, tuple[str, ...]] = {
    "method": ("method", "model", "algorithm", "classifier", "classifier_name", "learner", "arm"),
    "dataset": ("dataset", "datasets", "data", "dataset_name", "data_set", "task", "benchmark"),
    "seed": (
        "seed",
        "replicate",
        "iteration",
        "run",
        "repeat",
        "repetition",
        "random_state",
        "fold",
    ),
    "score": ("score", "accuracy", "acc", "test_accuracy", "test_acc", "auc", "f1", "value"),
}
"""What a column is -> the names by which it is known, as `plain` writes them."""

OWN = ("test_score", "test_cost", "test_loss", "test_rmse")
"""Further columns of scores, of a record's members.csv."""

INDEX = ("index", "unnamed_0", "row", "id")
"""Columns that may do no more than count the rows."""

LOWER = (
    *("loss", "error", "err", "rmse", "mse", "mae", "mape", "nll", "nats", "brier", "ece", "fid"),
    *("wer", "cer", "ter", "per", "perplexity", "ppl", "bpc", "bits", "cost", "regret", "distance"),
    *("time", "latency", "seconds", "duration", "runtime"),
)
"""Words in the names of scores of which less is better."""

LARGEST = 1e100
MISSING = {"", "nan", "na", "n/a", "none", "null", "-", "?"}
FAILED = {"failed", "failure", "error", "crashed", "diverged", "inf", "-inf", "infinity"}
PAIRS = ("auto", "paired", "unpaired")
"""How runs of one seed may be taken."""

ONE = "all"
"""The data set where a table names none."""


class Columns(NamedTuple):
    """Which columns hold what; None leaves it to their names.

    Attributes:
      scores: several are judged one after the other.
      lower: of these, those of which less is better.
    """

    method: str | None = None
    dataset: str | None = None
    seed: str | None = None
    scores: tuple[str, ...] = ()
    lower: tuple[str, ...] = ()


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


def plain(name: str) -> str:
    """A name of a column in small letters, its words joined by underscores.

    >>> plain("Data set"), plain("Unnamed: 0")
    ('data_set', 'unnamed_0')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def column_of(table: Table, columns: Columns, role: str) -> str | None:
    """The column of a role: the one given, or the only one that is called so.

    Raises:
      UserError: if the one given is not there.
    """
    given = getattr(columns, role)
    if given is not None:
        if given not in table.columns:
            raise UserError(f"{OPT(role)}={given}: {unknown('column', given, table.columns)}")
        return str(given)
    by_name = {plain(name): name for name in table.columns}
    return next((by_name[name] for name in ROLES[role] if name in by_name), None)


def folder_name(score: str) -> str:
    """The folder of a score among several, safe on every system."""
    return re.sub(r"[^\w-]+", "-", score).strip("-") or "score"


def check_roles(roles: Sequence[tuple[str, str | None]]) -> None:
    """Raises UserError if a column is to be two things, or a score is named twice."""
    seen: dict[str, str] = {}
    for role, name in roles:
        if name is None:
            continue
        if name in seen:
            raise UserError(
                f"{OPT(role)}={short(name)}: is the column of the {seen[name]}, too; name one "
                "column for each"
            )
        seen[name] = role


def usual_score(table: Table, taken: set[str | None]) -> tuple[str, ...]:
    """The column of scores where none is named.

    Raises:
      UserError: if it cannot be told which it is.
    """
    by_name = {plain(name): name for name in table.columns if name not in taken}
    for name in (*ROLES["score"], *OWN, *METRICS):
        if name in by_name and is_numeric(table.columns[by_name[name]]):
            return (by_name[name],)
    if len(by_name) == 1:
        return tuple(by_name.values())
    raise UserError(
        f"{table.name}: it cannot be told which column holds the scores; name it, as in "
        f"{OPT.score}={next(iter(by_name.values()), 'accuracy')}"
    )


def is_lower(name: str, columns: Columns) -> bool:
    """Whether less of a score is better: as was said of any, or as its words are known for."""
    return name in columns.lower if columns.lower else bool(set(plain(name).split("_")) & {*LOWER})


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


def is_index(table: Table, name: str) -> bool:
    """Whether a column does no more than count the rows."""
    counted = [str(row) for row in range(table.rows)]
    return plain(name) in INDEX and table.columns[name] == counted


def check_method(table: Table, name: str) -> None:
    """Raises UserError if a column of a table without methods cannot be one itself."""
    texts = table.columns[name]
    known = f"name it by {OPT.method}, {OPT.dataset} or {OPT.seed}, or take it out"
    if not is_numeric(texts):
        raise UserError(f"{table.name}: column {short(name)} holds no scores; {known}")
    counts = [list(map(str, range(first, first + table.rows))) for first in (0, 1)]
    if table.rows > 1 and texts in counts:
        raise UserError(f"{table.name}: column {short(name)} only counts the rows; {known}")


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


def is_numeric(texts: Iterable[str]) -> bool:
    """Whether a column holds numbers, be it with some that are missing."""
    known = [text for text in texts if text.lower() not in MISSING | FAILED]
    return bool(known) and not all(math.isnan(numerals.read(text)) for text in known)


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
