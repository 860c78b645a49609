"""Optuna's studies in a database or a journal: a trial is a run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlfun.errors import UserError
from dlfun.results.columns import Columns
from dlfun.results.runs import Run, log_error, run_table
from dlfun.results.tables import Table

VALUE, INTERMEDIATE = "value", "intermediate"


def read(path: str, columns: Columns) -> Table:
    """The trials of all studies: what they were told, their value, and what they reported.

    Raises:
      UserError: if Optuna cannot read it.
    """
    try:
        with storage_of(path) as storage:
            return table_of(storage, path, columns)
    except UserError:
        raise
    except Exception as error:
        raise log_error(path, "a study of Optuna", error) from None


def table_of(storage: Any, path: str, columns: Columns) -> Table:
    """The trials of all studies of a storage."""
    import optuna

    names = optuna.get_all_study_names(storage)
    studies = [optuna.load_study(study_name=name, storage=storage) for name in names]
    runs = [run_of(trial, study) for study in studies for trial in study.get_trials()]
    lower = {
        name
        for study in studies
        for name, direction in zip(values_of(study), study.directions, strict=True)
        if direction == optuna.study.StudyDirection.MINIMIZE
    }
    return run_table(runs, path, columns, lower | ({INTERMEDIATE} if VALUE in lower else set()))


@contextlib.contextmanager
def storage_of(path: str) -> Iterator[Any]:
    """Optuna's own reader of a database or a journal, closed afterwards."""
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    with Path(path).open("rb") as file:
        journal = file.read(1) == b"{"
    if journal:
        yield JournalStorage(JournalFileBackend(path))
        return
    storage = RDBStorage(f"sqlite:///{Path(path).resolve()}")
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


def values_of(study: Any) -> list[str]:
    """What the values of a study are called."""
    count = len(study.directions)
    return study.metric_names or ([VALUE] if count == 1 else [f"{VALUE}_{k}" for k in range(count)])


def run_of(trial: Any, study: Any) -> Run:
    """A trial with its parameters and attributes."""
    told = {"study": study.study_name, "number": trial.number, **trial.user_attrs, **trial.params}
    values = trial.values or []
    curves = {name: [value] for name, value in zip(values_of(study), values, strict=False)}
    if trial.intermediate_values:
        curves[INTERMEDIATE] = [
            trial.intermediate_values[k] for k in sorted(trial.intermediate_values)
        ]
    return Run(f"trial {trial.number} of {study.study_name}", told, curves, trial.state.name)
