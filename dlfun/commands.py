"""Commands by the names that this process was started under.

A message may name a command on any floor; which flags it has is known to `dlfun.cli` alone.
"""

from __future__ import annotations

import sys

from dlfun.errors import by_flags

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


def called(study: str) -> str:
    """How the user at hand starts a kind of study: as a command, or as a call.

    >>> called("train")
    'dlfun train'
    """
    return command(study) if by_flags() else f"dlfun.{study}"


def in_form(text: str) -> str:
    """A text in which all commands are called as this one was."""
    return text.replace(SCRIPTS, form())
