"""Scores of arms over several data sets: estimates, pairs and a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from dlfun.report.scales import MANY, Across, Row, gather
from dlfun.report.text.table import text_table
from dlfun.stats import (
    Aggregates,
    Interval,
    aggregate_scores,
    benjamini_hochberg,
    mean_ranks,
    overall_sign_flip,
    probability_of_improvement,
)
from dlfun.stats.aggregate import RESAMPLES
from dlfun.stats.labels import FEW

MOST = 8
"""With more arms, not all pairs are compared, but each with the best."""


class Summary(NamedTuple):
    """An arm over all data sets; `rank` is the mean over data sets of its rank by mean score."""

    arm: str
    found: Aggregates
    rank: float


class Contrast(NamedTuple):
    """Two arms over all data sets.

    Attributes:
      wins: the mean probability that a run of a scores more than one of b; without an interval
        where each has one result.
      p: of the sign-flip test stratified by data sets; NaN where runs are not paired, or copies.
      adjusted: p by Benjamini and Hochberg over all contrasts.
    """

    a: str
    b: str
    wins: Interval
    p: float
    adjusted: float


def summaries(across: Across) -> list[Summary]:
    """What is said of each arm, the best interquartile mean first."""
    ranks = mean_ranks(across.means).tolist()
    found = [
        Summary(arm, without_ends(estimates(across, scores), arm in across.fixed), rank)
        for (arm, scores), rank in zip(across.arms.items(), ranks, strict=True)
    ]
    return sorted(found, key=lambda one: -one.found.iqm.estimate)


def estimates(across: Across, scores: np.ndarray) -> Aggregates:
    """Estimates over runs and data sets."""
    return aggregate_scores(scores, resamples=resamples_of(across))


def resamples_of(across: Across) -> int:
    """Fewer for many data sets: they take longer, and hundreds of runs make a narrow interval."""
    return 999 if across.many else RESAMPLES


def without_ends(found: Aggregates, fixed: bool) -> Aggregates:
    """Estimates without their intervals for an arm of which all runs are copies of one result."""
    if not fixed:
        return found
    return Aggregates(*(part._replace(low=np.nan, high=np.nan) for part in found))


def contrasts(
    across: Across, order: Sequence[str], paired: bool, between: bool = False
) -> list[Contrast]:
    """All pairs of arms; each with the best where they are many.

    Args:
      order: the arms, best first.
      paired: whether runs of one replicate share their split and order.
      between: whether arms are named after their records: only those of one record are paired.
    """
    names = list(combinations(order, 2))
    if len(order) > MOST:
        names = [(order[0], other) for other in order[1:]]
    found = []
    for a, b in names:
        x, y = across.arms[a], across.arms[b]
        same = not between or a.rpartition("/")[0] == b.rpartition("/")[0]
        copied = {a, b} & across.fixed
        p = overall_sign_flip(x, y) if paired and same and not copied else np.nan
        wins = probability_of_improvement(x, y, resamples=resamples_of(across))
        if len(copied) == 2:
            wins = wins._replace(low=np.nan, high=np.nan)
        found.append(Contrast(a, b, wins, p, np.nan))
    known = [one.p for one in found if np.isfinite(one.p)]
    adjusted = iter(benjamini_hochberg(known).tolist() if known else [])
    return [one._replace(adjusted=next(adjusted)) if np.isfinite(one.p) else one for one in found]


def meaning(across: Across) -> str:
    """What the numbers are of, and how far they go."""
    shown = across.scales[: MANY if across.many else None]
    names = ", ".join(f"{scale.dataset} ({scale.best})" for scale in shown)
    names += f" and {len(across.scales) - len(shown)} more" if across.many else ""
    zero = across.zero
    rough = (
        f"; approximate, as {across.runs} runs are fewer than {FEW}" if across.runs < FEW else ""
    )
    return (
        f"normalised, data set by data set: 0 is {zero}, 1 the mean of its best arm, which stands "
        f"in brackets: {names}; a failed run scores 0. IQM: mean of the middle half "
        f"of all runs; interval: 95 %, by bootstrap of the runs of each data set{rough}; mean "
        "rank: of the means of a data set, 1 being the best"
    )


def across_cells(found: Sequence[Summary], ends: str = "[{}, {}]") -> list[dict[str, str]]:
    """A row an arm; `ends` has the places of an interval's ends."""
    return [
        {
            "model": one.arm,
            "IQM": f"{one.found.iqm.estimate:.3f}",
            "interval": interval(one.found.iqm, ends),
            "mean": f"{one.found.mean.estimate:.3f}",
            "mean rank": f"{one.rank:.2f}",
        }
        for one in found
    ]


def interval(found: Interval, ends: str) -> str:
    """The ends of an interval; a dash where there is none."""
    if not np.isfinite(found.low):
        return "-"
    return ends.format(f"{found.low:.3f}", f"{found.high:.3f}")


def across_table(rows: Sequence[Row]) -> str:
    """The arms over all data sets as text; nothing where there are fewer than three."""
    across = gather(rows)
    if across is None:
        return ""
    lines = [text_table(across_cells(summaries(across))), meaning(across)]
    lines += [f"left out: {'; '.join(across.left_out)}"] if across.left_out else []
    return f"\nover {len(across.scales)} data sets\n" + "\n".join(lines)
