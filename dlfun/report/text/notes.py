"""Notes of a record as sentences: those that were written, and what its rows show of copies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlfun.records.notes import Note, read_notes, texts
from dlfun.records.reader import is_judged, labels_of, read_rows, swept_of
from dlfun.report.rows import summarise
from dlfun.report.text.formats import markdown_text, one_line
from dlfun.report.text.table import copies


def note_lines(
    notes: Sequence[Note], rows: Sequence[Mapping[str, Any]], swept: Sequence[str]
) -> list[str]:
    """What the console says once below the table of a study, a sentence each.

    Args:
      notes: of notes.json.
      rows: of members.csv.
      swept: the names of a sweep, whose lines are configurations.
    """
    repeated = [] if swept else copies(summarise(rows, "test", ["model"]))
    return [*texts(notes), *repeated]


def notes_in(folders: Sequence[Path]) -> Iterator[str]:
    """The same of records, each line with the name of its record where they are several."""
    for label, folder in zip(labels_of(folders), folders, strict=True):
        swept = [] if is_judged(folder) else swept_of(folder)
        for line in note_lines(read_notes(folder), read_rows(folder), swept):
            yield f"{label}: {line}" if len(folders) > 1 else line


def noted(notes: Sequence[str], format: str) -> list[str]:
    """Notes below the tables: comments of LaTeX, a list of Markdown; CSV has none."""
    mark = "- " if format == "markdown" else ""
    lines = [mark + commented(note, format) for note in notes]
    return ["\n".join(lines)] if lines and format != "csv" else []


def commented(note: str, format: str) -> str:
    """A note as text, or as a comment of LaTeX."""
    return f"% {one_line(note)}" if format == "latex" else markdown_text(note)
