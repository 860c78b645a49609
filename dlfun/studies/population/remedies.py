"""Remedies for runs that did not work: inputs far from 0, or that vary far more or less than 1.

Networks read numbers as they are, and their first weights are made for inputs of mean 0 and
standard deviation 1. A VAE exponentiates what it makes of them, and fails at once.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dlfun.errors import OPT
from dlfun.learners.prepare import seen
from dlfun.types import Dataset, Split

SEEN = 2**22
"""Numbers of training examples, about, that say in what unit inputs come."""

FAR = 10.0
"""Inputs whose mean or standard deviation is more than this are unfit for networks."""

NEAR = 0.01
"""So are those that vary by less than this."""


MOST = 0.9
"""The part of the variance of all outputs from which on one of them decides."""


class Unit(NamedTuple):
    """The unit of inputs, or of the feature that is furthest from a mean of 0 and a spread of 1.

    `feature` is which; None where all are of one kind.
    """

    mean: float
    sd: float
    feature: int | None = None

    @property
    def unfit(self) -> bool:
        """Whether networks cannot be expected to learn from such numbers."""
        return not (abs(self.mean) <= FAR and NEAR <= self.sd <= FAR)

    def __str__(self) -> str:
        """What is so, and what to do."""
        alone = self.feature is None
        whose = "inputs have" if alone else f"feature {self.feature} of the inputs has"
        found = f"{whose} mean {self.mean:.4g} and standard deviation {self.sd:.4g}"
        if not self.sd > 0:
            return f"{found}, and tell{'' if alone else 's'} nothing: leave it out"
        which = "them" if alone else "each feature, this one"
        return (
            f"{found}, and networks read numbers as they are: standardise {which} as "
            f"(x - {self.mean:.4g}) / {self.sd:.4g}"
        )


def inputs(dataset: Dataset) -> np.ndarray:
    """The training inputs as a model sees them."""
    if dataset.scaling is None:
        return np.asarray(dataset.train.inputs) * dataset.spec.scale
    return seen(dataset.train.inputs, dataset.spec, dataset.scaling)


def unit_of(dataset: Dataset) -> Unit | None:
    """The unit of the training inputs as models see them; None of texts."""
    if dataset.spec.vocabulary:
        return None
    count = max(1, SEEN // math.prod(dataset.spec.shape))
    few = Split(*(None if leaf is None else leaf[:count] for leaf in dataset.train))
    values = np.asarray(inputs(dataset._replace(train=few)), np.float64)
    columns = values.reshape(-1, values.shape[-1])
    means, sds = columns.mean(0), columns.std(0)
    if dataset.spec.modality in ("image", "video") or np.ptp(means) <= sds.min():
        return Unit(float(values.mean()), float(values.std()))
    worst = int(np.argmax(np.maximum(np.abs(means), sds)))
    return Unit(float(means[worst]), float(sds[worst]), worst)


def unit_notes(dataset: Dataset) -> list[str]:
    """That inputs come in a unit which networks do not learn from, and `output_notes`."""
    unit = unit_of(dataset)
    inputs = [f"{dataset.name}: {unit}"] if unit is not None and unit.unfit else []
    return inputs + output_notes(dataset)


def output_notes(dataset: Dataset) -> list[str]:
    """That one of several numbers to predict decides their rmse; nothing where none does."""
    if dataset.scaling is None or dataset.scaling.targets is None:
        return []
    squares = np.square(np.asarray(dataset.scaling.targets.sd, np.float64))
    most = int(squares.argmax())
    if len(squares) < 2 or squares[most] <= MOST * squares.sum():
        return []
    few, many = np.sqrt([squares.min(), squares[most]])
    return [
        f"{dataset.name}: the rmse, and so each verdict, is over {len(squares)} numbers that vary "
        f"by {few:.3g} to {many:.3g} (standard deviations), and so all but of output {most} alone; "
        "R² counts them alike: give them in units in which they do, or predict them one by one"
    ]


def remedy(dataset: Dataset, shortly: str = "") -> str:
    """What helps runs that stopped being finite; `shortly` where `unit_notes` said it already."""
    unit = unit_of(dataset)
    if unit is not None and unit.unfit:
        return shortly or str(unit)
    return f"try a smaller {OPT.learning_rate}, or {OPT.gradient_clip}=1"
