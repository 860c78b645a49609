"""Optuna's studies in a database or a journal: a trial is a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlfun.results.columns import Columns
from dlfun.results.runs import Run, log_error, run_table
from dlfun.results.tables import Table

VALUE, INTERMEDIATE = "value", "intermediate"


def read(path: str, columns: Columns) -> Table:
    """The trials of all studies: what they were told, their value, and what they reported.

    Raises:
      UserError: if Optuna cannot read it.
    """
    import optuna

    try:
        storage = storage_of(path)
        studies = [optuna.load_study(study_name=name, storage=storage) for name in names(storage)]
        runs = [run_of(trial, study) for study in studies for trial in study.get_trials()]
        lower = {
            name
            for study in studies
            for name, direction in zip(values_of(study), study.directions, strict=True)
            if direction == optuna.study.StudyDirection.MINIMIZE
        }
    except Exception as error:
        raise log_error(path, "a study of Optuna", error) from None
    return run_table(runs, path, columns, lower | ({INTERMEDIATE} if VALUE in lower else set()))


def names(storage: Any) -> list[str]:
    """The studies that a storage holds."""
    import optuna

    return optuna.get_all_study_names(storage)


def storage_of(path: str) -> Any:
    """Optuna's own reader of a database or a journal."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    with Path(path).open("rb") as file:
        if file.read(1) == b"{":
            return JournalStorage(JournalFileBackend(path))
    return f"sqlite:///{Path(path).resolve()}"


def values_of(study: Any) -> list[str]:
    """What the values of a study are called."""
    count = len(study.directions)
    return study.metric_names or ([VALUE] if count == 1 else [f"{VALUE}_{k}" for k in range(count)])


def run_of(trial: Any, study: Any) -> Run:
    """A trial with its parameters and attributes."""
    told = {"study": study.study_name, "trial": trial.number, **trial.user_attrs, **trial.params}
    values = trial.values or []
    curves = {name: [value] for name, value in zip(values_of(study), values, strict=False)}
    if trial.intermediate_values:
        curves[INTERMEDIATE] = [
            trial.intermediate_values[k] for k in sorted(trial.intermediate_values)
        ]
    return Run(f"trial {trial.number} of {study.study_name}", told, curves, trial.state.name)
