"""The lines of a flagfile that came from elsewhere, checked: they may come from anybody."""

from __future__ import annotations

from collections.abc import Sequence

from absl import flags as absl_flags

from dlfun.config.option_table import OPTIONS
from dlfun.config.parsers import short
from dlfun.errors import UserError

OF_ABSL = ("flagfile", "undefok")
"""Flags that absl obeys in every script."""

OF_CODE = ("module",)
"""Flags that name code to be run, which the user alone does."""


def replayed(values: absl_flags.FlagValues) -> tuple[str, ...]:
    """The flags of a script that the config.flags of a record may hold."""
    known = (name for name in values if name not in OPTIONS or OPTIONS[name].replayed)
    return tuple(name for name in known if name not in OF_CODE)


def check_lines(values: absl_flags.FlagValues, lines: Sequence[str]) -> None:
    """Raises UserError unless these are lines that a record may hold.

    Others could name files to read, or folders to write to.
    """
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise UserError("its flags are no lines; name a record as its study left it")
    known = set(replayed(values))
    known |= {f"no{name}" for name in known if values[name].boolean}
    for line in lines:
        name = line.removeprefix("--").partition("=")[0]
        if line.startswith("--") and name in known:
            continue
        if line.startswith("--") and name not in (*values, *OF_ABSL):
            raise UserError(
                f"unknown flag --{short(name)}; use the record with the dlfun that wrote it"
            )
        raise UserError(f"'{short(line)}' is in no record; name one as its study left it")
