"""Scores against the number of training examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dlfun.config.options import StudyOptions
from dlfun.objectives.metrics import judging
from dlfun.objectives.tasks import task_of
from dlfun.studies.baselines.arm import run_classical
from dlfun.studies.baselines.feature_tables import Read, Reader, Tables, first_examples
from dlfun.studies.population.stacked import Stacked, fewest

RUNGS = 6
"""Numbers of training examples on a curve."""

PER_CLASS = 5
"""Examples of each class, about, where a curve begins."""

Rows = Sequence[Mapping[str, Any]]


def ladder(data: Stacked, rungs: int = RUNGS) -> tuple[int, ...]:
    """Numbers of training examples from a few of each class to all, in equal ratios."""
    most = fewest(data.tuning.train)
    classes = data.first.spec.outputs if task_of(data.first.spec).classes else 2
    least = min(PER_CLASS * classes, most)
    sizes = np.unique(np.round(np.geomspace(least, most, rungs)).astype(int))
    return tuple(sizes.tolist())


def curve(sizes: Sequence[int], train: Callable[[int], Rows]) -> list[dict[str, Any]]:
    """Rows of curve.csv: those of one arm at each number of training examples.

    Args:
      train: a number of examples -> the rows, as in members.csv, of an arm that learned from
        so many of them.
    """
    return [
        {
            "dataset": row["dataset"],
            "model": row["model"],
            "replicate": row["replicate"],
            "train_examples": size,
            **{name: row[name] for name in scores_of(row)},
        }
        for size in sizes
        for row in train(size)
    ]


def scores_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """What a curve shows of a run: what it is judged by."""
    return judging(row, "train"), judging(row, "test")


def classical_curve(
    options: StudyOptions,
    name: str,
    data: Stacked,
    sizes: Sequence[int],
    configuration: Mapping[str, Any],
    read: Read | None = None,
) -> list[dict[str, Any]]:
    """The curve of a classical arm; the arguments are those of `run_classical`.

    Features are made once, where nothing is fitted to make them: those of fewer examples are the
    first of all.
    """
    whole = read or Reader(data)
    apart = data.first.scaling is not None

    def train(count: int) -> Rows:
        def few(kind: str, at: int) -> Tables:
            seen = whole(kind, at)
            return seen._replace(train=type(seen.train)(*(part[:count] for part in seen.train)))

        fewer = first_examples(data, count)
        own = Reader(fewer) if apart else few
        return run_classical(options, name, fewer, [configuration], read=own).rows

    return curve(sizes, train)
