"""The table of faults in BUILD.md, which the tests write: a row a fault that was really made.

A test that uses the fixture `fault` says what it saw; its row must stand in the table. `make
faults` writes the table anew from what they all saw.
"""

import os
import re
from pathlib import Path

from dlfun.errors import UserError

BUILD = Path(__file__).resolve().parents[1] / "BUILD.md"
HEAD = "| fault | what the user sees | what is kept |\n|---|---|---|\n"
TABLE = re.compile(re.escape(HEAD) + r"((?:\|.*\n)+)")
WRITING = bool(os.environ.get("FAULTS"))
OTHERWISE = (
    (r"process \d+ on [^ ;]+", "process 123 on HOST"),
    (r"\b([0-9a-f]{8})[0-9a-f]{8}\b", r"\1..."),
    (r"\|", "/"),
)
"""What is not the same everywhere, and what stands for it."""

rows: dict[str, None] = {}


def row(name: str, said: str | UserError, kept: str, code: int | None, folder: Path) -> str:
    """A line of the table; a UserError is shown as a script shows it."""
    if isinstance(said, UserError):
        said, code = f"error: {said}", 2
    text = " ".join(said.split()).replace(f"{folder}/", "")
    for pattern, instead in OTHERWISE:
        text = re.sub(pattern, instead, text)
    shown = [f"`{text}`"] * bool(text) + [f"exit code {code}"] * (code is not None)
    return f"| {name} | {'; '.join(shown) or 'nothing'} | {kept} |"


def table() -> list[str]:
    """The rows that stand in BUILD.md."""
    found = TABLE.search(BUILD.read_text())
    return found[1].splitlines() if found else []


def see(line: str) -> None:
    """Notes a row, which must stand in BUILD.md unless the table is being written."""
    rows[line] = None
    assert WRITING or line in table(), f"`make faults` writes the table of BUILD.md anew: {line}"


def write() -> None:
    """The table of BUILD.md, from what was seen."""
    lines = "".join(f"{line}\n" for line in rows)
    BUILD.write_text(TABLE.sub(lambda _: HEAD + lines, BUILD.read_text()))
