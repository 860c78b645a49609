"""The preparation of a data set, by which new files become inputs like its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

FILLING = ("mean", "indicator")
"""What `missing` may be where missing cells are filled."""


@dataclasses.dataclass(frozen=True)
class LogMel:
    """How waveforms become log-mel spectrograms. Its repr can stand as a builder's ENCODING.

    Attributes:
      rate: samples a second.
      window, hop: of the frames, in seconds.
      bands: mel filters.
      low, high: the first filter rises from low and the last one falls to high, in Hz.
    """

    rate: int
    window: float = 0.025
    hop: float = 0.010
    bands: int = 40
    low: float = 60.0
    high: float = 4000.0

    @property
    def samples(self) -> int:
        """In a window."""
        return round(self.window * self.rate)

    @property
    def step(self) -> int:
        """Samples from one frame to the next."""
        return round(self.hop * self.rate)

    @property
    def points(self) -> int:
        """Of the Fourier transform: a power of two, so fine that the narrowest filter has some."""
        return 2 ** (2 * self.samples - 1).bit_length()

    def frames(self, samples: Any) -> Any:
        """Whole windows in so many samples, which are at least a window; a number or an array."""
        return 1 + (samples - self.samples) // self.step


MISSING = "missing"
"""The category of cells that hold nothing, and what an indicator of such cells says."""


class Feature(NamedTuple):
    """A column of a table: numbers, or 0 and 1 for each of its categories.

    Attributes:
      indicator: whether 0 or 1 stands behind a number, which says that it is missing.
    """

    name: str
    categories: tuple[str, ...] = ()
    indicator: bool = False

    @property
    def width(self) -> int:
        """How many features it is."""
        return len(self.categories) or 1 + self.indicator

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Of each of its features, whether it is a number, and not 0 or 1."""
        return (not self.categories, *(False for _ in range(self.width - 1)))

    def as_json(self) -> dict[str, Any]:
        """The same as a dictionary; of an indicator only where there is one."""
        indicator = {"indicator": True} if self.indicator else {}
        return {"name": self.name, "categories": self.categories, **indicator}

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its features."""
        if self.categories:
            return tuple(f"{self.name}={category}" for category in self.categories)
        return (self.name, *((f"{self.name}={MISSING}",) if self.indicator else ()))


class Preparation(NamedTuple):
    """What a record keeps of how a data set was read.

    Attributes:
      features: the columns of a table, in order; of other data none.
      target: the column of a table that is predicted.
      spectrogram: what recordings become; None of other data.
      permuted: whether the positions of every example are permuted.
      transparent: whether some images had transparent parts, which were filled.
      missing: what was done with the missing cells of a table, as `DataOptions` has it; empty:
        there are none.
      separator: what parts the cells of a table, by its name; empty of other data.
      decimal: the mark of its decimals, where cells are not parted by commas; empty: not known.
      resize: width and height that images are brought to; none: all are of one size.
    """

    features: tuple[Feature, ...] = ()
    target: str = ""
    spectrogram: LogMel | None = None
    permuted: bool = False
    transparent: bool = False
    missing: str = ""
    separator: str = ""
    decimal: str = ""
    resize: tuple[int, ...] = ()

    @property
    def fills(self) -> bool:
        """Whether missing cells of a table are filled."""
        return self.missing in FILLING

    def as_json(self) -> dict[str, Any]:
        """The same in lists and dictionaries."""
        return {
            "features": [feature.as_json() for feature in self.features],
            "target": self.target,
            "spectrogram": self.spectrogram and vars(self.spectrogram),
            "permuted": self.permuted,
            "transparent": self.transparent,
            "missing": self.missing,
            "separator": self.separator,
            "decimal": self.decimal,
            "resize": self.resize,
        }

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> Preparation:
        """What `as_json` gave."""
        features = (
            Feature(f["name"], tuple(f["categories"]), f.get("indicator", False))
            for f in found["features"]
        )
        recorded = found["spectrogram"]
        return cls(
            tuple(features),
            found["target"],
            LogMel(**recorded) if recorded else None,
            found["permuted"],
            found["transparent"],
            # Records of before there were such options have none of them.
            found.get("missing", ""),
            found.get("separator", ""),
            found.get("decimal", ""),
            tuple(found.get("resize", ())),
        )
