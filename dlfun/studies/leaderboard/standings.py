"""The standings of one table: arms by their scores, and which of them no verdict tells apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from dlfun.config.comparison_spec import Claim, delta_of
from dlfun.stats.arms import Side
from dlfun.stats.evidence import Plan, gather
from dlfun.stats.letters import compact_letters, tied_groups
from dlfun.stats.winners import winner
from dlfun.studies.comparison.verdicts import spread_of
from dlfun.studies.leaderboard.contenders import Contender, contenders_of
from dlfun.studies.leaderboard.record_arms import RecordArm

MOST = 200
"""So many arms of a table are judged, the best by their scores; all pairs would take minutes."""

Ends = tuple[float, float]


class Line(NamedTuple):
    """A contender in its place.

    Attributes:
      letters: of its groups; it shares one with each arm that it is not told apart from. Empty
        where it has too few runs for a verdict.
      place: the best and the worst that verdicts leave it: 1 and the number of arms found better;
        the number of arms less those found worse. None without a verdict.
      behind: how much the first arm is ahead of it, with the simultaneous interval; None of itself.
    """

    contender: Contender
    letters: str
    place: tuple[int, int] | None
    behind: tuple[float, Ends] | None


class Standings(NamedTuple):
    """A table of a leaderboard, best arm first.

    Attributes:
      apart: in words, why scores on the same data set stand in a table before; else empty.
      groups: the largest sets of lines no two of which are told apart, by index.
      complete: whether `groups` are all such sets, or only so many that they hold every pair.
      tied: the lines that no verdict tells from the first one, by index, itself among them.
      family: how many pairs there are; intervals hold for all of them together.
      paired: how many of these were compared run by run.
      delta: the largest difference that counts as none.
    """

    arm: RecordArm
    apart: str
    lines: list[Line]
    groups: list[tuple[int, ...]]
    complete: bool
    tied: tuple[int, ...]
    family: int
    paired: int
    delta: float

    @property
    def dataset(self) -> str:
        """The data set."""
        return self.arm.dataset

    @property
    def judged(self) -> int:
        """How many of its arms have runs enough for a verdict."""
        return sum(bool(line.letters) for line in self.lines)

    @property
    def metric(self) -> str:
        """The column of members.csv that scores are in."""
        return self.arm.metric


class Verdicts(NamedTuple):
    """Verdicts on all pairs of contenders, in their order.

    Attributes:
      better: [arms, arms] whether the one of the row was found better than that of the column.
      behind: of each arm, how much the first is ahead of it.
    """

    better: np.ndarray
    behind: list[tuple[float, Ends] | None]
    paired: int


def rank_pools(arms: Sequence[RecordArm], claim: Claim, apart: str) -> Standings:
    """The standings of arms whose scores are comparable.

    Of more arms than `MOST` the others are not judged, but intervals hold for all of them together:
    which arms are the best ones is only known from their scores.
    """
    contenders = contenders_of(arms)
    able = [k for k, one in enumerate(contenders) if one.judged]
    judged, size = able[:MOST], len(able) * (len(able) - 1) // 2
    first, rows = arms[0], [row for one in contenders for row in one.rows]
    delta = delta_of(claim, first.dataset, first.metric, spread_of(rows))[0]
    variance = first.examined.variance
    plan = Plan(delta, claim.alpha / max(size, 1), size, True, variance, claim.power, False)
    found = verdicts_on([contenders[k] for k in judged], plan)
    alike = ~(found.better | found.better.T)
    groups, complete = tied_groups(alike)
    letters = compact_letters(groups, len(judged))
    places = [
        (1 + int(found.better[:, k].sum()), len(able) - int(found.better[k].sum()))
        for k in range(len(judged))
    ]
    known = dict(zip(judged, zip(letters, places, found.behind, strict=True), strict=True))
    lines = [Line(one, *known.get(k, ("", None, None))) for k, one in enumerate(contenders)]
    tied = tuple(judged[k] for k in np.flatnonzero(alike[0])) if judged else ()
    named = [tuple(judged[k] for k in group) for group in groups]
    return Standings(first, apart, lines, named, complete, tied, size, found.paired, delta)


def verdicts_on(contenders: Sequence[Contender], plan: Plan) -> Verdicts:
    """The verdict on each pair, paired where both arms have the same runs."""
    sides = [one.side for one in contenders if one.side is not None]
    better = np.zeros((len(sides), len(sides)), bool)
    count = 0
    for i, j in combinations(range(len(sides)), 2):
        own = plan._replace(paired=is_paired(contenders[i], contenders[j]))
        count += own.paired
        name = winner(sides[i], sides[j], own)
        better[i, j], better[j, i] = name == sides[i].name, name == sides[j].name
    behind = [
        None if k == 0 else lead(sides[0], side, is_paired(contenders[0], contenders[k]), plan)
        for k, side in enumerate(sides)
    ]
    return Verdicts(better, behind, count)


def is_paired(one: Contender, other: Contender) -> bool:
    """Whether two arms have the same runs, which share their split and order."""
    return one.pairs and other.pairs and one.keys == other.keys


def lead(first: Side, side: Side, paired: bool, plan: Plan) -> tuple[float, Ends] | None:
    """How much the first arm is ahead of another, with the interval that the family asks for."""
    own = plan._replace(paired=paired)
    found = gather(first, side, own)
    if not np.isfinite(found.compared.diff):
        return None
    ends = (np.nan, np.nan) if found.without_spread else found.plain(own)[0]
    return float(found.compared.diff), (float(ends[0]), float(ends[1]))
