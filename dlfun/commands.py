"""Commands by the names that this process was started under.

A message may name a command on any floor; which flags it has is known to `dlfun.cli` alone.
"""

from __future__ import annotations

import re
import sys

from dlfun.errors import by_flags

SCRIPTS = "python -m experiments."
"""How a command is called in a clone."""
INSTALLED, PYTHON = "dlfun ", "python "

CASELESS = re.IGNORECASE | re.DOTALL


def form() -> str:
    """What stands before the name of a command, as this process was started."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return SCRIPTS if spec is not None and spec.name.startswith("experiments.") else INSTALLED


def program() -> str:
    """How this process was started, without its arguments."""
    if sys.argv[0].startswith(INSTALLED):
        return sys.argv[0]
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return f"{PYTHON}-m {spec.name}" if spec else f"{PYTHON}{sys.argv[0]}"


def typed() -> list[str]:
    """The command of this process, an argument each, as it was typed but for secrets."""
    return [program(), *map(without_secret, sys.argv[1:])]


def without_secret(argument: str) -> str:
    """An argument that may be shown: no password of a URL, and no value of a flag named so.

    >>> without_secret("--seeds=3"), without_secret("--api_token=abc")
    ('--seeds=3', '--api_token=***')
    >>> without_secret("--url=https://me:pw@example.org")
    '--url=https://***@example.org'
    """
    named = re.fullmatch(r"(-[^=]*(?:token|password|secret|api_?key)[^=]*)=.*", argument, CASELESS)
    return f"{named[1]}=***" if named else re.sub(r"(?<=://)[^/@\s]+@", "***@", argument)


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
