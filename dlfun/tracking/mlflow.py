"""MLflow's store of runs: a run an arm in one experiment, members nested in their arms.

Server, file and experiment are those that MLflow's own variables name: MLFLOW_TRACKING_URI and
MLFLOW_EXPERIMENT_NAME.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dlfun.tracking.runs import TrackedRun

RECORD, RUN = "dlfun.record", "dlfun.run"
"""Tags by which a run is found again: the digest of its record, and its name."""

DONE = "FINISHED"
PAGE, BATCH, METRICS = 1000, 100, 1000
"""Runs of an answer, and parameters or tags, and metrics of a question, at most."""

LONGEST = 5000
"""Characters of a parameter or a tag."""


class MLflow:
    """An experiment of MLflow."""

    def __init__(self, folder: Path) -> None:
        from mlflow.tracking import MlflowClient

        self.client = MlflowClient()
        self.experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME") or "dlfun"
        self.place = f"experiment {self.experiment} of {self.client.tracking_uri}"
        self.ids: dict[str, str] = {}

    def reach(self) -> None:
        """Raises what MLflow raises if its store does not answer."""
        self.client.search_experiments(max_results=1)

    def names(self, record: str) -> set[str]:
        """The finished runs of a record; those that were not finished are deleted."""
        for run in self.found(record):
            if run.info.status == DONE:
                self.ids[run.data.tags.get(RUN, "")] = run.info.run_id
            else:
                self.client.delete_run(run.info.run_id)
        return set(self.ids)

    def found(self, record: str) -> list[Any]:
        """All runs of a record that are not deleted."""
        known = self.client.get_experiment_by_name(self.experiment)
        runs: list[Any] = []
        token = None
        while known is not None:
            page = self.client.search_runs(
                [known.experiment_id],
                f"tags.`{RECORD}` = '{record}'",
                max_results=PAGE,
                page_token=token,
            )
            runs += page
            token = page.token
            if not token:
                break
        return runs

    def write(self, run: TrackedRun) -> None:
        """Adds a run, whose status says only at its end that it is whole."""
        tags = {RECORD: run.record, RUN: run.name, "mlflow.note.content": "\n\n".join(run.words)}
        tags |= {key(name): text[:LONGEST] for name, text in run.tags.items()}
        if run.arm:
            tags["mlflow.parentRunId"] = self.ids[run.arm]
        name = f"{run.study}/{run.name}"
        made = self.client.create_run(self.experiment_id(), tags=tags, run_name=name)
        begun, number = made.info.start_time, made.info.run_id
        self.log(number, run, begun)
        if run.page is not None:
            self.client.log_artifact(number, str(run.page))
        self.client.set_terminated(number, DONE)
        self.ids[run.name] = number

    def log(self, number: str, run: TrackedRun, time: int) -> None:
        """Parameters and metrics of a run, in as few questions as MLflow allows."""
        from mlflow.entities import Metric, Param

        texts = {key(name): str(value)[:LONGEST] for name, value in run.config.items()}
        for some in batches(texts, BATCH):
            self.client.log_batch(number, params=[Param(n, text) for n, text in some.items()])
        metrics = {
            (key(name), step): value
            for step, values in run.points.items()
            for name, value in values.items()
        }
        for part in batches(metrics, METRICS):
            logged = [Metric(n, value, time, step) for (n, step), value in part.items()]
            self.client.log_batch(number, metrics=logged)

    def experiment_id(self) -> str:
        """The experiment, made if it is not there."""
        known = self.client.get_experiment_by_name(self.experiment)
        made = self.client.create_experiment(self.experiment) if known is None else None
        return str(made if known is None else known.experiment_id)


def key(name: str) -> str:
    """A name with the characters that MLflow allows.

    >>> key("verdict.svm+raw"), key("test_accuracy/mean")
    ('verdict.svm_raw', 'test_accuracy/mean')
    """
    return re.sub(r"[^/\w.\- :]", "_", name)[:250]


def batches(values: Mapping[Any, Any], most: int) -> Iterator[dict[Any, Any]]:
    """A mapping in parts of so many at most.

    >>> list(batches({1: 2, 3: 4, 5: 6}, 2))
    [{1: 2, 3: 4}, {5: 6}]
    """
    items = list(values.items())
    for i in range(0, len(items), most):
        yield dict(items[i : i + most])
