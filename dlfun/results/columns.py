"""Columns of a table of results: which of them hold methods, data sets, seeds and scores."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dlfun.config import numerals
from dlfun.errors import OPT, UserError, short, unknown
from dlfun.objectives.metrics import METRICS
from dlfun.results.tables import Table

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


MISSING = {"", "nan", "na", "n/a", "none", "null", "-", "?"}


FAILED = {"failed", "failure", "error", "crashed", "diverged", "inf", "-inf", "infinity"}


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


def is_numeric(texts: Iterable[str]) -> bool:
    """Whether a column holds numbers, be it with some that are missing."""
    known = [text for text in texts if text.lower() not in MISSING | FAILED]
    return bool(known) and not all(math.isnan(numerals.read(text)) for text in known)
