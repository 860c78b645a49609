"""The options that say where a study begins: anew, from a record's end, or from its parameters."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from dlfun.config import parsers
from dlfun.config.option_table import NOTHING, STUDY, Option

SUFFIX = "+pretrained"
"""Ends the name of an arm whose parameters come from a record."""

SHORT = 12
"""Digits of a record's checksum that config.flags holds."""


class Source(NamedTuple):
    """The record that parameters come from.

    Attributes:
      folder: absolute.
      member: the number of a run within its data set and model; None is the best.
      checksum: of the record's files, as it begins; None: whatever they are.
    """

    folder: str
    member: int | None = None
    checksum: str | None = None

    def __str__(self) -> str:
        """As it is written."""
        member = "" if self.member is None else f":{self.member}"
        return f"{self.folder}{member}" + (f"@{self.checksum}" if self.checksum else "")


def parse_source(given: str) -> Source:
    """A record as it is named, `RUN`, `RUN:MEMBER`, or with its checksum as in config.flags.

    >>> parse_source("/runs/a:3"), str(parse_source("/runs/a@0123456789ab"))
    (Source(folder='/runs/a', member=3, checksum=None), '/runs/a@0123456789ab')
    """
    text = parsers.path().parse(given)
    found = re.fullmatch(rf"(.+?)(?::([0-9]{{1,9}}))?(?:@([0-9a-f]{{{SHORT}}}))?", text)
    assert found is not None  # any text that is not empty
    folder, member, checksum = found.groups()
    return Source(os.path.abspath(folder), None if member is None else int(member), checksum)


def pretrained(model: str) -> str:
    """The name of a model's arm whose parameters come from a record."""
    return f"{model}{SUFFIX}"


def model_of_arm(arm: str) -> str:
    """The model of an arm, whatever its parameters come from.

    >>> model_of_arm("cnn+pretrained"), model_of_arm("cnn")
    ('cnn', 'cnn')
    """
    return arm.removesuffix(SUFFIX)


STARTS: dict[str, Option] = {
    "continue_from": Option(
        parsers.path(),
        "a record whose members are trained further, --steps=+N more: model, data and all else are "
        "its own, and the new record is that of the longer run",
        STUDY,
        replayed=False,
        frozen=False,
    ),
    "initialize_from": Option(
        parsers.Kind(parse_source, str, "RUN[:MEMBER]"),
        "a record whose parameters an arm MODEL+pretrained begins from, in train instead of fresh "
        "ones, in compare beside them on the same seeds; every seed takes those of one member of "
        "that model, the best by validation or the one numbered. Arrays of another name or shape "
        "stay fresh, as does the optimiser",
        STUDY,
        decides=NOTHING,  # of the arms that begin from it alone, whose facts have it
    ),
}
"""Name -> row, in the order of the help."""

FRESH_ALONE = ("tune", "variance", "curve")
"""Options of a comparison under which it trains more runs than its arms, all from the start."""

ONE_POPULATION = (*FRESH_ALONE, "until_decided")
"""Those under which an arm is not one population, trained as long as was asked."""
