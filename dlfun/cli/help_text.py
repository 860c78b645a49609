"""The text of `--help`: a script's docstring, and its flags in groups, of many the common ones."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Collection, Iterator, Mapping

from absl import flags as absl_flags

from dlfun import data
from dlfun.cli.common_flags import shown_flags
from dlfun.cli.flag_types import Flag, flag_of
from dlfun.commands import INSTALLED, in_form
from dlfun.models import MODELS

FULL = "helpfull"
HELP = {"h", "?", "help", "helpshort", FULL}
COLUMN = 32
LAST = "Output & machine"
NOTES = {
    "Numbers": "One number for all models (0.01), numbers for some of them "
    "(cnn:0.003,rnn:0.01), or both (0.001,cnn:0.003). --optimizer, --objective, --activation and "
    "--layout go by model in the same way.",
    LAST: "--flagfile=PATH reads flags from a file, one a line, in its place on the command line; "
    "what comes later wins.",
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


def sections(
    values: absl_flags.FlagValues, doc: str, width: int, words: str = "", full: bool = True
) -> Iterator[str]:
    """The parts of the help, to be parted by empty lines."""
    every = groups(values)
    known = shown_flags(every, full)
    yield in_form(doc.strip())
    yield f"usage: {' '.join([program(), *words.split(), '[--flag=value ...]'])}"
    for title, flags in known.items():
        note = textwrap.wrap(NOTES.get(title, ""), width - 2, break_on_hyphens=False)
        lines = [f"  {line}" for line in note] + [flag_help(flag, width) for flag in flags]
        yield "\n".join([f"{title}:", *lines])
        if title == "Study":
            docs = {
                name: (row.settings.__doc__ or "").split("\n")[0] for name, row in MODELS.items()
            }
            yield names_help("Models", docs, width)
        if title == "Study" and full:
            summaries = {name: row.summary for name, row in data.DATASETS.items()}
            yield names_help("Data sets", summaries, width)
    left = sum(map(len, every.values())) - sum(map(len, known.values()))
    if left:
        yield f"{left} more flags, and the data sets by name: {program()} --helpfull"


def program() -> str:
    """How the command was started."""
    if sys.argv[0].startswith(INSTALLED):
        return sys.argv[0]
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return f"python -m {spec.name}" if spec else f"python {sys.argv[0]}"


def help_text(values: absl_flags.FlagValues, doc: str, words: str = "", full: bool = True) -> str:
    """The help, as wide as the terminal.

    Args:
      words: the arguments that are no flags.
      full: whether all flags are shown, or those that people use.
    """
    width = min(max(shutil.get_terminal_size().columns, 60), 120)
    return "\n\n".join(sections(values, doc, width, words, full)) + "\n"


def wants_help(args: Collection[str]) -> bool:
    """Whether one of the arguments asks for help."""
    return any(arg.startswith("-") and arg.lstrip("-") in HELP for arg in args)


def wants_full_help(args: Collection[str]) -> bool:
    """Whether one of them asks for all flags."""
    return any(arg.startswith("-") and arg.lstrip("-") == FULL for arg in args)
