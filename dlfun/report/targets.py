"""Times that the runs of a record took to reach a target in validation.

The target of a data set is stated by a rule, the same for all records: 95 % of the way from chance
to the best arm's mean final validation score. It is made of the results, so what is said of it
describes them, and claims nothing. A target below which every arm ends would be reached by all in
their first steps wherever one arm is poor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun.objectives.metrics import sign as sign_of
from dlfun.stats import Interval, median_time, time_ratio, time_to_target

FRACTION = 0.95
"""How far from chance to the best arm's final score the target lies."""


class Curve(NamedTuple):
    """What an arm left of its training.

    Attributes:
      validation: [runs, intervals], NaN from where a run failed.
      step: [intervals], at whose end it was measured; the last is the end of training.
      seconds: [runs], of the whole run without compilation; NaN where unknown.
      compiling: seconds, shared by all runs of the arm.
      replicates: [runs].
    """

    validation: np.ndarray
    step: np.ndarray
    seconds: np.ndarray
    compiling: float
    replicates: Sequence[str]


class Times(NamedTuple):
    """An arm's times to the target; infinite for runs that never reach it.

    Attributes:
      steps, seconds: [runs]; seconds are NaN throughout where they are unknown.
      compiling: seconds, in no other number.
    """

    arm: str
    steps: np.ndarray
    seconds: np.ndarray
    compiling: float
    replicates: Sequence[str]

    @property
    def reached(self) -> int:
        """How many runs reach the target."""
        return int(np.isfinite(self.steps).sum())


class Target(NamedTuple):
    """The target of a data set, whose final score it was made of, and when arms reach it.

    `longest` is the number of steps of the longest runs.
    """

    score: float
    best: str
    longest: float
    arms: list[Times]


def times_to_target(curves: Mapping[str, Curve], metric: str, chance: float) -> Target | None:
    """The target and the times of all arms; None where no arm ends better than chance.

    Args:
      curves: arm -> its curve in `metric`, a validation metric.
      chance: what guessing scores in it.
    """
    sign = sign_of(metric)
    finals = {arm: final_score(curve) for arm, curve in curves.items()}
    known = {arm: score for arm, score in finals.items() if np.isfinite(score)}
    best = max(known, key=lambda arm: sign * known[arm], default=None)
    if best is None or not sign * (known[best] - chance) > 0:
        return None
    score = chance + FRACTION * (known[best] - chance)
    arms = [times_of(arm, curve, score, sign > 0) for arm, curve in curves.items()]
    longest = max(float(curve.step[-1]) for curve in curves.values())
    return Target(score, best, longest, sorted(arms, key=fastest_first))


def final_score(curve: Curve) -> float:
    """The mean validation score at the end, of the runs that stayed finite."""
    last = curve.validation[:, -1]
    kept = last[np.isfinite(last)]
    return float(kept.mean()) if len(kept) else np.nan


def times_of(arm: str, curve: Curve, score: float, higher: bool) -> Times:
    """When the runs of an arm reach a score; a step takes the same share of a run's time."""
    steps = time_to_target(curve.validation, curve.step, score, higher)
    seconds = curve.seconds * steps / curve.step[-1]
    if not (seconds > 0).all():
        seconds = np.full_like(seconds, np.nan)
    return Times(arm, steps, seconds, curve.compiling, curve.replicates)


def fastest_first(times: Times) -> tuple[float, float]:
    """What arms are sorted by: the median number of steps, then how many runs never get there."""
    return median_time(times.steps).estimate, float(len(times.steps) - times.reached)


def fastest(arms: Sequence[Times], what: str) -> Times | None:
    """The arm with the least median of `what`, of those all of whose runs reach the target."""
    known = [one for one in arms if np.isfinite(getattr(one, what)).all()]
    return min(known, key=lambda one: float(np.median(getattr(one, what))), default=None)


def ratio(one: Times, reference: Times, what: str) -> Interval:
    """How many times as long an arm takes as the reference, paired where replicates agree."""
    new, old = getattr(one, what), getattr(reference, what)
    if np.isnan(new).any():
        return Interval(np.nan, np.nan, np.nan, np.nan, len(new))
    return time_ratio(new, old, paired=list(one.replicates) == list(reference.replicates))


def median_of(one: Times, what: str) -> Interval:
    """The median over runs of `what`; NaN where it is unknown."""
    values: Any = getattr(one, what)
    if np.isnan(values).any():
        return Interval(np.nan, np.nan, np.nan, np.nan, len(values))
    return median_time(values)
