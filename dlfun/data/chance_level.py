"""The score of the best constant answer on the test split, by the task of a data set."""

from __future__ import annotations

import math

import numpy as np

from dlfun.deferred import load
from dlfun.objectives.tasks import task_of
from dlfun.types import Dataset


def chance(dataset: Dataset) -> float:
    """What the best constant answer, known from the training split, reaches on the test split."""
    return load(task_of(dataset.spec).chance)(dataset)


def targets_of(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """The targets of the training and of the test split."""
    return np.asarray(dataset.train.targets), np.asarray(dataset.test.targets)


def most_frequent_class(dataset: Dataset) -> float:
    """The accuracy of always naming the most frequent training class."""
    known, wanted = targets_of(dataset)
    return float(np.mean(wanted == np.bincount(known).argmax()))


def mean_of_targets(dataset: Dataset) -> float:
    """The mean squared error of always predicting the mean of the training targets.

    Where targets are standardised it is the root, in the user's unit.
    """
    known, wanted = targets_of(dataset)
    squared = float(np.mean((wanted - known.mean(0, dtype=np.float64)) ** 2))
    return math.sqrt(squared) if dataset.scaling and dataset.scaling.targets else squared


def frequencies_of_tokens(dataset: Dataset) -> float:
    """The nats of the frequencies of training tokens, each counted once more than it was seen."""
    known, wanted = targets_of(dataset)
    counts = 1.0 + np.bincount(known[known >= 0], minlength=dataset.spec.outputs)
    return float(-np.mean(np.log(counts / counts.sum())[wanted[wanted >= 0]]))


def frequencies_of_steps(dataset: Dataset) -> float:
    """The same of labels, with the frequencies of each step."""
    known, wanted = targets_of(dataset)
    seen = 1.0 + (known[..., None] == np.arange(dataset.spec.outputs)).sum(0)
    step, real = np.arange(known.shape[1])[None], wanted >= 0
    return float(-np.mean(np.log(seen / seen.sum(1, keepdims=True))[step, wanted][real]))


def pixels_alone(dataset: Dataset) -> float:
    """The mean log-likelihood of test examples, each value in [0, 1] drawn alone, as in training.

    In nats, as an ELBO is. Each value counts as seen once more at 0 and once more at 1. NaN where
    values have densities: those of an ELBO depend on their unit.
    """
    if dataset.spec.likelihood != "bernoulli" or dataset.spec.vocabulary:
        return math.nan
    train, test = np.asarray(dataset.train.inputs), np.asarray(dataset.test.inputs)
    scale = dataset.spec.scale
    one = (1 + scale * train.sum(0, dtype=np.float64)) / (2 + len(train))
    mean = scale * test.mean(0, dtype=np.float64)
    return float(np.sum(mean * np.log(one) + (1 - mean) * np.log1p(-one)))
