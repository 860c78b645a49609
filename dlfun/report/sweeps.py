"""The configurations of a sweep in the order of what was swept, with their ranks and colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun.report.rows import brief, summarise, text
from dlfun.words import spoken

Row = Mapping[str, Any]

FEW = 8
"""Configurations that are told apart by colour; of more, some are named and the others grey."""

WIDE = 10.0
"""Values that differ by this factor stand on a log scale."""

NAMED = ("best", "second", "third")


class Configuration(NamedTuple):
    """The runs of a model with the same swept values.

    Attributes:
      label: its values, with their names where several were swept.
      members: the places of its runs among those of its model.
      rank: 0 is the best by validation; None where no run has a score.
      place: from 0 to 1 on a scale of colours, by its value; NaN where values are names.
    """

    label: str
    members: np.ndarray
    rank: int | None
    place: float


def varied(names: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """The names that have more than one value."""
    return [name for name in names if len({text(row.get(name, "")) for row in rows} - {""}) > 1]


def numbers_of(values: Sequence[str]) -> np.ndarray | None:
    """Values as numbers, NaN for those that are empty; None where one is a name."""
    try:
        return np.array([float(value or "nan") for value in values])
    except ValueError:
        return None


def is_log(values: np.ndarray) -> bool:
    """Whether values are better told apart by their logarithm."""
    kept = values[np.isfinite(values)]
    return bool(len(kept) and kept.min() > 0 and kept.max() / kept.min() >= WIDE)


def configurations(rows: Sequence[Row], swept: Sequence[str]) -> list[Configuration]:
    """The configurations of one model on one data set, in the order of their values.

    Args:
      rows: of members.csv, all of them runs of that model.
      swept: the names that were searched.
    """
    names = varied(swept, rows) or list(swept[:1])
    found: dict[tuple[str, ...], list[int]] = {}
    for i, row in enumerate(rows):
        found.setdefault(tuple(text(row.get(name, "")) for name in names), []).append(i)
    columns = [sortable([key[k] for key in found]) for k in range(len(names))]
    keys = list(found)
    order = sorted(range(len(keys)), key=lambda i: tuple(column[i] for column in columns))
    ranked = [
        tuple(text(line.rows[0].get(name, "")) for name in names)
        for line in summarise(rows, "validation", names)
        if np.isfinite(line.score.estimate)
    ]
    places = places_of([keys[i] for i in order])
    return [
        Configuration(
            label_of(names, keys[i]),
            np.array(found[keys[i]]),
            ranked.index(keys[i]) if keys[i] in ranked else None,
            place,
        )
        for i, place in zip(order, places, strict=True)
    ]


def sortable(values: Sequence[str]) -> list[float]:
    """What values are sorted by: numbers by size, names in the order that they came."""
    numbers = numbers_of(values)
    if numbers is None:
        kinds = list(dict.fromkeys(values))
        return [float(kinds.index(value)) for value in values]
    return np.nan_to_num(numbers, nan=np.inf).tolist()


def label_of(names: Sequence[str], values: Sequence[str]) -> str:
    """Values as a legend shows them: alone, where its heading has their name."""
    if len(names) == 1:
        return brief(values[0])
    return ", ".join(f"{spoken(n)} {brief(v)}" for n, v in zip(names, values, strict=True))


def places_of(keys: Sequence[Sequence[str]]) -> np.ndarray:
    """Places from 0 to 1 of configurations in order: by their value, or of several by rank.

    >>> places_of([("0.01",), ("0.1",), ("1",)]).tolist(), places_of([("0",), ("4",), ("5",)])[1]
    ([0.0, 0.5, 1.0], np.float64(0.8))
    """
    if len(keys[0]) > 1 or len(keys) == 1:
        return np.arange(len(keys)) / max(len(keys) - 1, 1)
    values = numbers_of([key[0] for key in keys])
    if values is None:
        return np.full(len(keys), np.nan)
    scaled = np.log10(values) if is_log(values) else values
    low, high = np.nanmin(scaled), np.nanmax(scaled)
    return (scaled - low) / (high - low if high > low else 1.0)


def highlighted(found: Sequence[Configuration]) -> dict[int, str]:
    """Index -> name of the few that many are shown by: the best, the median and the worst."""
    ranked = {c.rank: i for i, c in enumerate(found) if c.rank is not None}
    count = len(ranked)
    named = dict(enumerate(NAMED[:count]))
    named = {count // 2: "median", count - 1: "worst"} | named if count > len(NAMED) else named
    return {ranked[rank]: name for rank, name in sorted(named.items())}
