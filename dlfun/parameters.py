"""The parameters of a record as arrays of all members, or as the tree of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
"""Flax's name, such as params/head/kernel -> [members, ...]."""


class Parameters(Mapping[str, Arrays]):
    """The parameters that a record keeps. Made by `Study.parameters`.

    As a mapping, dataset-model -> Flax's name -> [members, ...]; `member` says which rows these
    are of. Called, the tree of one member.
    """

    def __init__(
        self,
        names: Sequence[str],
        read: Callable[[str], Arrays],
        tree: Callable[[str | None, str | int, str | None], dict[str, Any]],
    ) -> None:
        self._arrays: dict[str, Arrays | None] = dict.fromkeys(names)
        self._read, self._tree = read, tree

    def __getitem__(self, name: str) -> Arrays:
        """The arrays of a model on a data set, read once."""
        found = self._arrays[name]
        if found is None:
            found = self._arrays[name] = self._read(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return f"<parameters of {', '.join(self) or 'none'}>"

    def __call__(
        self, model: str | None = None, member: str | int = "best", *, dataset: str | None = None
    ) -> dict[str, Any]:
        """The variables of one trained member, as `Study.module(...).apply` takes them.

        Args:
          model, dataset: which, where the study has several.
          member: best (by validation, never by test), or the number of a row within model and data
            set, counted from 0.

        Returns:
          {"params": ...}, nested by Flax's names, and a collection more for each that the module
          has, such as "batch_stats"; leaves are numpy arrays without an axis of members.

        Raises:
          UserError: if the choice is unclear, the parameters are not kept, or a module of the
            user's own is not given again, or is another one.
        """
        return self._tree(model, member, dataset)
