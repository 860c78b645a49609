"""The record that a longer run goes on from: where it ended, and what must be as it was.

Its intervals stay those of the longer run, so that both have the same history. Needs no JAX.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.config.option_table import OPEN_ENDED, identity_lines, name_of
from dlfun.config.parsers import LARGEST, short
from dlfun.config.start_table import ONE_POPULATION
from dlfun.config.studies import STUDIES
from dlfun.config.study_request import StudyRequest
from dlfun.errors import OPT, UserError, by_flags
from dlfun.records.checksums import NAME, check_record, checksum_of
from dlfun.records.flagfile import BY_VALUE, flag_lines
from dlfun.records.folders import FLAGS
from dlfun.records.reader import HINT, STUDY, broken, read_lines, script_of
from dlfun.records.recorded import Recorded, read_record

LENGTH = ("steps", "epochs", "evaluations")
"""The options that say how long a run is, and into how many intervals it falls."""


class Ended(NamedTuple):
    """The end of an arm's members in a record.

    Attributes:
      history: metric -> [members, intervals].
      seconds: that they trained, all together.
    """

    history: Mapping[str, np.ndarray]
    intervals: int
    seconds: float


class RecordEnd(NamedTuple):
    """The end of a record.

    Attributes:
      arms: data set and model -> that of its members.
      versions: package -> its version, of those that bits depend on.
      checksums: data set -> that of its data.
    """

    arms: Mapping[tuple[str, str], Ended]
    versions: Mapping[str, str]
    checksums: Mapping[str, str]


def read_end(folder: Path) -> RecordEnd:
    """The end of a record's arms.

    Raises:
      UserError: if it cannot be read.
    """
    record = read_record(folder)
    try:
        versions = {name: record.environment["versions"][name] for name in ("jax", "jaxlib")}
        checksums = {n: one["checksum"] for n, one in record.environment["datasets"].items()}
    except (KeyError, TypeError, AttributeError):
        raise broken(folder, "environment.json") from None
    arms = {arm: ended(record, arm) for arm in arms_of(record)}
    return RecordEnd(arms, versions, checksums)


def arms_of(record: Recorded) -> list[tuple[str, str]]:
    """Data set and model of each arm that has a history."""
    named = dict.fromkeys((row["dataset"], row["model"]) for row in record.rows)
    return [arm for arm in named if f"{'/'.join(arm)}/step" in record.history]


def ended(record: Recorded, arm: tuple[str, str]) -> Ended:
    """The end of one arm of a record."""
    prefix = f"{'/'.join(arm)}/"
    rows = [row for row in record.rows if (row["dataset"], row["model"]) == arm]
    history = {
        name.removeprefix(prefix): values
        for name, values in record.history.items()
        if name.startswith(prefix)
    }
    count = len(history.pop("step"))
    if any(values.shape != (len(rows), count) for values in history.values()):
        raise broken(record.folder, "history.npz")
    return Ended(history, count, sum(float(row["seconds"] or 0) for row in rows))


def lengthened(folder: Path, study: str, steps: str | None) -> dict[str, int]:
    """The `steps` and `evaluations` of the longer run.

    Args:
      study: the kind of study that is asked to go on.
      steps: as given: so many more as `+2000`, or as many in all as `3000`.

    Raises:
      UserError: if there is no such record, or no run of so many steps has its intervals.
    """
    option = f"{OPT.continue_from}={short(folder)}"
    if not os.path.isfile(folder / STUDY):
        raise UserError(f"{option}: is no record; {HINT}")
    check_record(folder)
    kind = script_of(folder)
    if kind != study:
        goes_on = "continue_from" in STUDIES[kind].options
        remedy = f"continue it by {kind}" if goes_on else "train its best configuration anew"
        raise UserError(f"{option}: is a record of {kind}, and this is {study}; {remedy}")
    record = read_record(folder)
    taken = [record.history[f"{'/'.join(arm)}/step"] for arm in arms_of(record)]
    if not taken:
        raise broken(folder, "history.npz")
    first = taken[0]
    if any(not np.array_equal(one, first) for one in taken):
        raise UserError(
            f"{option}: its arms trained for different numbers of steps; continue a record that "
            f"was told {OPT.steps}"
        )
    length, before = int(first[0]), int(first[-1])
    if not np.array_equal(first, length * np.arange(1, len(first) + 1)):
        raise UserError(
            f"{option}: its last validation came after fewer steps than the others, where the "
            f"longer run has none; train that run anew, by {OPT.steps}"
        )
    after = total(steps, before, option)
    if after % length:
        below = (after - 1) // length * length
        near = [f"+{n - before}" for n in (below, below + length) if n > before]
        raise UserError(
            f"{OPT.steps}={steps}: {folder} was validated every {length} steps, which the longer "
            f"run keeps; give {' or '.join(near)}"
        )
    return {"steps": after, "evaluations": after // length}


def total(steps: str | None, before: int, option: str) -> int:
    """The steps in all, of what is given."""
    more = f"+{before}" if by_flags() else f"'+{before}'"
    if steps is None:
        raise UserError(f"{option}: say how many more steps, as by {OPT.steps}={more}")
    found = re.fullmatch(r"\s*(\+?)([0-9]{1,10})\s*", steps)
    after = int(found[2]) + (before if found[1] else 0) if found else 0
    if not before < after <= LARGEST:
        raise UserError(
            f"{OPT.steps}={short(steps)}: the record was trained for {before} steps; give so many "
            f"more as {more}, or more than {before} in all"
        )
    return after


def recorded_lines(folder: Path) -> list[str]:
    """The lines of a record's config.flags that the longer run has again."""
    lines = [line for line in read_lines(folder, FLAGS) if line.startswith("--")]
    return [line for line in lines if name_of(line) not in LENGTH]


def check_continued(folder: Path, request: StudyRequest) -> None:
    """Sees that a longer run is asked for nothing else than its record was.

    Raises:
      UserError: naming the first option that differs, or that no run can go on with.
    """
    known = identity_lines(recorded_lines(folder))
    known += [line for line in read_lines(folder, FLAGS) if line.startswith(BY_VALUE)]
    wanted = [line for line in identity_lines(flag_lines(request)) if name_of(line) not in LENGTH]
    for line in (one for one in wanted if one not in known):
        check_line(folder, line, known)
    if request["schedule"] not in OPEN_ENDED:
        raise UserError(
            f"{OPT.continue_from}={folder}: under {OPT.schedule}={request['schedule']} each step "
            f"depends on how many there are in all; train the longer run anew, by {OPT.steps}"
        )
    own = STUDIES[request.study].options
    grown = [name for name in ONE_POPULATION if name in own and request[name]]
    if grown:
        raise UserError(
            f"{OPT.continue_from}={folder}: under {OPT(grown[0])} other runs decide which were "
            "trained, and those are not kept; train the longer study anew"
        )


def check_line(folder: Path, line: str, known: Sequence[str]) -> None:
    """Raises UserError for a line of flags that the record does not have."""
    if line.startswith(BY_VALUE):
        raise UserError(
            f"{OPT.continue_from}={folder}: was made with other values in Python than "
            f"{short(line.removeprefix(BY_VALUE))}; give those it was made with"
        )
    name = name_of(line)
    before = next((one for one in known if name_of(one) == name), None)
    what = f"with {spoken(before)}" if before else f"without {OPT(name)}"
    raise UserError(
        f"{spoken(line)}: {folder} was trained {what}, and goes on with that; leave "
        f"it out, or train anew without {OPT.continue_from}"
    )


def spoken(line: str) -> str:
    """A line of flags in the words of the door that the user came by."""
    name, equals, value = line.partition("=")
    return f"{OPT(name.removeprefix('--'))}={value}" if equals else line


def source_of(folder: str | Path) -> dict[str, Any]:
    """What a record says of the one that it came from: its name, and a checksum of all its files.

    Without checksums of its own, it is known by its name alone.
    """
    sums = Path(folder) / NAME
    return {
        "record": Path(folder).resolve().name,
        "checksum": checksum_of(sums) if sums.is_file() else None,
    }
