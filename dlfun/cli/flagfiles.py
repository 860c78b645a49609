"""Files of flags: their lines take the place of each --flagfile among the arguments."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence

from absl import flags as absl_flags

from dlfun.cli.flagfile import check_lines
from dlfun.cli.recipes import flagfile_of
from dlfun.commands import command
from dlfun.config.parsers import short
from dlfun.errors import UserError
from dlfun.records.flagfile import BY_VALUE
from dlfun.records.folders import FLAGS

MARK = "\ufeff"
"""Editors may begin a file with it; where files were joined it stands on any line."""

LARGEST = 2**20
"""Characters of a file, at most."""

MOST = 10_000
"""Lines of all files, at most: there are about a hundred flags to give."""


def read_flagfiles(args: Sequence[str], values: absl_flags.FlagValues | None = None) -> list[str]:
    """The arguments with the lines of each --flagfile in its place; behind `--` all stay.

    Args:
      values: of the script; then a record's own file may hold only what records hold.

    Raises:
      UserError: if a file cannot be read, is no text, names itself, or holds too much.
    """
    found: list[str] = []
    rest, lines = iter(args), itertools.count(1)
    for arg in rest:
        if arg == "--":
            return [*found, arg, *rest]
        name = file_of(arg)
        if arg in ("--flagfile", "-flagfile"):
            name = next(rest, "")
        if name is None:
            found.append(arg)
        else:
            add_lines(found, name, (), lines)
            check_record(values, name)
    return found


def file_of(arg: str) -> str | None:
    """The file that an argument or a line names as one of flags; None where it names none."""
    name, sign, path = arg.partition("=")
    return path if sign and name in ("--flagfile", "-flagfile") else None


def add_lines(found: list[str], name: str, above: tuple[str, ...], lines: Iterator[int]) -> None:
    """Adds the flags of a file, and of those that it names.

    Args:
      above: the files that named it.
      lines: counts those of all files.
    """
    path = os.path.expanduser(flagfile_of(name.strip()))
    if not path:
        raise UserError("--flagfile=: name the file")
    if path in above:
        raise UserError(f"--flagfile={path}: it names itself; take that line out of {above[-1]}")
    for line in read_lines(path):
        if next(lines) > MOST:
            raise UserError(f"--flagfile={path}: more than {MOST} lines; give each flag once")
        inner = file_of(line)
        if inner is not None:
            add_lines(found, inner, (*above, path), lines)
        elif line and not is_comment(line):
            found.append(line)


def is_comment(line: str) -> bool:
    """Whether a line of a flagfile gives no flag."""
    return line.startswith(("#", "//"))


def check_record(values: absl_flags.FlagValues | None, name: str) -> None:
    """Raises UserError if a file is that of a record, and holds what no record does."""
    path = os.path.expanduser(name.strip())
    if values is None or os.path.basename(path) != FLAGS:
        return
    try:
        given = [line.strip() for line in read_lines(path)]
        for line in given:
            if line.startswith(BY_VALUE):
                what = line.removeprefix(BY_VALUE)
                raise UserError(
                    f"is of {what}, which no flags make; train it again in Python, or use the "
                    f"record: {command('predict')} {os.path.dirname(path) or '.'}, with "
                    "--module=FILE.py:CLASS for a module"
                )
        check_lines(values, [line for line in given if line and not is_comment(line)])
    except UserError as error:
        raise UserError(f"--flagfile={path}: {error}") from None


def read_lines(path: str) -> list[str]:
    """The lines of a file, without blanks around them.

    Raises:
      UserError: if it cannot be read, is no text, or too large.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise UserError(
            f"--flagfile={path}: {error.strerror}; name a file with a flag on each line"
        ) from None
    except (UnicodeDecodeError, ValueError):
        raise UserError(
            f"--flagfile={short(path)}: not a text file; name one with a flag on each line"
        ) from None
    if "\0" in text:
        raise UserError(f"--flagfile={path}: not a text file; name one with a flag on each line")
    if len(text) > LARGEST:
        raise UserError(
            f"--flagfile={path}: larger than {LARGEST >> 20} MiB; name a file with a flag on each "
            "line"
        )
    return [line.strip(f"{MARK} \t\r") for line in text.split("\n")]
