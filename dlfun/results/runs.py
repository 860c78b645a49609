"""Runs of other tools as a table: what each was told, and the scores that its curves end with."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from dlfun.errors import UserError, short
from dlfun.results.columns import Columns, is_lower
from dlfun.results.curves import Pick, pick_of, picked
from dlfun.results.tables import Table, check_size, text_of

NAMED = re.compile(r"(?<![A-Za-z0-9])(seed|fold|replicate|version)[_-]?([0-9]+)(?![0-9])", re.I)
PAIRED = re.compile(r"([A-Za-z][\w.]*)=([^,=]+)")
"""What a folder may say of its runs in its name: seed3, seed_3, lr=0.1,model=cnn."""


class Run(NamedTuple):
    """A run as its tool recorded it.

    Attributes:
      name: as errors call it.
      config: name -> value, of what it was told.
      curves: metric -> its scores in the order of steps; the last alone where no more is needed.
      state: finished, failed and so on, as the tool has it; empty where it has nothing.
    """

    name: str
    config: Mapping[str, Any]
    curves: Mapping[str, Sequence[float]]
    state: str = ""


def picks_of(columns: Columns) -> list[Pick]:
    """What is asked of the runs."""
    return [pick_of(name) for name in columns.scores]


def run_table(runs: Sequence[Run], name: str, columns: Columns, lower: Iterable[str] = ()) -> Table:
    """A row a run: its name, its state, what it was told, and a column a score.

    Args:
      lower: metrics of which the tool knows that less is better.

    Raises:
      UserError: if there are no runs, or too many.
    """
    if not runs:
        raise UserError(f"{name}: holds no run; name a folder or file that runs were logged to")
    metrics = dict.fromkeys(metric for run in runs for metric in run.curves)
    asked = [pick for pick in picks_of(columns) if pick.how and pick.metric in metrics]
    told = [
        key for key in dict.fromkeys(k for run in runs for k in run.config) if key not in metrics
    ]
    check_size(len(runs) * (len(told) + len(metrics) + len(asked) + 2), name)
    cells: dict[str, list[str]] = {"name": [run.name for run in runs]}
    if any(run.state for run in runs):
        cells["state"] = [run.state.lower() for run in runs]
    for key in told:
        cells[key] = [text_of(run.config.get(key)) for run in runs]
    less = {*lower}
    for pick in (*(Pick(metric) for metric in metrics), *asked):
        higher = pick.metric not in less and not is_lower(pick.metric, columns)
        column = f"{pick.metric}:{pick.how}" if pick.how else pick.metric
        less |= {column} if pick.metric in less else set()
        cells[column] = [
            score_text(picked(run.curves.get(pick.metric, ()), pick.how, higher)) for run in runs
        ]
    return Table(name, cells, tuple(less), of_runs=True)


def score_text(value: float | None) -> str:
    """A score as a cell; nothing where a run has none."""
    if value is None:
        return ""
    return repr(float(value)) if math.isfinite(value) else "nan"


def flat(value: Mapping[Any, Any], before: str = "") -> dict[str, Any]:
    """A nested configuration by names with dots.

    >>> flat({"model": "cnn", "optimizer": {"lr": 0.1}})
    {'model': 'cnn', 'optimizer.lr': 0.1}
    """
    found: dict[str, Any] = {}
    for key, inner in value.items():
        name = f"{before}{key}"
        found |= flat(inner, f"{name}.") if isinstance(inner, Mapping) else {name: inner}
    return found


def from_path(path: str) -> dict[str, str]:
    """What a path below the folder of runs says: path.1, path.2 ..., and values that it names.

    >>> from_path("cnn/seed_3")
    {'path.1': 'cnn', 'path.2': 'seed_3', 'seed': '3'}
    >>> from_path("cnn-seed3")
    {'path.1': 'cnn', 'seed': '3'}
    """
    found: dict[str, str] = {}
    named: dict[str, str] = {}
    for place, part in enumerate(PurePath(path).parts, 1):
        known = {key.lower(): number for key, number in NAMED.findall(part)}
        known |= dict(PAIRED.findall(part))
        rest = NAMED.sub("", PAIRED.sub("", part)).strip("_-., ")
        found[f"path.{place}"] = rest or part
        named |= known
    return found | named


def log_error(path: object, what: str, error: Exception) -> UserError:
    """The error of a log that its own tool cannot read."""
    return UserError(f"{path}: cannot be read as {what} ({short(error, 120)})")
