"""The learning curves of an arm, or of a configuration of a sweep, run by run."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlfun.report.html import marks
from dlfun.report.html.record import Arm, Record, Row, arms, column
from dlfun.report.html.results import style_of, swept_names
from dlfun.report.rows import is_copy
from dlfun.report.sweeps import FEW, Configuration, configurations, highlighted, varied
from dlfun.words import spoken

OTHER = "other"
"""The look of those that are shown in grey."""

SCALE = 6
"""Colours from the lowest swept value to the highest."""


class ArmCurves(NamedTuple):
    """What runs went through that differ by their seeds alone; runs that are copies are left out.

    Attributes:
      look: the CSS classes that give its colour.
      steps: [intervals].
      history: metric, as history.npz names it -> [runs, intervals] as stored.
      split_variance: what overlapping splits add to 1 / n in the variance of a mean; the ratio
        is that of the test split.
    """

    label: str
    look: str
    steps: np.ndarray
    history: dict[str, np.ndarray]
    split_variance: float = 0.0


class SweptCurves(NamedTuple):
    """The curves of a configuration, what it is, and its name where only a few have one."""

    curves: ArmCurves
    configuration: Configuration
    named: str = ""


def trained(record: Record, dataset: str) -> list[Arm]:
    """The arms on a data set that left a history."""
    found = [arm for arm in arms(record) if arm[0] == dataset]
    return [arm for arm in found if f"{'/'.join(arm)}/step" in record.history]


def curves_of(record: Record, dataset: str) -> list[ArmCurves]:
    """The curves of each arm on a data set, or of each configuration of a sweep.

    More configurations than have colours come with the best first.
    """
    found = trained(record, dataset)
    if swept_names(record):
        swept = [one for arm in found for one in swept_curves(record, arm)]
        return [one.curves for one in (swept if len(swept) <= FEW else by_rank(swept))]
    return [arm_curves(record, arm) for arm in found]


def arm_curves(record: Record, arm: Arm) -> ArmCurves:
    """The curves of all runs of an arm."""
    return taken(record, arm, arm[1], marks.style(style_of(record, arm[1])), None)


@functools.lru_cache(maxsize=8)  # curves and generalisation ask for them
def swept_curves(record: Record, arm: Arm) -> list[SweptCurves]:
    """The curves of each configuration of a sweep, in the order of its values.

    Where they are many, a few are named, and only these have a colour.
    """
    rows, names = arms(record)[arm], swept_names(record)
    if len(rows) != members(record, arm):
        return []
    found = configurations(rows, names)
    few = len(found) <= FEW
    named = {} if few else highlighted(found)
    names = varied(names, rows) or names[:1]
    before = f"{spoken(names[0])} " if len(names) == 1 else ""  # of several, labels have them
    looks = [
        sequential(c.place, i) if few else coloured(i, list(named)) for i, c in enumerate(found)
    ]
    made = []
    for i, (c, look) in enumerate(zip(found, looks, strict=True)):
        name = named.get(i, "")
        label = f"{name}: {before}{c.label}" if name else before + c.label
        made.append(SweptCurves(taken(record, arm, label, look, c.members), c, name))
    return made


def by_rank(swept: Sequence[SweptCurves]) -> list[SweptCurves]:
    """Those with a name first, and the best first among these and the others."""
    last = len(swept)

    def order(one: SweptCurves) -> tuple[bool, int]:
        rank = one.configuration.rank
        return not one.named, last if rank is None else rank

    return sorted(swept, key=order)


def members(record: Record, arm: Arm) -> int:
    """How many runs of an arm are in the history."""
    prefix = f"{'/'.join(arm)}/"
    own = [v for n, v in record.history.items() if n.startswith(prefix) and v.ndim == 2]
    return len(own[0]) if own else 0


def taken(record: Record, arm: Arm, label: str, look: str, places: np.ndarray | None) -> ArmCurves:
    """The curves of some runs of an arm, by their places among its rows; of all without them."""
    prefix, rows = f"{'/'.join(arm)}/", arms(record)[arm]
    places = np.arange(members(record, arm)) if places is None else places
    if len(rows) == members(record, arm):
        places = np.array([i for i in places if not is_copy(rows[i])], int)
    history = {
        name.removeprefix(prefix): np.asarray(values, float)[places]
        for name, values in record.history.items()
        if name.startswith(prefix) and values.ndim == 2
    }
    steps = np.asarray(record.history[f"{prefix}step"], float)
    return ArmCurves(label, look, steps, history, overlap_of(rows))


def overlap_of(rows: Sequence[Row]) -> float:
    """The column `split_variance` of runs; 0 where they have none."""
    return float(np.nan_to_num(column(rows[:1], "split_variance"))[0])


def sequential(place: float, index: int) -> str:
    """The look of a place on the scale of colours; without a place that of a style.

    >>> sequential(0.0, 3), sequential(1.0, 3), sequential(float("nan"), 3)
    ('q0', 'q5', 's3')
    """
    return f"q{round(place * (SCALE - 1))}" if np.isfinite(place) else marks.style(index)


def coloured(index: int, named: Sequence[int]) -> str:
    """The look of a configuration among many: grey, unless it is one of those named."""
    return marks.style(named.index(index)) if index in named else OTHER
