"""The table of metrics: what a number in a record means, and how it is shown. Needs no JAX.

A column of members.csv is the split and the name of a metric: `test_accuracy`. A metric without a
row is shown with four digits, less of it is better, and no difference of it counts as none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

SPLITS = ("train", "validation", "test")


class Metric(NamedTuple):
    """What is known of a metric.

    Attributes:
      words: its name in a sentence; empty is its name in members.csv.
      higher: whether more of it is better.
      judges: whether models and their members are ranked by it, by the first such row they have.
      share: a share of examples: counts are binomial, it is shown in per cent, and claims may
        be about all examples like those tested.
      per_example: the chance level of a data set is stated in it.
      from_mean: its chance level is what the mean of the training targets scores.
      explained: the metric that says which share of the targets' variance it leaves.
      factor, unit, step, digits: a value is shown times `factor` with `digits` decimals (None is
        four significant digits) and `unit`; a difference has the unit `step`.
      counted: the unit of a difference in a sentence, where it has one.
      delta: the largest difference that counts as none, where the user names no other.
      deltas: the same for data sets of their own.
      of_spread: the same in standard deviations of the training targets.
      bounds: the least and the most that a value can be, as stored.
    """

    words: str = ""
    higher: bool = False
    judges: bool = False
    share: bool = False
    per_example: bool = False
    from_mean: bool = False
    explained: str = ""
    factor: float = 1.0
    unit: str = ""
    step: str = ""
    digits: int | None = None
    counted: str = ""
    delta: float = 0.0
    deltas: Mapping[str, float] = {}
    of_spread: float = 0.0
    bounds: tuple[float, float] = (-math.inf, math.inf)


METRICS: dict[str, Metric] = {
    "accuracy": Metric(
        higher=True,
        judges=True,
        share=True,
        per_example=True,
        factor=100.0,
        unit="%",
        step="points",
        digits=2,
        delta=0.01,
        deltas={"mnist": 0.001, "fashion_mnist": 0.003, "mnist1d": 0.01, "digits": 0.01},
        bounds=(0.0, 1.0),
    ),
    "nats": Metric(
        "loss",
        judges=True,
        per_example=True,
        unit="nats per token",
        step="nats per token",
        counted="nats",
        delta=0.01,
        bounds=(0.0, math.inf),
    ),
    "rmse": Metric(
        "RMSE",
        judges=True,
        per_example=True,
        from_mean=True,
        explained="r2",
        of_spread=0.1,
        bounds=(0.0, math.inf),
    ),
    "elbo": Metric(
        "ELBO", higher=True, judges=True, unit="nats", step="nats", counted="nats", delta=0.5
    ),
    "score": Metric("score", higher=True, judges=True),
    "cost": Metric("cost", judges=True),
    "loss": Metric(judges=True, per_example=True, from_mean=True),
    "r2": Metric("R²", higher=True, bounds=(-math.inf, 1.0)),
    "log_likelihood": Metric("log likelihood", higher=True, unit="nats", step="nats"),
}
"""Name -> row. The first that judges and is there decides verdicts, ranks and the best member.

A score and a cost are of tables from elsewhere, of which no more is known than the direction.
"""

LAST = next(name for name in reversed(METRICS) if METRICS[name].judges)


def parts(column: str) -> tuple[str, str]:
    """The split and the metric that a column of members.csv is named after.

    >>> parts("test_accuracy"), parts("readout_loss")
    (('test', 'accuracy'), ('', 'readout_loss'))
    """
    split, _, name = column.partition("_")
    return (split, name) if split in SPLITS else ("", column)


def metric(column: str) -> Metric:
    """The row of a column of members.csv.

    >>> metric("test_accuracy").higher, metric("validation_edit_distance").higher
    (True, False)
    """
    name = parts(column)[1]
    return METRICS.get(name, Metric(name.replace("_", " ")))


def words(column: str) -> str:
    """A column in words.

    >>> words("test_nats"), words("validation_elbo"), words("train_accuracy")
    ('test loss', 'validation ELBO', 'train accuracy')
    """
    split, name = parts(column)
    return f"{split} {metric(column).words or name}".strip()


def judging(names: Iterable[str], split: str) -> str:
    """The column of a split that runs with these columns are judged by.

    >>> judging(["test_loss", "train_loss", "test_nats"], "test")
    'test_nats'
    """
    known = set(names)
    columns = (f"{split}_{name}" for name, row in METRICS.items() if row.judges)
    return next((column for column in columns if column in known), f"{split}_{LAST}")


def ranking(names: Iterable[str]) -> str:
    """The column that members are ranked by: of validation, or where nothing was held out training.

    >>> ranking(["train_loss", "train_accuracy", "validation_nats"]), ranking(["train_loss"])
    ('validation_nats', 'train_loss')
    """
    known = set(names)
    held_out = judging(known, "validation")
    return held_out if held_out in known else judging(known, "train")


def usual(numbers: bool) -> str:
    """The metric that arms are expected to be judged by, of targets that are numbers or not."""
    return next(name for name, row in METRICS.items() if row.judges and row.from_mean == numbers)


def higher_is_better(column: str) -> bool:
    """Whether more of a metric, such as test_accuracy, is better."""
    return metric(column).higher


def sign(column: str) -> float:
    """What scores are multiplied by so that more of them is better."""
    return 1.0 if metric(column).higher else -1.0


def default_delta(column: str, dataset: str, spread: float) -> float:
    """The largest difference that counts as none where the user names no other.

    Args:
      spread: the standard deviation of the training targets, where these are numbers.

    >>> default_delta("test_accuracy", "mnist", 0.0), default_delta("test_rmse", "mine", 5.0)
    (0.001, 0.5)
    """
    row = metric(column)
    return row.deltas.get(dataset, row.delta) + row.of_spread * spread


def shown_ends(low: Any, high: Any, column: str) -> tuple[Any, Any]:
    """The ends of an interval of a mean as they are shown: no further than the metric goes.

    They are numbers or arrays as stored. Intervals of differences are shown as they are, and so is
    half the width of one.

    >>> shown_ends(0.962, 1.013, "test_accuracy"), shown_ends(-0.2, 0.4, "test_elbo")
    ((0.962, 1.0), (-0.2, 0.4))
    """
    least, most = metric(column).bounds
    found = (np.clip(end, least, most) for end in (low, high))
    low, high = (end if np.ndim(end) else float(end) for end in found)
    return low, high


def figure(value: float | None, column: str, sign: str = "", form: str = ".4g") -> str:
    """A value with its digits, times its factor, without its unit; a dash where there is none.

    `form` is that of metrics whose row gives no digits, `sign` is + for differences.

    >>> figure(0.12345, "test_accuracy"), figure(0.12345, "test_loss"), figure(float("nan"), "x")
    ('12.35', '0.1235', '-')
    """
    row = metric(column)
    if value is None or not np.isfinite(value):
        return "-"
    return format(row.factor * value, sign + (form if row.digits is None else f".{row.digits}f"))
