"""The text of `--help`: the script's docstring, and its flags in groups.

Of a command with many flags it shows those that people use, and `--helpfull` all of them.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Collection, Iterator, Mapping

from absl import flags as absl_flags

from dlfun import data
from dlfun.cli.flag_types import Flag, flag_of
from dlfun.commands import in_form, program
from dlfun.config.common_options import COMMON
from dlfun.models import MODELS

COLUMN = 32
ASKED = {"h": False, "?": False, "help": False, "helpshort": False, "helpfull": True}
"""What asks for help -> whether for all of it."""

LAST = "Output & machine"
NOTES = {
    "Numbers": "One number for all models (0.01), numbers for some of them "
    "(cnn:0.003,rnn:0.01), or both (0.001,cnn:0.003). --optimizer, --objective, --activation and "
    "--layout go by model in the same way.",
    LAST: "--flagfile=PATH reads flags from a file, one a line, in its place on the command line; "
    "what comes later wins. --helpfull shows this.",
}


def column(name: str, text: str, width: int) -> str:
    """A name, and beside it a text wrapped to the width."""
    lines = textwrap.wrap(text, max(width - COLUMN, 20), break_on_hyphens=False) or [""]
    first = f"  {name}".ljust(COLUMN)
    if len(first) > COLUMN or not first.endswith(" "):
        lines, first = ["", *lines], first.rstrip()
    return "\n".join([(first + lines[0]).rstrip(), *(" " * COLUMN + line for line in lines[1:])])


def flag_help(flag: Flag, width: int) -> str:
    """One flag: its name and form, what it means, its choices and its default."""
    name = f"--[no]{flag.name}" if flag.boolean else f"--{flag.name}={flag.kind.form}"
    usual = flag.usual
    if not usual and flag.default not in (None, ()):
        usual = flag.kind.show(flag.default)
    parts = [flag.help] if flag.help else []
    if flag.kind.choices and flag.group != "Study":
        parts.append(f"one of {', '.join(flag.kind.choices)}")
    text = "; ".join(parts) + (f" (default: {usual})" if usual else "")
    return column(name, text, width)


def groups(values: absl_flags.FlagValues) -> dict[str, list[Flag]]:
    """Title -> flags, in the order of definition, the machine's last."""
    found: dict[str, list[Flag]] = {}
    for name in values:
        flag = flag_of(values, name)
        title = f"Shape of {flag.group}" if flag.group in MODELS else flag.group
        found.setdefault(title, []).append(flag)
    return {**{t: flags for t, flags in found.items() if t != LAST}, LAST: found[LAST]}


def names_help(title: str, table: Mapping[str, str], width: int) -> str:
    """The names of a table, and what they mean."""
    return "\n".join([f"{title}:", *(column(name, text, width) for name, text in table.items())])


def sections(values: absl_flags.FlagValues, width: int) -> Iterator[str]:
    """The groups of all flags, and what there is to be named."""
    for title, flags in groups(values).items():
        note = textwrap.wrap(NOTES.get(title, ""), width - 2, break_on_hyphens=False)
        lines = [f"  {line}" for line in note] + [flag_help(flag, width) for flag in flags]
        yield "\n".join([f"{title}:", *lines])
        if title == "Study":
            docs = {
                name: (row.settings.__doc__ or "").split("\n")[0] for name, row in MODELS.items()
            }
            yield names_help("Models", docs, width)
            summaries = {name: row.summary for name, row in data.DATASETS.items()}
            yield names_help("Data sets", summaries, width)


def common(values: absl_flags.FlagValues, width: int) -> Iterator[str]:
    """The groups of the common flags, the names of models and data sets, and what is left out.

    Of a command that has none it is all.
    """
    names = COMMON.get(getattr(values, "study", ""))
    if names is None:
        yield from sections(values, width)
        return
    for title, flags in groups(values).items():
        if shown := [flag_help(flag, width) for flag in flags if flag.name in names]:
            yield "\n".join([f"{title}:", *shown])
    known = {"Models": ", ".join(MODELS), "Data sets": ", ".join(data.DATASETS)}
    yield "\n".join(column(f"{title}:", text, width).lstrip() for title, text in known.items())
    left = sum(name not in names for name in values)
    more = f"--helpfull shows {left} more flags: shapes of models, numbers, machine and others."
    yield "\n".join(textwrap.wrap(more, width, break_on_hyphens=False))


def help_text(values: absl_flags.FlagValues, doc: str, words: str = "", full: bool = False) -> str:
    """The help, as wide as the terminal; `words` are the arguments that are no flags."""
    width = min(max(shutil.get_terminal_size().columns, 60), 120)
    usage = f"usage: {' '.join([program(), *words.split(), '[--flag=value ...]'])}"
    parts = sections if full else common
    return "\n\n".join([in_form(doc.strip()), usage, *parts(values, width)]) + "\n"


def wanted_help(args: Collection[str]) -> str | None:
    """The argument that asks for help, without its dashes; the one for all of it goes before."""
    asked = [arg.lstrip("-") for arg in args if arg.startswith("-")]
    return max((arg for arg in asked if arg in ASKED), key=ASKED.__getitem__, default=None)
