"""Fits that a study which was stopped had done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dlfun.training.checkpoints.store import Checkpoints

if TYPE_CHECKING:  # scikit-learn takes a second to import
    from dlfun.studies.baselines.estimators import Fitted


class Job(NamedTuple):
    """A fit: the places of its configuration and its split, and its random state."""

    configuration: int
    split: int
    random_state: int

    def __str__(self) -> str:
        return "-".join(map(str, self))


class Kept:
    """The fits of an arm by their jobs; without a store, none.

    Args:
      name: of all that the fits depend on.
    """

    def __init__(self, store: Checkpoints | None, name: str) -> None:
        self._store, self._name = store, name
        saved = None
        if store is not None:
            store.open()
            saved = store.load(name)
        self._arrays: dict[str, Any] = dict(saved.arrays) if saved else {}

    def __contains__(self, job: Job) -> bool:
        return str(job) in self._arrays

    def __getitem__(self, job: Job) -> Fitted:
        from dlfun.studies.baselines.estimators import Fitted

        own = self._arrays[str(job)]
        scores = {name: float(value) for name, value in own["scores"].items()}
        seconds = float(own["seconds"])
        parts = (own.get(name) for name in ("predicted", "confidence", "squares"))
        return Fitted(scores, seconds, *parts)

    def add(self, job: Job, fitted: Fitted) -> None:
        """Keeps a fit with the next checkpoint, which is written if it is time for it."""
        found = {name: part for name, part in fitted._asdict().items() if part is not None}
        found["scores"] = {name: np.float64(value) for name, value in fitted.scores.items()}
        self._arrays[str(job)] = found
        if self._store is not None:
            self._store.note(self._name, self._arrays, {})
            if self._store.due():
                self._store.save()
