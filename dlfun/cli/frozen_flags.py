"""The arguments of a confirmation: what was frozen stands before what is given."""

from __future__ import annotations

import os
from collections.abc import Sequence

from absl import flags as absl_flags

from dlfun.cli.flagfile import check_lines
from dlfun.errors import UserError


def with_frozen(values: absl_flags.FlagValues, args: list[str]) -> list[str]:
    """The arguments, behind those that were frozen if a confirmation is asked for.

    Raises:
      UserError: if what --frozen names is missing, was changed, or holds what is not frozen.
    """
    if "frozen" not in values or given_as(args, "stage") != "confirm":
        return args
    path = given_as(args, "frozen")
    if path is None:
        raise UserError("--stage=confirm needs --frozen=RECORD, the one that --stage=tune made")
    from dlfun.studies.comparison.frozen import read_frozen

    known = set(args)  # of a replay they are there already, and some would be given twice
    lines = read_frozen(os.path.expanduser(path)).get("flags", [])
    try:
        check_lines(values, lines)
    except UserError as error:
        raise UserError(f"--frozen={path}: {error}") from None
    return [*(line for line in lines if line not in known), *args]


def given_as(args: Sequence[str], name: str) -> str | None:
    """The value that arguments give a flag, before they are parsed; the last one counts.

    >>> given_as(["--stage", "tune", "--stage=confirm"], "stage")
    'confirm'
    """
    found = None
    for arg, following in zip(args, [*args[1:], ""], strict=False):
        flag, equals, value = arg.lstrip("-").partition("=")
        if arg.startswith("-") and flag == name:
            found = value if equals else following
    return found
