"""A study's record as an object: its rows, histories, verdicts, page, and what its models say."""

from __future__ import annotations

import functools
import html
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import numpy as np

from dlfun.commands import command
from dlfun.config.arguments import path, text
from dlfun.config.parsers import checked
from dlfun.config.studies import STUDIES
from dlfun.config.study_values import Data, in_python
from dlfun.errors import UserError, visible
from dlfun.records.checksums import check_record
from dlfun.records.reader import (
    broken,
    read_arrays,
    read_json,
    read_record,
    read_rows,
    script_of,
    swept_of,
    unsealed,
)
from dlfun.report.rows import summarise
from dlfun.report.text import verdicts
from dlfun.report.text.table import MEANING, cells, heading, study_table, without_empty

if TYPE_CHECKING:
    from dlfun.inference.predict import Answers
    from dlfun.studies.reproducibility.rerun import Arm

PAIRS = "comparison.json"


P = ParamSpec("P")
T = TypeVar("T")


def of_record(method: Callable[Concatenate[Study, P], T]) -> Callable[Concatenate[Study, P], T]:
    """A method of a study whose errors speak of arguments, and of its record's files."""

    @functools.wraps(method)
    def call(study: Study, /, *args: P.args, **options: P.kwargs) -> T:
        with in_python(), unsealed(study.folder):
            return method(study, *args, **options)

    return call


class Page(NamedTuple):
    """A report as a file; a notebook shows it."""

    path: Path

    def _repr_html_(self) -> str:
        text = html.escape(self.path.read_text(encoding="utf-8"), quote=True)
        return f'<iframe srcdoc="{text}" width="100%" height="640" style="border:0"></iframe>'


class Trained(NamedTuple):
    """What the study of a record trained, where it was made in this process.

    Attributes:
      data: those that it was called with.
      arms: -> what it trained, in the order of its record.
      settled: -> the settings that it computed under, for as long as they are needed.
    """

    data: Sequence[Data]
    arms: Callable[[], list[Arm]]
    settled: Callable[[], AbstractContextManager[None]]


class Study:
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
        trained: Trained | None = None,
    ) -> None:
        self.folder, self.notes = Path(folder), tuple(notes)
        check_record(self.folder)
        self._trained = trained
        self._script = script_of(self.folder)

    @functools.cached_property
    @of_record
    def _texts(self) -> list[dict[str, str]]:
        return read_rows(self.folder)

    @property
    @of_record
    def rows(self) -> list[dict[str, Any]]:
        """A row a run, as in members.csv: name -> text, number, or None where it has none."""
        return [{name: value_of(text) for name, text in row.items()} for row in self._texts]

    @functools.cached_property
    @of_record
    def history(self) -> dict[str, np.ndarray]:
        """dataset/model/metric -> [members, intervals], and dataset/model/step -> [intervals]."""
        return read_arrays(self.folder, "history.npz")

    @functools.cached_property
    @of_record
    def parameters(self) -> dict[str, dict[str, np.ndarray]]:
        """dataset-model -> Flax's name -> [members, ...]; `member` says which rows they are of."""
        names = sorted(path.stem for path in (self.folder / "parameters").glob("*.npz"))
        return {name: read_arrays(self.folder, f"parameters/{name}.npz") for name in names}

    @functools.cached_property
    @of_record
    def pairs(self) -> list[dict[str, Any]]:
        """A record of each pair of arms, as in comparison.json: difference, interval, verdict."""
        found = read_json(self.folder, PAIRS) if (self.folder / PAIRS).exists() else []
        if not isinstance(found, list):
            raise broken(self.folder, PAIRS)
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
        parts = [study_table(self._texts, self._split(), by), *self.notes]
        return visible("\n".join([*parts, verdicts.verdict_table(self.pairs)]).rstrip("\n"))

    def _split(self) -> str:
        return STUDIES[self._script].split

    @of_record
    def _repr_html_(self) -> str:
        lines = summarise(self._texts, self._split(), self.swept or ["model"])
        tables = [html_table(without_empty([cells(line, heading(lines)) for line in lines]))]
        if self.pairs:
            tables.append(html_table([verdicts.cells(pair) for pair in self.pairs]))
        said = "".join(f"<br>{html.escape(note)}" for note in (MEANING, *self.notes))
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
    def save(self, folder: str | Path) -> Path:
        """Copies the record to a new folder, where all scripts can read it.

        Raises:
          UserError: if the folder holds something, or cannot be written to.
        """
        from dlfun.records.folders import check_output_dir, followed
        from dlfun.records.writer import write_record

        folder = followed(path("folder", folder))
        check_output_dir(folder)
        check_record(self.folder)

        def fill(building: Path) -> None:
            shutil.copytree(self.folder, building, dirs_exist_ok=True)

        return write_record(folder, fill)

    @of_record
    def predict(
        self,
        inputs: Any,
        *,
        model: str | None = None,
        dataset: str | None = None,
        member: str | int = "best",
    ) -> Answers:
        """What a trained model says of new inputs.

        Args:
          inputs: [examples, *shape], in the units of the data set; one example may stand alone.
          model, dataset: which, where the study has several.
          member: best (by validation, never by test), mean or ensemble of all members, or the
            number of a row within model and data set.

        Returns:
          `predicted`, class ids [examples] or numbers [examples, outputs] in the unit of the
          targets, and `probabilities` [examples, classes], None where the model gives none.

        Raises:
          UserError: if the inputs do not fit, the choice is unclear, or no parameters are kept.
        """
        if self._trained is None:
            raise UserError(
                f"{self.folder}: was read from its files, which hold no program; predict by "
                f"{command('predict')} {self.folder} --inputs=FILE"
            )
        from dlfun.data.user_files import as_array
        from dlfun.data.user_files.inputs import Given, numbered
        from dlfun.inference.call import MEMBER, network_of, prepared
        from dlfun.inference.predict import answer

        chosen = checked(MEMBER, "member", member)
        model = None if model is None else text("model", model)
        dataset = None if dataset is None else text("dataset", dataset)
        array = as_array(inputs, "inputs", "predict")
        with self._trained.settled():
            record, arms = read_record(self.folder), self._trained.arms()
            found = network_of(record, arms, model, dataset, chosen)
            data = next(d for d in self._trained.data if d.name == found.data.first.name)
            examples = prepared(array, data)
            given = Given(examples, numbered(len(examples)))
            return answer(found, given, ensemble=chosen == "ensemble")


def value_of(text: str) -> Any:
    """A cell of members.csv: a whole number, a number, a text, or None where it is empty.

    >>> value_of("12"), value_of("0.5"), value_of("25,25"), value_of("")
    (12, 0.5, '25,25', None)
    """
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
