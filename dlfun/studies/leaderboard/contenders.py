"""The contenders of a table: arms with their pooled runs, as statistics take them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlfun.errors import UserError
from dlfun.objectives import metrics
from dlfun.records.checksums import check_record
from dlfun.records.reader import arm_file
from dlfun.stats import Interval, t_interval
from dlfun.stats.arms import Side, make_side
from dlfun.stats.labels import FEW, TOO_FEW
from dlfun.studies.comparison.across_records import right_answers
from dlfun.studies.comparison.verdicts import Row, make_arms, overlap, score
from dlfun.studies.leaderboard.pooling import Pool, pool_arms, pooled_rows
from dlfun.studies.leaderboard.record_arms import RecordArm


class Contender(NamedTuple):
    """An arm with its runs from all records.

    Attributes:
      keys: [runs] what its runs are known by, as in `RecordArm`.
      repeated: how many runs stood in more than one record, and count once.
      score: the mean of the results that did not fail, with its 95 % t interval.
      side: the same as statistics take it; None where all runs failed.
    """

    pool: Pool
    rows: Sequence[Row]
    keys: Sequence[tuple[str, ...]]
    repeated: int
    score: Interval
    side: Side | None

    @property
    def label(self) -> str:
        """What it is called."""
        return self.pool.label

    @property
    def pairs(self) -> bool:
        """Whether its runs are pairs with those of another arm that are known by the same."""
        return all(part.pairs for part in self.pool.parts)

    @property
    def few(self) -> bool:
        """Whether it has so few runs that it is never called better, but suggested to be."""
        return self.side is not None and not self.side.constant and self.side.n_distinct < FEW

    @property
    def judged(self) -> bool:
        """Whether it has runs enough for a verdict, or one result whatever the seed."""
        if self.side is None or self.side.failed.all():
            return False
        return self.side.constant or self.side.n_distinct >= TOO_FEW


def contenders_of(arms: Sequence[RecordArm]) -> list[Contender]:
    """The contenders of one table, best first; those without a score come last."""
    by_name: dict[str, list[RecordArm]] = {}
    for arm in arms:
        by_name.setdefault(arm.model, []).append(arm)
    found: list[Contender] = []
    for own in by_name.values():
        found += [contender(pool, arms[0].metric) for pool in pool_arms(own)]
    sign = metrics.sign(arms[0].metric)
    return with_examples(sorted(found, key=lambda one: place(one.score.estimate * sign)))


def place(oriented: float) -> float:
    """What arms are sorted by."""
    return np.inf if np.isnan(oriented) else -oriented


def contender(pool: Pool, metric: str) -> Contender:
    """An arm of a pool's runs."""
    rows, keys, repeated = pooled_rows(pool.parts)
    own = [score(row, metric) for row in rows if row["copy_of"] == ""]
    made = make_arms([{**row, "model": pool.label} for row in rows], metric)
    side = make_side(made[0], int(metrics.sign(metric))) if made else None
    found = t_interval(own, split_variance=overlap(rows, metric))
    return Contender(pool, rows, keys, repeated, found, side)


def with_examples(contenders: Sequence[Contender]) -> list[Contender]:
    """The same; arms of one result each with what that scored on each test example, if known."""
    constant = [one.side is not None and one.side.constant for one in contenders]
    if sum(constant) < 2:
        return list(contenders)
    known = zip(contenders, constant, strict=True)
    return [with_answers(one) if is_constant else one for one, is_constant in known]


def with_answers(one: Contender) -> Contender:
    """An arm of one result with its right answers, where its first record has kept them."""
    part, right = one.pool.parts[0], None
    if part.examined.variance or one.side is None:
        return one
    with contextlib.suppress(UserError):  # a damaged file is one that was not kept
        check_record(part.origin.folder, only=evidence_of(part))
        right = right_answers(part.origin.folder, part.dataset, part.model)
    if right is None:
        return one
    sign = metrics.sign(part.metric)
    examples = sign * np.tile(right[:1].astype(float), (len(one.rows), 1))
    return one._replace(side=one.side._replace(examples=examples))


def evidence_of(part: RecordArm) -> tuple[str]:
    """The file of what an arm said of each test example."""
    return (arm_file(part.dataset, part.model, "evidence.npz"),)
