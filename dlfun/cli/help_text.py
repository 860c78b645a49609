"""The text of `--help`: the script's docstring, and its flags in groups."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Collection, Iterator, Mapping

from absl import flags as absl_flags

from dlfun import data
from dlfun.cli.flag_types import Flag, flag_of
from dlfun.commands import in_form, program
from dlfun.models import MODELS

COLUMN = 32
LAST = "Output & machine"
NOTES = {
    "Numbers": "One number for all models (0.01), numbers for some of them "
    "(cnn:0.003,rnn:0.01), or both (0.001,cnn:0.003). --optimizer, --objective, --activation and "
    "--layout go by model in the same way.",
    LAST: "--flagfile=PATH reads flags from a file, one a line, in its place on the command line; "
    "what comes later wins. --help shows this.",
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


def sections(values: absl_flags.FlagValues, doc: str, width: int, words: str = "") -> Iterator[str]:
    """The parts of the help, to be parted by empty lines."""
    yield in_form(doc.strip())
    yield f"usage: {' '.join([program(), *words.split(), '[--flag=value ...]'])}"
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


def help_text(values: absl_flags.FlagValues, doc: str, words: str = "") -> str:
    """All of the help, as wide as the terminal; `words` are the arguments that are no flags."""
    width = min(max(shutil.get_terminal_size().columns, 60), 120)
    return "\n\n".join(sections(values, doc, width, words)) + "\n"


def wants_help(args: Collection[str]) -> bool:
    """Whether one of the arguments asks for help."""
    asked = {"h", "?", "help", "helpfull", "helpshort"}
    return any(arg.startswith("-") and arg.lstrip("-") in asked for arg in args)
