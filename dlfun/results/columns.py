"""Columns of a table of results: which of them hold methods, data sets, seeds and scores."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dlfun.config import numerals
from dlfun.errors import OPT, UserError, short, unknown
from dlfun.objectives.metrics import METRICS
from dlfun.results.curves import pick_of
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
    ),
    "score": ("score", "accuracy", "acc", "test_accuracy", "test_acc", "auc", "f1", "value"),
}
"""What a column is -> the names by which it is known, as `plain` writes them."""


FOLDS = ("fold", "folds", "cv_fold")
"""Columns of the folds of cross-validation, whose training sets overlap."""

OWN = (
    *("test_score", "test_cost", "test_loss", "test_rmse"),
    *("val_accuracy", "val_acc", "validation_accuracy", "valid_accuracy"),
)
"""Further columns of scores, as a record's members.csv and logs of training call them."""


INDEX = ("index", "unnamed_0", "row", "id")
"""Columns that may do no more than count the rows."""


LOWER = (
    *(
        "loss",
        "error",
        "err",
        "rmse",
        "mse",
        "mae",
        "mape",
        "nll",
        "nats",
        "brier",
        "ece",
        "fid",
        "kl",
    ),
    *(
        "wer",
        "cer",
        "ter",
        "per",
        "eer",
        "fpr",
        "fnr",
        "perplexity",
        "ppl",
        "bpc",
        "bits",
        "cost",
        "regret",
        "distance",
    ),
    *("time", "latency", "seconds", "duration", "runtime"),
)
"""Words in the names of scores of which less is better."""


MISSING = {"", "na", "n/a", "none", "null", "-", "?"}
"""Cells that say nothing of a run."""

FAILED = {"nan", "failed", "failure", "fail", "error", "crashed", "diverged", "killed"} | {
    *("inf", "-inf", "+inf", "infinity", "-infinity")
}
"""Cells that say that a run failed, be it that of a score or of a state."""

FINISHED = {"finished", "complete", "completed", "done", "ok", "success", "succeeded"}
OPEN = {"running", "scheduled", "pending", "waiting", "queued", "pruned", "preempting"}
"""States of runs that came to their end, and of those that have not, or were left."""

PREFIXES = ("config.", "params.", "param.", "hparams.", "tags.", "metrics.", "summary.", "attr.")
"""What may stand before the name of a column, as the tools that log runs call it."""


class Columns(NamedTuple):
    """Which columns hold what; None leaves it to their names.

    Attributes:
      method: of several columns, all values of a row together.
      scores: several are judged one after the other.
      lower: of these, those of which less is better.
    """

    method: str | tuple[str, ...] | None = None
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
        return known_column(table, str(given), role)
    by_name = {plain(name): name for name in table.columns}
    return next((by_name[name] for name in ROLES[role] if name in by_name), None)


def known_column(table: Table, given: str, role: str) -> str:
    """A column by its name, be it with what its tool puts before that.

    Raises:
      UserError: if it is not there.
    """
    bare = next((given.removeprefix(p) for p in PREFIXES if given.startswith(p)), given)
    found = next((name for name in (given, bare) if name in table.columns), None)
    if found is None:
        raise UserError(f"{OPT(role)}={short(given)}: {unknown('column', given, table.columns)}")
    return found


def state_column(table: Table) -> str | None:
    """The column that says how each run ended, if there is one."""
    known = FINISHED | FAILED | OPEN | MISSING
    for name, texts in table.columns.items():
        if plain(name) in ("state", "status") and {text.lower() for text in texts} <= known:
            return name
    return None


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


def is_lower(name: str, columns: Columns, table: Table | None = None) -> bool:
    """Whether less of a score is better: as was said of any, or as it is known for."""
    if columns.lower:
        return name in columns.lower or pick_of(name).metric in columns.lower
    known = table is not None and name in table.lower
    return known or bool({*plain(pick_of(name).metric).split("_")} & {*LOWER})


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
