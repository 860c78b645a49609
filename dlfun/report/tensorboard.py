"""TensorBoard's logs of a record: curves of each arm over its members, and what a sweep tried."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.objectives.metrics import shown_ends
from dlfun.records.reader import read_arrays, read_rows
from dlfun.stats import t_interval
from dlfun.studies.comparison.verdicts import metric_of

FOLDER = "tensorboard"
PARTS = ("mean", "low", "high")
"""Of a metric, a tag each: the mean over members, and the ends of its pointwise 95 % t interval."""

LONGEST = 100
"""Characters of the name of a run."""


class Curves(NamedTuple):
    """What becomes one run of TensorBoard: an arm, or a configuration of a sweep.

    Attributes:
      name: the folder of the run, below `FOLDER`.
      values: swept name -> value, as members.csv has it.
      steps: [intervals].
      metrics: metric -> [members, intervals].
    """

    name: str
    values: dict[str, str]
    steps: np.ndarray
    metrics: dict[str, np.ndarray]


def curves_of(folder: Path, swept: Sequence[str] = ()) -> Iterator[Curves]:
    """The arms of a record, and of a sweep every configuration, in the order they ran."""
    history = read_arrays(folder, "history.npz")
    groups: dict[tuple[str, ...], list[int]] = {}
    places: dict[str, int] = {}
    for row in read_rows(folder):
        arm = f"{row['dataset']}/{row['model']}"
        key = (arm, *(row[name] for name in swept))
        groups.setdefault(key, []).append(places.setdefault(arm, 0))
        places[arm] += 1
    # Classical models have no curves.
    drawn = {key: rows for key, rows in groups.items() if f"{key[0]}/step" in history}
    for number, ((arm, *values), rows) in enumerate(drawn.items()):
        chosen = dict(zip(swept, values, strict=True))
        prefix, steps = f"{arm}/", history[f"{arm}/step"]
        metrics = {
            name.removeprefix(prefix): array[rows]
            for name, array in history.items()
            if name.startswith(prefix) and name != f"{arm}/step"
        }
        yield Curves(run_name(arm, number, chosen), chosen, steps, metrics)


def run_name(arm: str, number: int, values: Mapping[str, str]) -> str:
    """What TensorBoard shows of an arm, or of a sweep's configuration of this number.

    >>> run_name("digits/cnn", 0, {})
    'digits-cnn'
    >>> run_name("digits/cnn", 7, {"learning_rate": "0.01", "cnn_channels": "8,8"})
    'digits-cnn/007 learning_rate=0.01 cnn_channels=8x8'
    """
    name = arm.replace("/", "-")
    if not values:
        return name
    texts = (f"{key}={value.replace(',', 'x')}" for key, value in values.items())
    own = re.sub(r"[^\w.=+ -]", "_", " ".join([f"{number:03d}", *texts]))
    return f"{name}/{own[:LONGEST].rstrip(' .')}"


def typed(runs: Sequence[Curves]) -> list[dict[str, Any]]:
    """The swept values of each run: numbers where all values of a name are, else texts."""

    def numeric(name: str) -> bool:
        try:
            return all(np.isfinite(float(run.values[name])) for run in runs)
        except ValueError:
            return False

    numbers = {name for name in runs[0].values if numeric(name)}
    return [{n: float(v) if n in numbers else v for n, v in run.values.items()} for run in runs]


def write_logs(folder: Path, swept: Sequence[str] = ()) -> None:
    """Adds tensorboard/ to a record: a run an arm, or a run a configuration of a sweep.

    A run has the scalars METRIC/mean, METRIC/low and METRIC/high over steps, a margin chart of
    each metric, and in a sweep its values as HParams, with the validation metric they led to.
    """
    import tensorboardX

    runs = list(curves_of(folder, swept))
    metric = metric_of(read_rows(folder), "validation")
    for run, values in zip(runs, typed(runs), strict=True):
        with tensorboardX.SummaryWriter(str(folder / FOLDER / run.name)) as writer:
            if values:
                # The plugin takes the last point of the scalar of this name.
                for part in tensorboardX.summary.hparams(values, {f"{metric}/mean": 0.0}):
                    writer.file_writer.add_summary(part)
            writer.add_custom_scalars({"95 % t intervals of the mean": charts(run)})
            for name, array in run.metrics.items():
                write_band(writer, name, run.steps, array)


def charts(run: Curves) -> dict[str, list[Any]]:
    """A margin chart of each metric that has an interval."""
    return {
        metric: ["Margin", [f"{metric}/{part}" for part in PARTS]]
        for metric, array in run.metrics.items()
        if len(array) > 1
    }


def write_band(writer: Any, metric: str, steps: np.ndarray, array: np.ndarray) -> None:
    """The scalars of a metric [members, intervals]; members that failed are left out."""
    for step, column in zip(steps, array.T, strict=True):
        span = t_interval(column)
        ends = shown_ends(span.low, span.high, metric)
        for part, value in zip(PARTS, (span.estimate, *ends), strict=True):
            if np.isfinite(value):
                writer.add_scalar(f"{metric}/{part}", value, int(step))
