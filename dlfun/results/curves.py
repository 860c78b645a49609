"""One score of a run that was scored many times: its last, its best, or a mean of its last."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

PICK = re.compile(r"(.+):(last|best|mean(?:[1-9][0-9]{0,5}))")

STEPS = ("global_step", "_step", "step", "steps", "trainer/global_step", "epoch", "epochs")
"""Columns that say when in a run a row was written, the finest first."""


class Pick(NamedTuple):
    """Which of its scores counts for a run.

    Attributes:
      metric: the name of the score.
      how: last, best, mean of so many of the last; empty where it is not said.
    """

    metric: str
    how: str = ""

    @property
    def needs_curve(self) -> bool:
        """Whether it asks for more than what stands at the end."""
        return self.how not in ("", "last")


def pick_of(text: str) -> Pick:
    """The score that a name asks for.

    >>> pick_of("val/accuracy:mean10"), pick_of("val:accuracy")
    (Pick(metric='val/accuracy', how='mean10'), Pick(metric='val:accuracy', how=''))
    """
    found = PICK.fullmatch(text)
    return Pick(found[1], found[2]) if found else Pick(text)


def picked(curve: Sequence[float], how: str, higher: bool) -> float | None:
    """The score of a run; None of an empty curve, NaN where it was not finite when it counted.

    >>> picked([1, 3, 2], "best", True), picked([1, 3, 2], "mean2", True), picked([1, 3], "", True)
    (3, 2.5, 3)
    """
    if not curve:
        return None
    if how == "best":
        finite = [value for value in curve if math.isfinite(value)]
        return (max if higher else min)(finite) if finite else math.nan
    if how.startswith("mean"):
        last = curve[-int(how.removeprefix("mean")) :]
        return math.fsum(last) / len(last) if all(map(math.isfinite, last)) else math.nan
    return curve[-1]


def pick_note(pick: Pick) -> str:
    """What must be said of a score that was chosen so."""
    if pick.how == "best":
        return (
            f"{pick.metric}: the best of each run's scores, which is luckier than a run is: to "
            "judge by the split that it was chosen on favors whoever scored more often"
        )
    if pick.how.startswith("mean"):
        return (
            f"{pick.metric}: the mean of the last {pick.how.removeprefix('mean')} scores of a run"
        )
    return f"{pick.metric}: the last score of each run"


def step_of(names: Iterable[str]) -> str | None:
    """The column that says when in a run a row was written, the finest that there is.

    >>> step_of(["Epoch", "accuracy"])
    'Epoch'
    """
    known = {name.strip().lower(): name for name in names}
    return next((known[step] for step in STEPS if step in known), None)
