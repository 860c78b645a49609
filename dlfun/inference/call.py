"""Members of a study that this process made, and arrays for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlfun.config.parsers import Kind
from dlfun.config.study_values import Data
from dlfun.data.user_files.inputs import fitted, source_of
from dlfun.errors import UserError
from dlfun.inference.trained_models import CHOICES, Network, network, pick
from dlfun.records.reader import Recorded
from dlfun.studies.reproducibility.rerun import Arm


def parse_member(text: str) -> str:
    """One of the choices, or the number of a row; raises ValueError saying so."""
    if text not in CHOICES and not re.fullmatch("[0-9]{1,9}", text):
        raise ValueError(f"must be {', '.join(CHOICES)}, or the number of a row")
    return text


MEMBER = Kind(parse_member, str, "NAME|N", CHOICES)


def network_of(
    record: Recorded, arms: Sequence[Arm], model: str | None, dataset: str | None, member: str
) -> Network:
    """The members that are wanted, of the model and data set that are wanted.

    Raises:
      UserError: if there are no such members, or several models or data sets and none is named.
    """
    wanted = pick("dataset", dataset, [arm.data.first.name for arm in arms])
    own = [arm for arm in arms if arm.data.first.name == wanted]
    name = pick("model", model, [arm.settings.model for arm in own])
    return network(record, [arm for arm in own if arm.settings.model == name], member)


def prepared(inputs: np.ndarray, data: Data) -> np.ndarray:
    """Inputs [examples, *shape], in the user's unit, as the data set stores them.

    Raises:
      UserError: if their shape or values cannot be those of inputs.
    """
    source = source_of(data.raw)
    found = source.permuted(fitted(inputs, source, Path("inputs")))
    check_origin(found, data)
    return source.stored(found)


def check_origin(inputs: np.ndarray, data: Data) -> None:
    """Raises UserError if inputs are as far from a column's values as its origin is from 0.

    Who gives them as they are stored, such as `raw.test.inputs`, has not added that origin.
    """
    scaling = data.raw.scaling
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
