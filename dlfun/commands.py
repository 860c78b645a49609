"""The commands of dlfun by name, and how one is called in the form in which this one was started.

A message may name a command on any floor; which flags it has is known to `dlfun.cli` alone.
"""

from __future__ import annotations

import sys

COMMANDS: dict[str, str] = {
    "compare": "find out which of several models is better, with a verdict on each pair",
    "train": "train one model over some seeds",
    "sweep": "search numbers and shapes of one model by its validation score",
    "searches": "find out which way of searching finds the better model",
    "report": "make the page and the tables of records, one or several side by side",
    "predict": "ask a trained model about new files",
    "sample": "let a trained generative model make examples or write text",
    "export": "take a trained model to where dlfun is not",
    "verify": "see whether a record repeats, and how far other layouts drift from it",
    "reproduce": "run the recipes of published figures, and see which come out",
    "data": "list, prepare and describe data sets",
    "benchmark": "time dlfun on this machine, against its peers",
}
"""Name -> what a person wants to do with it."""

SCRIPTS = "python -m experiments."
"""How a command is called in a clone."""
INSTALLED = "dlfun "


def form() -> str:
    """What stands before the name of a command, as this process was started."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return SCRIPTS if spec is not None and spec.name.startswith("experiments.") else INSTALLED


def command(name: str) -> str:
    """How a command is called here.

    >>> command("report")
    'dlfun report'
    """
    return f"{form()}{name}"


def in_form(text: str) -> str:
    """A text in which all commands are called as this one was."""
    return text.replace(SCRIPTS, form())


def command_of(line: str) -> str:
    """The name of the command that a line calls, or an empty text.

    >>> command_of("# python -m experiments.sweep --flagfile=config.flags")
    'sweep'
    >>> command_of("# dlfun sweep --flagfile=config.flags")
    'sweep'
    """
    words = line.removeprefix("# ")
    for start in (SCRIPTS, INSTALLED):
        if words.startswith(start):
            return words.removeprefix(start).partition(" ")[0]
    return ""
