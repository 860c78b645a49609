"""scikit-learn's side: its perceptron and its multi-layer network, a batch at a time."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from dlfun import models
from dlfun.benchmark.options import Job
from dlfun.benchmark.side import read_start
from dlfun.benchmark.works import CLASSES, Work


def estimator(work: Work) -> Any:
    """The model of scikit-learn that does the work."""
    from sklearn.linear_model import Perceptron
    from sklearn.neural_network import MLPClassifier

    if isinstance(work.shape, models.Perceptron):
        return Perceptron(shuffle=False)
    return MLPClassifier(
        work.shape.widths,
        alpha=0.0,
        batch_size=work.batch_size,
        learning_rate_init=work.learning_rate,
        shuffle=False,
    )


class PartialFit:
    """One member; every call of partial_fit is one step."""

    def __init__(self, job: Job) -> None:
        start = read_start(job).member()
        self.work, self.model = job.work, estimator(job.work)
        self.inputs = start.inputs.reshape(len(start.inputs), -1)
        self.targets, self.rows = start.targets, start.rows
        self.batches = itertools.cycle(start.rows)
        if isinstance(job.work.shape, models.BPNN):
            self.begin(start.parameters)

    def begin(self, parameters: dict[str, np.ndarray]) -> None:
        """Puts dlfun's initial parameters in the place of its own, and the optimiser to its start.

        The first call makes all arrays; without its optimiser, the next makes a new one.
        """
        self.step()
        self.batches = itertools.cycle(self.rows)
        layers = [f"hidden_{i}" for i in range(len(self.work.shape.widths))] + ["head"]
        for i, layer in enumerate(layers):
            self.model.coefs_[i][...] = parameters[f"params/{layer}/kernel"]
            self.model.intercepts_[i][...] = parameters[f"params/{layer}/bias"]
        del self.model._optimizer

    def step(self) -> None:
        """One step on the next batch."""
        rows = next(self.batches)
        self.model.partial_fit(self.inputs[rows], self.targets[rows], classes=np.arange(CLASSES))

    def losses(self, steps: int) -> np.ndarray | None:
        """Of the first steps. Its perceptron learns one class against the rest: another rule."""
        found = []
        for _ in range(steps):
            self.step()
            found.append(getattr(self.model, "loss_", None))
        return None if isinstance(self.work.shape, models.Perceptron) else np.array([found])

    def go(self, steps: int) -> None:
        """Trains on."""
        for _ in range(steps):
            self.step()

    def facts(self) -> dict[str, Any]:
        """It trains one member."""
        return {"members": 1}


def partial_fit(job: Job) -> PartialFit:
    """scikit-learn's own step."""
    return PartialFit(job)
