"""The arguments of a study that goes on: its record's own stand before what is given."""

from __future__ import annotations

import os
from pathlib import Path

from dlfun.cli.flag_types import StudyFlags
from dlfun.cli.flagfile import check_lines
from dlfun.cli.frozen_flags import given_as
from dlfun.errors import UserError


def with_continued(values: StudyFlags, args: list[str]) -> list[str]:
    """The arguments between those of the record that --continue_from names and the new length.

    Raises:
      UserError: if there is no such record, it cannot go on so far, or its flags are no study's.
    """
    given = given_as(args, "continue_from") if "continue_from" in values else None
    if given is None:
        steps = given_as(args, "steps") or ""
        if steps.startswith("+"):
            raise UserError(f"--steps={steps}: so many more steps need --continue_from=RUN")
        return args
    from dlfun.records.continued import LENGTH, lengthened, recorded_lines
    from dlfun.records.reader import read_study

    folder = Path(os.path.expanduser(given))
    option = f"--continue_from={given}"
    for name in (name for name in LENGTH if name != "steps"):
        if given_as(args, name) is not None:
            raise UserError(f"{option}: say how long by --steps=+N, and leave --{name} out")
    length = lengthened(folder, values.study, given_as(args, "steps"))
    by_value = read_study(folder)["by_value"]
    if by_value:
        call = f"dlfun.{values.study}(..., continue_from={str(folder)!r}, steps='+N')"
        raise UserError(
            f"{option}: was made in Python with {by_value}; go on with it there: {call}"
        )
    lines = recorded_lines(folder)
    try:
        check_lines(values, lines)
    except UserError as error:
        raise UserError(f"{option}: {error}") from None
    return [*lines, *args, *(f"--{name}={value}" for name, value in length.items())]
