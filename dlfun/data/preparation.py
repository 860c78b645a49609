"""How new files become inputs like those of a data set, whatever became of its own files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dlfun.data.spectrogram import LogMel


class Feature(NamedTuple):
    """A column of a table: numbers, or 0 and 1 for each of its categories."""

    name: str
    categories: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many features it is."""
        return len(self.categories) or 1


class Preparation(NamedTuple):
    """What a record keeps of how a data set was read.

    Attributes:
      features: the columns of a table, in order; of other data none.
      target: the column of a table that is predicted.
      spectrogram: what recordings become; None of other data.
      permuted: whether the positions of every example are permuted.
      transparent: whether some images had transparent parts, which were filled.
    """

    features: tuple[Feature, ...] = ()
    target: str = ""
    spectrogram: LogMel | None = None
    permuted: bool = False
    transparent: bool = False

    def as_json(self) -> dict[str, Any]:
        """The same in lists and dictionaries."""
        return {
            "features": [{"name": f.name, "categories": f.categories} for f in self.features],
            "target": self.target,
            "spectrogram": self.spectrogram and vars(self.spectrogram),
            "permuted": self.permuted,
            "transparent": self.transparent,
        }

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Preparation:
        """What `as_json` gave."""
        features = (Feature(f["name"], tuple(f["categories"])) for f in found["features"])
        recorded = found["spectrogram"]
        return cls(
            tuple(features),
            found["target"],
            LogMel(**recorded) if recorded else None,
            found["permuted"],
            found["transparent"],
        )
