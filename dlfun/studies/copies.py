"""Runs of an arm that are one result: an arm without chance of its own repeats itself."""

from __future__ import annotations

import numpy as np

from dlfun.studies.classical.run import Classical
from dlfun.studies.evidence import own_splits, targets_of
from dlfun.studies.growing import Arm
from dlfun.studies.judge import metric_of, score
from dlfun.studies.stacked import Stacked


def answers_of(arm: Arm) -> np.ndarray | None:
    """What each run of an arm said of its test split [replicates, examples, ...].

    Classes, or the squared errors of numbers; None where that is not kept.
    """
    if isinstance(arm, Classical):
        return arm.squares if arm.predicted is None else arm.predicted
    found = arm.predictions.get("predicted")
    return None if found is None else np.asarray(found)


def mark_copies(arm: Arm, data: Stacked) -> None:
    """Gives each row its column copy_of: the first replicate that said the same; else empty.

    Runs are copies if they gave equal answers to all examples of the same test split, and scored
    the same. Equal scores alone make no copies, and a run that failed is none.
    """
    answers, splits = answers_of(arm), own_splits(arm.rows, data)
    metric = metric_of(arm.rows, "test")
    first: dict[tuple[bytes, float], list[int]] = {}
    for i, row in enumerate(arm.rows):
        row["copy_of"] = ""
        if answers is None or row["status"] != "ok":
            continue
        said = np.ascontiguousarray(answers[i]).tobytes(), score(row, metric)
        alike = first.setdefault(said, [])
        for j in alike:
            if same_test(data, splits[i], splits[j]):
                row["copy_of"] = arm.rows[j]["replicate"]
                break
        else:
            alike.append(i)


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
    answers, metric = answers_of(arm), metric_of(arm.rows, "test").rpartition("_")[2]
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
