"""The members of a record whose parameters are kept, and which of them are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlfun.config.parsers import MEMBERS
from dlfun.errors import OPT, SHOWN, UserError
from dlfun.objectives import metrics
from dlfun.records.reader import broken
from dlfun.records.recorded import Recorded
from dlfun.studies.reproducibility.arms import Arm


class Member(NamedTuple):
    """A member whose parameters are kept.

    Attributes:
      row: of members.csv, counted within its data set and model.
      replicate: of that row.
      arm, place: which of the arms of that data set and model it is of, and where in it.
      configuration: the arm, and which of its configurations the member has.
      score: its last validation metric, higher is better; of training where nothing was held out.
    """

    row: int
    replicate: int
    arm: int
    place: int
    configuration: tuple[int, int]
    score: float


def candidates(
    record: Recorded, arms: Sequence[Arm], kept: Sequence[Sequence[int]]
) -> list[Member]:
    """The members of some arms that did not fail and whose parameters are kept.

    Raises:
      UserError: if there are none, or members.csv has others than the arms.
    """
    data, model = arms[0].data.first.name, arms[0].name
    rows = [row for row in record.rows if (row["dataset"], row["model"]) == (data, model)]
    if len(rows) != sum(arm.members for arm in arms):
        raise broken(record.folder, "members.csv")
    scores, found, first = scores_of(record, f"{data}/{model}/", len(rows)), [], 0
    for i, (arm, places) in enumerate(zip(arms, kept, strict=True)):
        seeds = arm.members // len(arm.configurations)
        for place in places:
            row = first + place
            if place < arm.members and rows[row]["status"] == "ok":
                which, replicate = (i, place // seeds), int(rows[row]["replicate"])
                found.append(Member(row, replicate, i, place, which, scores[row]))
        first += arm.members
    if not found:
        raise UserError(
            f"{record.folder}: keeps no parameters of {model} on {data} that did not fail; name a "
            f"record of {OPT.keep}=all or {OPT.keep}=best"
        )
    return found


def scores_of(record: Recorded, prefix: str, count: int) -> np.ndarray:
    """The last value [rows] of the metric that members are ranked by, more of it being better."""
    own = [name.removeprefix(prefix) for name in record.history if name.startswith(prefix)]
    name = metrics.ranking(own)
    values = record.history.get(prefix + name)
    if values is None or len(values) != count:
        raise broken(record.folder, "history.npz")
    return np.nan_to_num(metrics.sign(name) * values[:, -1].astype(float), nan=-np.inf)


def chosen_members(found: Sequence[Member], wanted: str) -> list[Member]:
    """The members that `wanted` names, as `network` describes.

    Raises:
      UserError: if the member of a number failed, is not there, or its parameters are not kept.
    """
    if wanted == "best":
        return [max(found, key=lambda member: member.score)]
    if wanted in MEMBERS:
        groups: dict[tuple[int, int], list[Member]] = {}
        for member in found:
            groups.setdefault(member.configuration, []).append(member)
        return max(groups.values(), key=lambda group: np.mean([one.score for one in group]))
    rows = {member.row: member for member in found}
    if int(wanted) not in rows:
        few, more = list(map(str, rows))[:SHOWN], len(rows) - SHOWN
        raise UserError(
            f"{OPT.member}={wanted}: there are the members {', '.join(few)}"
            f"{f' and {more} more' if more > 0 else ''}; others are not there, failed, or their "
            "parameters are not kept"
        )
    return [rows[int(wanted)]]
