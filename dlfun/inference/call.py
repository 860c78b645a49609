"""New inputs as a call from Python gives them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dlfun.data.user_files.inputs import Given, fitted, numbered
from dlfun.errors import UserError
from dlfun.inference.opened import Opened
from dlfun.types import Dataset


def given_of(inputs: np.ndarray, model: Opened) -> Given:
    """Inputs [examples, *shape], in the user's unit, as the data set stores them.

    Raises:
      UserError: if their shape or values cannot be those of inputs.
    """
    found = model.source.permuted(fitted(inputs, model.source, Path("inputs")))
    check_origin(found, model.kept.data.first)
    return Given(model.source.stored(found), numbered(len(found)))


def check_origin(inputs: np.ndarray, data: Dataset) -> None:
    """Raises UserError if inputs are as far from a column's values as its origin is from 0.

    Who gives them as they are stored, such as `raw.test.inputs`, has not added that origin.
    """
    scaling = data.scaling
    if scaling is None or scaling.inputs is None:
        return
    origin = scaling.inputs.origin
    wrong = np.flatnonzero((np.abs(inputs - origin) > np.abs(origin) / 2).any(0) & (origin != 0))
    if len(wrong):
        raise UserError(
            f"inputs: column {wrong[0]} lies far from {origin[wrong[0]]:.10g}, near which all of "
            f"{data.name} lies; give it in its own unit: what raw stores, plus "
            "raw.scaling.inputs.origin"
        )
