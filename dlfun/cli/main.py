"""The console command `dlfun`: it lists the commands, and starts the one that is named."""

from __future__ import annotations

import difflib
import importlib
import sys

from dlfun.commands import INSTALLED
from dlfun.config.studies import STUDIES
from dlfun.errors import BAD_INPUT
from dlfun.version import __version__

COMMANDS: dict[str, str] = {
    **{name: kind.purpose for name, kind in STUDIES.items()},
    "judge": "find out from anybody's table of results which method is better",
    "report": "make the page and the tables of records, one or several side by side",
    "figures": "draw the figures of a record for a paper, at its width, as PDF or SVG",
    "track": "show the runs of a record in MLflow, Trackio or TensorBoard",
    "predict": "ask a trained model about new files",
    "sample": "let a trained generative model make examples or write text",
    "export": "take a trained model to where dlfun is not",
    "verify": "see whether a record repeats, and how far other layouts drift from it",
    "reproduce": "run the recipes of published figures, and see which come out",
    "data": "list, prepare and describe data sets",
    "benchmark": "time dlfun on this machine, against its peers",
}
"""Name -> what a person wants to do with it; the studies first."""

USAGE = """Small neural networks, trained as pure functions and compared with proper statistics.

usage: dlfun COMMAND [--flag=value ...]

{commands}

dlfun COMMAND --help, or dlfun help COMMAND, shows the flags that people use, and --helpfull all of
them; dlfun --version says which dlfun this is."""


def usage() -> str:
    """The commands, a line each, by what a person wants to do."""
    return USAGE.format(commands="\n".join(f"  {n:11}{text}" for n, text in COMMANDS.items()))


def unknown(name: str) -> str:
    """The error for what is no command, with the nearest that is one."""
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"error: unknown command '{name[:40]}'; {hint}dlfun alone lists all commands"


def main() -> None:
    """Starts a command with the arguments that follow its name."""
    if sys.argv[1:2] == ["help"] and len(sys.argv) > 2:
        sys.argv[1:] = [*sys.argv[2:], "--help"]
    name = sys.argv[1] if len(sys.argv) > 1 else "help"
    if name.lstrip("-") in ("help", "h", "?"):
        print(usage())
    elif name == "--version":
        print(f"dlfun {__version__}")
    elif name not in COMMANDS:
        print(unknown(name), file=sys.stderr)
        sys.exit(BAD_INPUT)
    else:
        sys.argv[:2] = [f"{INSTALLED}{name}"]
        importlib.import_module(f"dlfun.cli.commands.{name}").start()
