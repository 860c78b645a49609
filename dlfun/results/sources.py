"""Where results come from: tables, arrays, and what other tools log; each known by its look."""

from __future__ import annotations

import importlib.util
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from dlfun import deferred
from dlfun.errors import UserError
from dlfun.results.columns import Columns
from dlfun.results.readers import event_files, metrics_files, mlflow_store
from dlfun.results.tables import STDIN, Table, from_python, read_table

DATABASES = (".db", ".sqlite", ".sqlite3")
SERVERS = ("http://", "https://")


class Source(NamedTuple):
    """A tool whose results can be read.

    Attributes:
      what: it leaves.
      holds: (path) -> whether it is there.
      reads: `module:function` of (path, columns) -> `Table`.
      needs: the package that must be there.
      install: how it is had.
    """

    what: str
    holds: Callable[[str], bool]
    reads: str
    needs: str = ""
    install: str = ""


def has_table(path: str, name: str) -> bool:
    """Whether a file is a database of SQLite with a table of this name."""
    if Path(path).suffix.lower() not in DATABASES or not Path(path).is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)) as base:
            asked = "select 1 from sqlite_master where type = 'table' and name = ?"
            return base.execute(asked, (name,)).fetchone() is not None
    except sqlite3.Error:
        return False


def begins(path: str, words: bytes) -> bool:
    """Whether a file begins so."""
    try:
        with Path(path).open("rb") as file:
            return file.read(len(words)) == words
    except OSError:
        return False


READERS = "dlfun.results.readers"

SOURCES: dict[str, Source] = {
    "arrays": Source(
        "scores in .npy or .npz",
        lambda path: Path(path).suffix.lower() in (".npy", ".npz"),
        f"{READERS}.arrays:read",
    ),
    "mlflow": Source(
        "MLflow's tracking store: its folder mlruns, its database, or the address of its server",
        lambda path: (
            path.startswith(SERVERS)
            or has_table(path, "experiments")
            or mlflow_store.is_store(Path(path))
        ),
        f"{READERS}.mlflow_store:read",
        "mlflow",
        "mlflow",
    ),
    "optuna": Source(
        "Optuna's studies in a database or a journal",
        lambda path: has_table(path, "trials") or begins(path, b'{"op_code"'),
        f"{READERS}.optuna_study:read",
        "optuna",
        "optuna",
    ),
    "tensorboard": Source(
        "TensorBoard's event files, a folder a run",
        lambda path: (
            any(Path(path).rglob(event_files.EVENTS))
            if Path(path).is_dir()
            else "tfevents" in Path(path).name
        ),
        f"{READERS}.event_files:read",
        "tensorboardX",
        "tensorboardX",
    ),
    "metrics": Source(
        "metrics.csv in folders, as Keras' CSVLogger and Lightning write them",
        lambda path: Path(path).is_dir() and bool(metrics_files.files_of(Path(path))),
        f"{READERS}.metrics_files:read",
    ),
}
"""Tool -> what is known of it; the first that holds is read."""


def read_results(path: str, columns: Columns) -> Table:
    """Results from wherever they are.

    Raises:
      UserError: if nothing is known to read there, a package is missing, or it cannot be read.
    """
    if path == STDIN:
        return read_table(path)
    source = next((one for one in SOURCES.values() if one.holds(path)), None)
    if source is None:
        return other(path)
    if source.needs and importlib.util.find_spec(source.needs) is None:
        raise UserError(f"{path}: needs {source.needs} to be read: pip install {source.install}")
    found: Table = deferred.load(source.reads)(path, columns)
    return found


def results_from(table: Any, columns: Columns) -> Table:
    """Results as a call gives them: the path of where they are, a frame, columns, or rows.

    Raises:
      UserError: if it is none of these.
    """
    if isinstance(table, str | Path):
        return read_results(str(table), columns)
    return from_python(table)


def other(path: str) -> Table:
    """A table in a file.

    Raises:
      UserError: if it is none; of folders it says what may be in them.
    """
    if Path(path).suffix.lower() in DATABASES and Path(path).is_file():
        raise UserError(f"{path}: is no database of MLflow or Optuna that can be read")
    if not Path(path).is_dir():
        return read_table(path)
    if (Path(path) / "members.csv").exists():
        raise UserError(f"{path}: is a record of dlfun; name its members.csv")
    listed = "; ".join(source.what for source in SOURCES.values())
    raise UserError(f"{path}: holds no results that can be read, which are: {listed}")
