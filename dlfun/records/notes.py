"""Notes of a record: what there is to say of a study beside its numbers. Needs no JAX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dlfun.records.reader import broken, optional, read_json

NOTES = "notes.json"


class Note(NamedTuple):
    """A sentence, and what it is about.

    Attributes:
      text: as the console says it.
      dataset, arm: empty where it is of no single one.
    """

    text: str
    dataset: str = ""
    arm: str = ""


def texts(notes: Sequence[Note]) -> list[str]:
    """The sentences alone."""
    return [note.text for note in notes]


def as_records(notes: Sequence[Note]) -> list[dict[str, str]]:
    """Notes as notes.json holds them, without what one is not about.

    >>> as_records([Note("xor: the rule cycles", "xor")])
    [{'dataset': 'xor', 'text': 'xor: the rule cycles'}]
    """
    rows = [{"dataset": note.dataset, "arm": note.arm, "text": note.text} for note in notes]
    return [{name: value for name, value in row.items() if value} for row in rows]


def read_notes(folder: Path) -> list[Note]:
    """The notes of a record; none where it has no such file, as those of an older dlfun.

    Raises:
      UserError: if they cannot be read.
    """
    found: list[Any] = optional(folder, NOTES, read_list, [])
    if not all(map(is_note, found)):
        raise broken(folder, NOTES)
    return [Note(**one) for one in found]


def read_list(folder: Path, name: str) -> Any:
    """A .json that holds a list."""
    return read_json(folder, name, list)


def is_note(found: Any) -> bool:
    """Whether a value of JSON is a note: it has a text, and no field that a note has not."""
    if not isinstance(found, dict) or "text" not in found or not found.keys() <= {*Note._fields}:
        return False
    return all(isinstance(value, str) for value in found.values())
