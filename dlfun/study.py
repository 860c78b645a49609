"""A study's record as an object: its rows, histories, verdicts and page."""

from __future__ import annotations

import functools
import html
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.config.arguments import path
from dlfun.config.model_value import Model
from dlfun.config.parsers import checked
from dlfun.config.studies import STUDIES
from dlfun.config.study_request import StudyRequest
from dlfun.errors import visible
from dlfun.records.cells import TRUTH
from dlfun.records.checksums import check_record
from dlfun.records.notes import read_notes, texts
from dlfun.records.reader import (
    broken,
    read_arrays,
    read_json,
    read_rows,
    script_of,
    swept_of,
)
from dlfun.records.schema import COLUMNS, cell
from dlfun.report.rows import summarise
from dlfun.report.text import verdicts
from dlfun.report.text.gates import gate_lines
from dlfun.report.text.table import cells, heading, meaning, study_table, without_empty
from dlfun.studies.comparison.gates import GATES
from dlfun.trained import Trained, of_record

PAIRS = "comparison.json"


class Page(NamedTuple):
    """A report as a file; a notebook shows it."""

    path: Path

    def _repr_html_(self) -> str:
        text = html.escape(self.path.read_text(encoding="utf-8"), quote=True)
        return f'<iframe srcdoc="{text}" width="100%" height="640" style="border:0"></iframe>'


class Study(Trained):
    """What a study found: a record on disk, read when it is asked for.

    In a notebook it shows itself as a table; `print` adds notes and verdicts. Made by
    `dlfun.train`, `compare`, `sweep` and `read`.

    Attributes:
      folder: where the record is. Where the call named no `output_dir` it is a temporary one,
        which goes with this object; `save` keeps it.
      notes: what else there is to say, a sentence each.
    """

    def __init__(
        self,
        folder: Path,
        notes: Sequence[str] = (),
        request: StudyRequest | None = None,
        models: Sequence[Model] = (),
    ) -> None:
        super().__init__(Path(folder), request, models)
        # What was said once the record was sealed, as of a tracker, stands in no file.
        self.notes = tuple(notes) or tuple(texts(read_notes(self.folder)))
        self._kind = STUDIES[script_of(self.folder)]

    @functools.cached_property
    @of_record
    def _texts(self) -> list[dict[str, str]]:
        return read_rows(self.folder)

    @property
    @of_record
    def rows(self) -> list[dict[str, Any]]:
        """A row a run, as in members.csv: name -> text, number, truth value, or None without."""
        return [{name: value_of(text, name) for name, text in row.items()} for row in self._texts]

    @functools.cached_property
    @of_record
    def history(self) -> dict[str, np.ndarray]:
        """dataset/model/metric -> [members, intervals], and dataset/model/step -> [intervals]."""
        return read_arrays(self.folder, "history.npz")

    @functools.cached_property
    @of_record
    def pairs(self) -> list[dict[str, Any]]:
        """A record of each pair of arms, as in comparison.json: difference, interval, verdict."""
        return self._records(PAIRS)

    @functools.cached_property
    @of_record
    def gates(self) -> list[dict[str, Any]]:
        """A record of each claim that was to be decided, as in gates.json."""
        return self._records(GATES)

    def _records(self, name: str) -> list[dict[str, Any]]:
        """The records of a .json; none where the folder has no such file."""
        found = read_json(self.folder, name) if (self.folder / name).exists() else []
        if not isinstance(found, list):
            raise broken(self.folder, name)
        return found

    @property
    @of_record
    def swept(self) -> list[str]:
        """The names that a sweep varied, which are columns of its rows."""
        return swept_of(self.folder)

    @of_record
    def __repr__(self) -> str:
        """Table, notes and verdicts, as the scripts print them."""
        by = self.swept or ["model"]
        parts = [study_table(self._texts, self._kind.split, by), *self.notes]
        said = [verdicts.verdict_table(self.pairs), *gate_lines(self.gates)]
        return visible("\n".join([*parts, *said]).rstrip("\n"))

    @of_record
    def _repr_html_(self) -> str:
        by = self.swept or ["model"]
        lines = summarise(self._texts, self._kind.split, by)
        tables = [html_table(without_empty([cells(line, heading(lines), by) for line in lines]))]
        if self.pairs:
            tables.append(html_table([verdicts.cells(pair) for pair in self.pairs]))
        said = "".join(f"<br>{html.escape(note)}" for note in (meaning(self._texts), *self.notes))
        return f"{'<br>'.join(tables)}<small>{said.removeprefix('<br>')}</small>"

    @of_record
    def report(self, file: str | Path | None = None) -> Page:
        """The page of the study, written to report.html in its record, or to `file`.

        In a notebook the last expression of a cell shows it.

        Raises:
          UserError: if the file cannot be written.
        """
        from dlfun.report.html import write_page, write_report

        if file is None:
            return Page(write_report(self.folder, [self.folder]))
        return Page(write_page(path("file", file), [self.folder]))

    @of_record
    def figures(
        self, folder: str | Path | None = None, *, format: str = "pdf", width: str = "3.3in"
    ) -> list[Path]:
        """Every figure of the study as a file for a paper: of that width, with letters of 8 points.

        Args:
          folder: where they are written; None is beside the record, its name with `-figures`.
          format: pdf, svg or png.
          width: a length with its unit: in, cm, mm or pt.

        Raises:
          UserError: if the width is no length, or the folder cannot be written to.
        """
        from dlfun.config.figure_options import FORMAT, WIDTH
        from dlfun.report.figures.paper import Paper
        from dlfun.report.figures.publication import write_figures

        paper = Paper(checked(WIDTH, "width", width), checked(FORMAT, "format", format))
        target = None if folder is None else Path(path("folder", folder))
        return write_figures(self.folder, target, paper)

    @of_record
    def save(self, folder: str | Path) -> Path:
        """Copies the record to a new folder, where all scripts can read it.

        Raises:
          UserError: if the folder holds something, or cannot be written to.
        """
        from dlfun.records.folders import check_output_dir, followed
        from dlfun.records.writer import write_record

        folder = followed(path("folder", folder))
        check_output_dir(folder, None)
        check_record(self.folder)

        def fill(building: Path) -> None:
            shutil.copytree(self.folder, building, dirs_exist_ok=True)

        return write_record(folder, fill)

    @of_record
    def track(self, to: str, *, members: bool = False) -> str:
        """Shows the runs of the record in a tracker: one an arm, with its band and its verdicts.

        Args:
          to: mlflow, trackio or tensorboard.
          members: a run for each member, too.

        Returns:
          how many runs were added, and where; those that were there stay as they are.

        Raises:
          UserError: if the tracker is not installed, or fails.
        """
        from dlfun.config.option_table import OPTIONS
        from dlfun.config.tracker_table import check_installed
        from dlfun.tracking.study import send_record

        name = checked(OPTIONS["track"].kind, "to", to)
        check_installed("to", name)
        every = checked(OPTIONS["track_members"].kind, "members", members)
        return str(send_record(self.folder, name, every))


def value_of(text: str, name: str = "") -> Any:
    """A cell of members.csv: a number, a text, None where it is empty; by its column a truth value.

    >>> value_of("12"), value_of("0.5"), value_of("25,25"), value_of("")
    (12, 0.5, '25,25', None)
    >>> value_of("false", "at_chance"), value_of("", "at_chance")
    (False, None)
    """
    # A swept choice of yes or no stands there as Python writes it.
    if (cell(name) == "truth" or name not in COLUMNS) and text.lower() in TRUTH:
        return TRUTH[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text or None


def html_table(rows: Sequence[Mapping[str, str]]) -> str:
    """A table with a column for all that any row has; every text is escaped."""
    names = list(dict.fromkeys(name for row in rows for name in row))

    def line(kind: str, texts: Sequence[str]) -> str:
        return f"<tr>{''.join(f'<{kind}>{html.escape(text)}</{kind}>' for text in texts)}</tr>"

    body = "".join(line("td", [row.get(name, "") for name in names]) for row in rows)
    return f"<table><thead>{line('th', names)}</thead><tbody>{body}</tbody></table>"
