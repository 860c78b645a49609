"""Members of a study that this process made, and arrays for them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dlfun.data.given import fitted, source_of, stored
from dlfun.errors import UserError
from dlfun.studies.called import Data
from dlfun.studies.recorded import Recorded
from dlfun.studies.use.trained import CHOICES, Network, network, pick
from dlfun.studies.verify import Arm


def network_of(
    record: Recorded, arms: Sequence[Arm], model: str | None, dataset: str | None, member: str
) -> Network:
    """The members that are wanted, of the model and data set that are wanted.

    Raises:
      UserError: if there are no such members, or several models or data sets and none is named.
    """
    if member not in CHOICES and not member.isdecimal():
        raise UserError(f"member={member}: must be {', '.join(CHOICES)}, or the number of a row")
    wanted = pick("dataset", dataset, [arm.data.first.name for arm in arms])
    own = [arm for arm in arms if arm.data.first.name == wanted]
    name = pick("model", model, [arm.settings.model for arm in own])
    return network(record, [arm for arm in own if arm.settings.model == name], member)


def prepared(inputs: np.ndarray, data: Data) -> np.ndarray:
    """Inputs [examples, *shape], of a table in its own units, as the data set stores them.

    Raises:
      UserError: if their shape or values cannot be those of inputs.
    """
    source = source_of(data.raw)
    return stored(fitted(inputs, source, Path("inputs")), source)
