"""Estimators of scikit-learn, made and fitted for one replicate. Imported when one is needed."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from dlfun.config.classical import CLASSICAL, RAW, parse_arm
from dlfun.objectives.tasks import task_of
from dlfun.studies.baselines.feature_tables import Tables
from dlfun.types import Spec


class Fitted(NamedTuple):
    """What a fit leaves.

    Attributes:
      scores: by the names of members.csv.
      seconds: of the fit and its scores.
      predicted, confidence: [examples] of the test split; None where there is nothing to say.
      squares: [examples] of it, squared errors of numbers, their mean over the outputs.
    """

    scores: dict[str, float]
    seconds: float
    predicted: np.ndarray | None = None
    confidence: np.ndarray | None = None
    squares: np.ndarray | None = None


class TotalVariance(TransformerMixin, BaseEstimator):
    """Centres features, and divides all by one number, so that their variances add up to 1.

    Typical squared distances are then about 2, however many features there are.
    """

    def fit(self, features: np.ndarray, targets: Any = None) -> TotalVariance:
        """Learns the means and the total variance of features [n, d]."""
        self.mean_ = features.mean(0, dtype=np.float64)
        self.scale_ = np.sqrt(features.var(0, dtype=np.float64).sum()) or 1.0
        return self

    def transform(self, features: np.ndarray) -> np.ndarray:
        """The same features, centred and scaled."""
        return (features - self.mean_[None]) / self.scale_


def scaling(kind: str, spec: Spec) -> list[tuple[str, Any]]:
    """The steps that bring features to one scale.

    The values of an image or a recording have one unit, and where they hardly vary they hardly
    matter; columns of a table and hand-made features are each divided by their own deviation.
    """
    total = ("total", TotalVariance())
    if kind == RAW and spec.modality != "vector":
        return [total]
    return [("each", StandardScaler()), total]


def make(
    name: str, configuration: Mapping[str, Any], spec: Spec, examples: int, random_state: int
) -> Any:
    """The estimator of an arm, with the scaling that its method needs.

    Numbers to predict are standardised, and each is predicted by an estimator of its own. More
    neighbours than there are `examples` are all of them.
    """
    method, kind = parse_arm(name)
    row = CLASSICAL[method]
    model = row.factory(configuration, random_state, task_of(spec).classes)
    if hasattr(model, "n_neighbors"):
        model.set_params(n_neighbors=min(model.n_neighbors, examples))
    if task_of(spec).numbers:
        each = MultiOutputRegressor(model)
        unit = StandardScaler()
        model = TransformedTargetRegressor(each, transformer=unit, check_inverse=False)
    return Pipeline([*(scaling(kind, spec) if row.scaled else []), ("model", model)])


def scores(
    classes: bool, split: str, predicted: np.ndarray, targets: np.ndarray, measured: bool = False
) -> dict[str, float]:
    """Accuracy of classes, or mean squared error of numbers, as networks are scored.

    Numbers of a unit of the user's own are `measured`, and have an rmse and an R^2 beside it.
    """
    if classes:
        return {f"{split}_accuracy": float(np.mean(predicted == targets))}
    wanted = targets.astype(np.float64)
    squares = np.square(predicted.reshape(wanted.shape) - wanted).mean(0)
    found = {f"{split}_loss": float(squares.mean())}
    if measured:
        with np.errstate(invalid="ignore", divide="ignore"):
            explained = np.where(np.ptp(wanted, axis=0) > 0, 1 - squares / wanted.var(0), np.nan)
        found |= {
            f"{split}_rmse": math.sqrt(found[f"{split}_loss"]),
            f"{split}_r2": float(explained.mean()),
        }
    return found


def confidence(estimator: Any, features: np.ndarray, predicted: np.ndarray) -> np.ndarray | None:
    """The probability [n] of the classes predicted; None where the method has none."""
    if not hasattr(estimator, "predict_proba"):
        return None
    chances = estimator.predict_proba(features)
    place = np.searchsorted(estimator.classes_, predicted)
    return chances[np.arange(len(predicted)), place].astype(np.float32)


def fit(estimator: Any, data: Tables, classes: bool) -> Fitted:
    """Fits on the training split, and scores every split there is."""
    start = time.perf_counter()
    estimator.fit(data.train.features, data.train.targets)
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    said = {
        split: (estimator.predict(table.features), table.targets)
        for split, table in splits.items()
        if table is not None
    }
    found: dict[str, float] = {}
    for split, pair in said.items():
        found |= scores(classes, split, *pair, data.measured)
    predicted = sure = squares = None
    if data.test is not None and classes:
        predicted = said["test"][0]
        sure = confidence(estimator, data.test.features, predicted)
    elif data.test is not None:
        numbers, wanted = said["test"]
        squares = np.square(numbers.reshape(wanted.shape) - wanted.astype(np.float64)).mean(1)
    return Fitted(found, time.perf_counter() - start, predicted, sure, squares)
