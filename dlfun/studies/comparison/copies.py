"""Copies among the runs of an arm: without chance of its own it repeats itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlfun.objectives.metrics import parts
from dlfun.records.outcome import Row
from dlfun.studies.artifacts.evidence import own_splits, targets_of
from dlfun.studies.baselines.arm import Classical
from dlfun.studies.comparison.sequential import Arm
from dlfun.studies.comparison.verdicts import metric_of, score
from dlfun.studies.population.stacked import Stacked


def answers_of(arm: Arm) -> np.ndarray | None:
    """What each run of an arm said of its test split [replicates, examples, ...].

    Classes, or the squared errors of numbers; None where that is not kept.
    """
    if isinstance(arm, Classical):
        return arm.squares if arm.predicted is None else arm.predicted
    found = arm.predictions.get("predicted")
    return None if found is None else np.asarray(found)


def confidence_of(arm: Arm) -> np.ndarray | None:
    """How sure each run was of its classes [replicates, examples]; None where that is not kept."""
    found = arm.confidence if isinstance(arm, Classical) else arm.predictions.get("confidence")
    return None if found is None else np.asarray(found)


def copy_columns(arm: Arm, data: Stacked) -> list[Row]:
    """The column copy_of of each row: the first replicate that said the same; else empty.

    The runs of an arm are copies if all of them gave equal answers to all examples of the same test
    split, and scored the same. Where only some did, as networks of different seeds do on few
    examples, those are copies that were also equally sure of each answer. Equal scores alone make
    no copies, and a run that failed is none.
    """
    first = first_of_each(arm, data)
    return [
        {"copy_of": "" if first.get(i, i) == i else arm.rows[first[i]]["replicate"]}
        for i in range(len(arm.rows))
    ]


def first_of_each(arm: Arm, data: Stacked) -> dict[int, int]:
    """Each run of which that can be said -> the first that said the same."""
    answers, sure = answers_of(arm), confidence_of(arm)
    if answers is None:
        return {}
    metric = metric_of(arm.rows, "test")
    scores = [np.float64(score(row, metric)).tobytes() for row in arm.rows]
    said = [np.ascontiguousarray(a).tobytes() + b for a, b in zip(answers, scores, strict=True)]
    first = first_alike(arm, said, data)
    if sure is not None and len(set(first.values())) > 1:
        said = [
            one + np.ascontiguousarray(own).tobytes() for one, own in zip(said, sure, strict=True)
        ]
        first = first_alike(arm, said, data)
    return first


def first_alike(arm: Arm, said: Sequence[bytes], data: Stacked) -> dict[int, int]:
    """Each run that did not fail -> the first that said the same of the same examples."""
    splits, first = own_splits(arm.rows, data), dict[int, int]()
    for i, row in enumerate(arm.rows):
        if row["status"] == "ok":
            alike = (j for j in set(first.values()) if said[i] == said[j])
            same = (j for j in alike if same_test(data, splits[i], splits[j]))
            first[i] = next(same, i)
    return first


def same_test(data: Stacked, one: int, other: int) -> bool:
    """Whether two of the stacked splits test on the same examples in the same order."""
    if one == other:
        return True
    test = data.test
    parts = [part for part in (test.targets, test.inputs) if part is not None]
    return all(np.array_equal(np.asarray(part[one]), np.asarray(part[other])) for part in parts)


def examples_of(arm: Arm, data: Stacked) -> np.ndarray | None:
    """What each run scored on each example of the one test split [replicates, examples].

    Their mean is the score: right answers of accuracy; squared errors; of their root its linear
    part in them (the delta method). Of other metrics nothing is known by example.
    """
    answers, metric = answers_of(arm), parts(metric_of(arm.rows, "test"))[1]
    if len(data.datasets) > 1 or answers is None:
        return None
    if metric == "accuracy":
        return answers == targets_of(arm.rows, data)
    if metric not in ("rmse", "loss") or not isinstance(arm, Classical):
        return None
    return linear_part(answers) if metric == "rmse" else answers


def linear_part(squares: np.ndarray) -> np.ndarray:
    """Squared errors [runs, examples] as shares of their roots: each row's mean is its root.

    >>> linear_part(np.array([[4.0, 4.0, 0.0, 8.0]])).tolist()
    [[2.0, 2.0, 1.0, 3.0]]
    """
    root = np.sqrt(squares.mean(1, keepdims=True))
    return np.where(root > 0, (squares / np.where(root > 0, root, 1) + root) / 2, 0.0)
