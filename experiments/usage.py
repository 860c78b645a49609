"""What --help prints: the script's docstring, then its flags by group."""

from __future__ import annotations

import inspect
import shutil
import textwrap
from types import ModuleType

from absl import flags as absl_flags

from dlfun.data import DATASETS
from dlfun.models import MODELS
from experiments.holders import Flag

HELP = ("--help", "-h", "-help", "--helpfull", "--helpshort")


def columns() -> int:
    """The width to wrap to."""
    return min(max(shutil.get_terminal_size((100, 20)).columns, 60), 120)


def form(flag: Flag) -> str:
    """How a flag is written."""
    return f"--[no]{flag.name}" if flag.boolean else f"--{flag.name}={flag.kind.form}"


def describe(flag: Flag) -> str:
    """What a flag means, its choices and its default."""
    value = flag.default
    default = flag.usual or ("" if value in (None, (), "") else flag.line(value).partition("=")[2])
    if flag.boolean:
        default = "yes" if value else "no"
    parts = [flag.help]
    if flag.kind.choices and len(flag.kind.choices) <= 12:
        parts.append(f"one of {', '.join(flag.kind.choices)}")
    return "; ".join(part for part in parts if part) + (f" (default: {default})" if default else "")


def wrapped(head: str, text: str, width: int) -> str:
    """`head` on the left, `text` wrapped beside it, or below where it is long."""
    indent = 30
    body = textwrap.wrap(text, width - indent) or [""]
    first = f"  {head}".ljust(indent)
    lines = [first + body[0], *(" " * indent + line for line in body[1:])]
    if len(head) + 3 > indent:
        lines = [first, *(" " * indent + line for line in body)]
    return "\n".join(line.rstrip() for line in lines)


def table(title: str, rows: dict[str, str], width: int) -> str:
    """A titled list of names and what they are."""
    return "\n".join([title, *(wrapped(name, text, width) for name, text in rows.items())])


def usage(script: ModuleType, values: absl_flags.FlagValues) -> str:
    """The whole help of a script."""
    width = columns()
    groups: dict[str, list[Flag]] = {}
    for name in values:
        flag = values[name]
        if isinstance(flag, Flag):
            groups.setdefault(flag.group, []).append(flag)
    parts = [inspect.getdoc(script) or ""]
    for group, flags in groups.items():
        title = f"Shape of {group}" if group in MODELS else group
        parts.append(table(title, {form(f): describe(f) for f in flags}, width))
    models = {name: inspect.getdoc(row.settings) or "" for name, row in MODELS.items()}
    parts.append(table("Models", models, width))
    parts.append(table("Data sets", {name: row.summary for name, row in DATASETS.items()}, width))
    parts.append(
        "--flagfile=FILE reads flags from a file, a line each: config.flags of a record replays it."
        "\nA number, an optimiser, an activation, an objective or a layout may be given for one "
        "model only: --learning_rate=cnn:0.003,rnn:0.01"
    )
    return "\n\n".join(parts)
