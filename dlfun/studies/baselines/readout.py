"""The same linear read-out on raw, hand-made and learned features."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun.config.classical import RAW
from dlfun.config.start_table import model_of_arm
from dlfun.objectives.tasks import task_of
from dlfun.records.outcome import Result
from dlfun.studies.baselines.feature_tables import Read, Reader, Tables, split_of
from dlfun.studies.baselines.features import check_features, handmade
from dlfun.studies.baselines.learned_features import LEARNED, learned_tables
from dlfun.studies.baselines.pool import do_all
from dlfun.studies.population.stacked import Stacked

STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Inverse strengths of the regularisation, of which the validation split chooses; scikit-learn's C.

Without such a split it is 1.
"""

EXAMPLES = 10_000
"""Training examples of a read-out, at most: the first ones, which are a stratified sample."""

STEPS = 300
"""Of L-BFGS, at most."""


def linear_readout(tables: Tables) -> float:
    """The test accuracy of multinomial logistic regression on standardised features.

    The strength of its regularisation is the one that validates best; of equals, the strongest.
    """
    assert tables.test is not None
    if tables.validation is None:
        return fitted(tables, 1.0).score(*tables.test)
    models = [fitted(tables, strength) for strength in STRENGTHS]
    best = int(np.argmax([model.score(*tables.validation) for model in models]))
    return float(models[best].score(*tables.test))


def fitted(tables: Tables, strength: float) -> Any:
    """The read-out under one strength of regularisation."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=STEPS))
    features, targets = tables.train
    return model.fit(features[:EXAMPLES], targets[:EXAMPLES])


class Job(NamedTuple):
    """A read-out: of which features, and of which split, or which member of which result."""

    features: str
    result: int | None
    place: int


def make_jobs(
    data: Stacked, results: Sequence[Result], replicates: Sequence[int]
) -> list[tuple[Job, int]]:
    """Each read-out with its replicate; replicates that share features share a job."""
    own = handmade(data.first.spec)
    kinds = (RAW, own) if own else (RAW,)
    jobs = [(Job(kind, None, split_of(data, r)), r) for kind in kinds for r in replicates]
    for i, result in enumerate(results):
        if model_of_arm(result.model) not in LEARNED:
            continue
        for member, row in enumerate(result.rows):
            if row["replicate"] in replicates and row["status"] == "ok":
                jobs.append((Job(f"learned by {result.model}", i, member), row["replicate"]))
    return jobs


def readout(
    data: Stacked,
    results: Sequence[Result],
    replicates: Sequence[int],
    read: Read | None = None,
) -> list[dict[str, Any]]:
    """Rows of readout.csv: a row for each kind of features and replicate. Opens the test split.

    Args:
      results: arms on these data; those that learn no features, and runs that failed, are left out.
      replicates: those of which rows are wanted.
      read: a `Reader` of the data that other arms have used, if there is one.

    Returns:
      no rows unless the task is classification.

    Raises:
      UserError: if what makes the hand-made features is not installed.
    """
    name, spec = data.first.name, data.first.spec
    if not task_of(spec).classes:
        return []
    read = read or Reader(data)
    check_features(handmade(spec) or RAW, spec)

    def work(job: Job) -> tuple[int, float]:
        arm = None if job.result is None else results[job.result]
        tables = (
            read(job.features, job.place) if arm is None else learned_tables(arm, data, job.place)
        )
        return tables.train.features.shape[1], linear_readout(tables)

    jobs = make_jobs(data, results, replicates)
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # The last digits of an optimum are of no use to an accuracy.
        warnings.simplefilter("ignore", ConvergenceWarning)
        done = dict(do_all(work, [job for job, _ in jobs], f"{name}: linear read-outs"))
    return [
        {
            "dataset": name,
            "features": job.features,
            "replicate": replicate,
            "dimensions": done[job][0],
            "test_accuracy": done[job][1],
        }
        for job, replicate in jobs
    ]
