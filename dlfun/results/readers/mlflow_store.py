"""MLflow's tracking store: a folder of runs, a database, or a server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlfun.errors import UserError
from dlfun.results.columns import Columns
from dlfun.results.runs import Run, log_error, picks_of, run_table
from dlfun.results.tables import Table

META = "meta.yaml"
ALLOWED = "MLFLOW_ALLOW_FILE_STORE"
"""Without it MLflow reads no folders."""

NAME = "mlflow.runName"
PAGE = 1000


def is_store(folder: Path) -> bool:
    """Whether a folder is one of experiments, or of one experiment's runs."""
    return any(folder.glob(f"*/{META}"))


def read(path: str, columns: Columns) -> Table:
    """The active runs of all experiments, or of one whose folder it is; their latest metrics.

    Raises:
      UserError: if MLflow cannot read it.
    """
    import mlflow  # type: ignore[import-not-found,unused-ignore]

    before = os.environ.get(ALLOWED)
    os.environ[ALLOWED] = "true"
    try:
        uri, only = place_of(path)
        client = mlflow.MlflowClient(uri)
        experiments = {one.experiment_id: one.name for one in client.search_experiments()}
        chosen = [only] if only else list(experiments)
        curves = {pick.metric for pick in picks_of(columns) if pick.needs_curve}
        runs = [run_of(run, experiments, curves, client) for run in pages(client, chosen)]
    except UserError:
        raise
    except Exception as error:
        raise log_error(path, "a store of MLflow", error) from None
    finally:
        os.environ.pop(ALLOWED)
        if before is not None:
            os.environ[ALLOWED] = before
    return run_table(runs, path, columns)


def place_of(path: str) -> tuple[str, str | None]:
    """Its address for MLflow, and the number of the one experiment that is asked for."""
    if "://" in path:
        return path, None
    place = Path(path).resolve()
    if place.is_file():
        return f"sqlite:///{place}", None
    if (place / META).exists():
        return place.parent.as_uri(), place.name
    return place.as_uri(), None


def pages(client: Any, experiments: list[str]) -> Iterator[Any]:
    """All runs, a page after the other, from the first that was started."""
    token = None
    while experiments:
        found = client.search_runs(
            experiments, max_results=PAGE, order_by=["attributes.start_time"], page_token=token
        )
        yield from found
        token = found.token
        if not token:
            return


def run_of(run: Any, experiments: dict[str, str], curves: set[str], client: Any) -> Run:
    """A run with its parameters and tags; curves of the metrics that need one."""
    tags = {key: value for key, value in run.data.tags.items() if not key.startswith("mlflow.")}
    told = {"experiment": experiments.get(run.info.experiment_id, ""), **tags, **run.data.params}
    found = {metric: [value] for metric, value in run.data.metrics.items()}
    for metric in curves & found.keys():
        points = client.get_metric_history(run.info.run_id, metric)
        found[metric] = [p.value for p in sorted(points, key=lambda p: (p.step, p.timestamp))]
    return Run(run.data.tags.get(NAME, run.info.run_id), told, found, run.info.status)
