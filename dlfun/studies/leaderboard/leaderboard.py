"""The leaderboard of many records: tables by data set, their arms in tied groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dlfun.config.comparison_spec import ALL, Claim
from dlfun.errors import OPT, UserError, unknown
from dlfun.records.reader import labels_of, unsealed
from dlfun.studies.leaderboard.facts import difference_words, different
from dlfun.studies.leaderboard.record_arms import RecordArm, read_arms
from dlfun.studies.leaderboard.standings import Standings, rank_pools

UNKNOWN = "nothing says whether data and split are those of another table of the data set"
"""Keeps judged results apart, and trained models from them."""

Records = Sequence[tuple[str, Path]]


class Board(NamedTuple):
    """A leaderboard.

    Attributes:
      tables: by data set, metric, and what scores are of.
      records: how many records are in it.
      left_out: records that are not, each with the reason.
    """

    tables: list[Standings]
    records: int
    left_out: list[tuple[str, str]]


def make_leaderboard(folders: Sequence[Path], delta: Mapping[str, float] = {}) -> Board:
    """The leaderboard of all records that have test scores.

    Args:
      folders: of records, or of whatever lies beside them, which is left out and named.
      delta: data set, or `ALL`, -> the largest difference that counts as none.

    Raises:
      UserError: if no record is left, or a delta is of a data set that none has.
    """
    arms: list[RecordArm] = []
    left_out: list[tuple[str, str]] = []
    for label, folder in named(folders, left_out):
        try:
            with unsealed(folder):
                arms += read_arms(label, folder)
        except UserError as error:
            left_out.append((str(folder), str(error).removeprefix(f"{folder}: ")))
    if not arms:
        raise UserError(nothing_left(left_out))
    datasets = list(dict.fromkeys(arm.dataset for arm in arms))
    for name in delta:
        if name and name not in datasets:
            raise UserError(f"{OPT.delta}={name}: {unknown('data set', name, datasets)}")
    tables = [
        table
        for name in datasets
        for table in tables_of([arm for arm in arms if arm.dataset == name], delta)
    ]
    return Board(tables, len({arm.origin.label for arm in arms}), left_out)


def named(folders: Sequence[Path], left_out: list[tuple[str, str]]) -> Records:
    """Records with what they are called; one that is there twice is left out the second time."""
    kept: dict[Path, Path] = {}
    for folder in folders:
        if folder.resolve() in kept:
            left_out.append((str(folder), "is named twice"))
        kept.setdefault(folder.resolve(), folder)
    own = list(kept.values())
    return list(zip(labels_of(own), own, strict=True))


def nothing_left(left_out: Sequence[tuple[str, str]]) -> str:
    """The error where there is no record with test scores."""
    name, why = left_out[0]
    more = f" (and {len(left_out) - 1} more)" if len(left_out) > 1 else ""
    return f"{name}: {why}{more}; name records of train or compare, or of judged results"


def tables_of(arms: Sequence[RecordArm], delta: Mapping[str, float]) -> list[Standings]:
    """The tables of one data set: scores of another metric, split or other data stand apart."""
    groups: list[list[RecordArm]] = []
    for arm in arms:
        group = next((g for g in groups if is_comparable(arm, g[0])), None)
        if group is None:
            groups.append([arm])
        else:
            group.append(arm)
    firsts = [group[0] for group in groups]
    return [
        rank_pools(group, claim_on(group[0], delta), why_apart(group[0], firsts[:k]))
        for k, group in enumerate(groups)
    ]


def claim_on(arm: RecordArm, delta: Mapping[str, float]) -> Claim:
    """What is claimed; of judged results every difference matters, where no delta is given."""
    return Claim(delta if arm.trained else {ALL: 0.0} | dict(delta))


def is_comparable(one: RecordArm, other: RecordArm) -> bool:
    """Whether scores are of the same metric and of the same test."""
    return one.metric == other.metric and not different(one.tested, other.tested)


def why_apart(arm: RecordArm, before: Sequence[RecordArm]) -> str:
    """In words, why scores do not stand in a table of the same data set that comes before."""
    if not before:
        return ""
    own = [one for one in before if one.trained and arm.trained]
    if not own:
        return UNKNOWN
    near = min(own, key=lambda one: len(different(one.tested, arm.tested)))
    return difference_words(near.tested, arm.tested) or "another metric"
