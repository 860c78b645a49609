"""The outcome of runs: their rows, histories, final scores and parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from dlfun.types import Layout, Predictions, Settings

Arrays = Mapping[str, np.ndarray]

Row = Mapping[str, Any]
"""A run as in members.csv: column -> value. It is made once: more columns make another row."""


def extended(rows: Sequence[Row], columns: Sequence[Row]) -> list[Row]:
    """Rows with further columns, those of each row in turn."""
    return [{**row, **more} for row, more in zip(rows, columns, strict=True)]


class Result(NamedTuple):
    """What an arm leaves.

    Attributes:
      rows: one a member, as in members.csv.
      history: metric -> [members, intervals].
      steps: [intervals], the step at which each was taken.
      parameters: name -> [members, ...].
      variables: the same as the tree that the model applies.
      predictions: name -> [members, examples], what is said of each test example; empty where
        the test split stayed closed, or the targets are no classes.
      state: name -> [members, ...], what training goes on from beside the parameters; empty where
        it is not kept.
    """

    model: str
    dataset: str
    settings: Settings
    layout: Layout
    rows: Sequence[Row]
    history: dict[str, np.ndarray]
    steps: np.ndarray
    parameters: dict[str, np.ndarray]
    variables: Any
    predictions: Predictions
    state: Arrays = {}

    def with_columns(self, columns: Sequence[Row]) -> Self:
        """The same with further columns in each of its rows."""
        return self._replace(rows=extended(self.rows, columns))

    def called(self, name: str) -> Self:
        """The same as an arm of this name."""
        if name == self.model:
            return self
        return self._replace(model=name, rows=[{**row, "model": name} for row in self.rows])

    def joined(self, more: Any) -> Result:
        """One arm from two parts of its members."""
        from jax import tree

        def both(a: Any, b: Any) -> Any:
            return np.concatenate([np.asarray(a), np.asarray(b)])

        parts = ("history", "parameters", "variables", "predictions", "state")
        merged = {name: tree.map(both, getattr(self, name), getattr(more, name)) for name in parts}
        return self._replace(rows=[*self.rows, *more.rows], **merged)


class Outcome(NamedTuple):
    """Histories, final scores and parameters of the runs of an arm.

    Attributes:
      history: metric -> [members, intervals].
      finals: metric -> [members].
      parameters: name -> [kept, ...].
      kept: which of the members those are.
    """

    history: Arrays
    finals: Arrays
    parameters: Arrays
    kept: Sequence[int]


def stack_outcomes(parts: Sequence[Outcome]) -> Outcome:
    """The outcomes of several populations in a row; every part keeps all its members."""

    def stacked(field: str) -> dict[str, np.ndarray]:
        return {
            n: np.concatenate([getattr(p, field)[n] for p in parts])
            for n in getattr(parts[0], field)
        }

    history, finals = stacked("history"), stacked("finals")
    count = sum(len(part.kept) for part in parts)
    return Outcome(history, finals, stacked("parameters"), list(range(count)))
