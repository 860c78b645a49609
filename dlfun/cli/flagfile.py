"""The lines of config.flags: every flag with its value, so that they replay a study exactly.

Written here, and checked here when they are read: a record may come from anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from absl import flags as absl_flags

from dlfun.cli.flag_types import Flag, flag_of
from dlfun.cli.model_flags import model_of
from dlfun.cli.per_model import BY_MODEL, default_of, shorten
from dlfun.config.option_table import UNWRITTEN
from dlfun.config.parsers import REST, short
from dlfun.errors import UserError
from dlfun.models import MODELS
from dlfun.records.flagfile import shape_lines

CONFIG = "config.flags"

OF_ABSL = ("flagfile", "undefok")
"""Flags that absl obeys in every script."""


def replayed(values: absl_flags.FlagValues) -> tuple[str, ...]:
    """The flags of a script that the config.flags of a record may hold."""
    return tuple(name for name in values if name not in UNWRITTEN or name == "layout")


def given_lines(lines: Iterable[str]) -> list[str]:
    """The lines of a config.flags that give a flag a value."""
    return [line for line in map(str.strip, lines) if line and not line.startswith(("#", "//"))]


def check_lines(values: absl_flags.FlagValues, lines: Sequence[str]) -> None:
    """Raises UserError unless these are lines that `flag_lines` writes for some study.

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


def flag_lines(values: absl_flags.FlagValues, models: Iterable[str]) -> tuple[str, ...]:
    """The lines that replay these flags for these models, defaults included.

    Left out are `UNWRITTEN`, and flags that have no value.
    """
    lines: list[str] = []
    for name in values:
        flag = flag_of(values, name)
        if name in UNWRITTEN or flag.group in MODELS:
            continue
        lines += by_model_lines(flag, models) if name in BY_MODEL else flag.lines()
    searched = (
        text for name in ("grid", "space") if name in values for text in getattr(values, name)
    )
    swept = {text.partition("=")[0].rpartition(":")[2].strip() for text in searched}
    return (
        *lines,
        *(line for name in MODELS for line in shape_lines(model_of(values, name), swept)),
    )


def by_model_lines(flag: Flag, models: Iterable[str]) -> tuple[str, ...]:
    """What was given; for models left to their own default, that default."""
    given = flag.value or {}
    if REST not in given:
        own = {model: default_of(flag.name, model) for model in models}
        given = {model: value for model, value in own.items() if value is not None} | given
    return (flag.line(shorten(given)),) if given else ()
