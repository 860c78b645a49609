"""The part of a population that may fail before its study ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from dlfun.errors import OPT, UserError
from dlfun.studies.population.remedies import remedy
from dlfun.types import Dataset, Members
from dlfun.words import plural


class FailureLimit(NamedTuple):
    """The part of some members that may fail before the study ends."""

    title: str
    members: Members
    most: float
    data: Dataset

    def check(self, first: int, step: int, history: Mapping[str, Any]) -> None:
        """Raises UserError if more of a chunk's members have failed, saying which."""
        failed = np.flatnonzero(np.isnan(history["train_loss"]))
        count = len(history["train_loss"])
        if self.most >= 1 or len(failed) <= self.most * count:
            return
        raise UserError(
            f"{self.title}: {len(failed)} of {plural(count, 'member')} failed by step {step}, more "
            f"than {OPT.stop_when_failed}={self.most:g} allows{self.swept(failed + first)}; "
            f"{remedy(self.data)}"
        )

    def swept(self, rows: np.ndarray) -> str:
        """The numbers of some members that others have otherwise, in brackets."""
        values = {name: np.asarray(v) for name, v in self.members.hparams._asdict().items()}
        said = [
            f"{name} {', '.join(f'{value:g}' for value in np.unique(own[rows].astype(float)))}"
            for name, own in values.items()
            if len(np.unique(own)) > 1
        ]
        return f" ({'; '.join(said)})" if said else ""
