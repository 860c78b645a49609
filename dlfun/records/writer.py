"""The record: what a study leaves behind, readable without dlfun, written all or nothing."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.commands import command
from dlfun.config.options import StudyOptions
from dlfun.config.study_request import StudyRequest
from dlfun.errors import OPT, UserError
from dlfun.objectives import metrics
from dlfun.phases import phase
from dlfun.records import replacement
from dlfun.records.checksums import write_checksums
from dlfun.records.flagfile import flag_lines
from dlfun.records.folders import FLAGS
from dlfun.records.notes import NOTES, Note, as_records
from dlfun.records.outcome import Result, Row
from dlfun.records.outputs import opened
from dlfun.records.reader import STUDY, arm_files
from dlfun.records.schema import ALWAYS
from dlfun.records.study_file import as_json
from dlfun.training.checkpoints.store import Checkpoints
from dlfun.training.hosts import is_first


class Study(NamedTuple):
    """What a study found.

    Attributes:
      rows: as in members.csv, a row a run.
      notes: what else there is to say.
      folder: where the record is.
      pairs: as in comparison.json, a record for each pair of arms.
      variance: as in variance.csv, where sources of variance were parted.
      gates: as in gates.json, a record for each claim that was to be decided.
    """

    rows: list[Row]
    notes: list[str]
    folder: Path
    pairs: list[dict[str, Any]] = []
    variance: list[dict[str, Any]] = []
    gates: list[dict[str, Any]] = []


def draw_nothing(folder: Path) -> None:
    """No pictures."""


def write_record(
    output_dir: str | Path,
    fill: Callable[[Path], None],
    overwrite: bool = False,
    checkpoints: Checkpoints | None = None,
) -> Path:
    """Calls `fill` on a new folder and gives it its name only when all of it is there.

    Of several processes the first does so, alone.

    Args:
      overwrite: a record that is there gives its place.
      checkpoints: of the study, which are not needed any more then.

    Raises:
      UserError: if the folder cannot be written, or was taken meanwhile.
    """
    output = Path(output_dir)
    if not is_first():
        return output
    building = None
    try:
        building = replacement.begin(output)
        with phase("writing the record"):
            fill(building)
            write_checksums(building)
        replacement.place(building, output, overwrite)
    except OSError as error:
        end = "name another folder"
        if checkpoints is not None:
            end = "mend that, and the same command goes on"
        raise UserError(f"{OPT.output_dir}={output}: {error.strerror}; {end}") from error
    finally:
        if building is not None:
            replacement.clear(building, output)
    if checkpoints is not None:
        checkpoints.remove()
    return output


def write_study(options: StudyOptions, usual: str, fill: Callable[[Path], None]) -> Path:
    """`write_record` as the options of a study want it; `usual` is where they name no folder."""
    return write_record(options.output_dir or usual, fill, options.overwrite, options.checkpoints)


def write_members(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """members.csv: a row a run, a column for all that any run has; empty where it has none."""
    write_table(folder / "members.csv", rows, ALWAYS)


def write_table(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    """A .csv with `columns`, and then a column for all that any row has."""
    names = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    with opened(path) as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows({n: _cell(v) for n, v in row.items()} for row in rows)


def write_json(path: Path, value: Any) -> None:
    """A .json of a record that is being written."""
    path.write_text(as_text(value))


def write_notes(folder: Path, notes: Sequence[Note]) -> None:
    """notes.json, where there is anything to say."""
    if notes:
        write_json(folder / NOTES, as_records(notes))


def as_text(value: Any) -> str:
    """JSON that any parser reads: no NaN in it."""
    return json.dumps(value, indent=1, allow_nan=False) + "\n"


def _cell(value: Any) -> Any:
    """Numbers so that they read back equal; shapes as flags take them; NaN as an empty cell."""
    if isinstance(value, float):
        return "" if np.isnan(value) else repr(float(value))  # numpy adds its name to its own
    return ",".join(map(str, value)) if isinstance(value, tuple) else value


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """An .npz that any numpy reads, without pickles."""
    np.savez(path, allow_pickle=False, **arrays)


def write_history(folder: Path, results: Iterable[Result]) -> None:
    """history.npz: dataset/model/metric [member, interval], and dataset/model/step [interval].

    Arms that share a name are stacked in the order they ran, as in members.csv.
    """
    arrays: dict[str, list[np.ndarray]] = {}
    steps: dict[str, np.ndarray] = {}
    for result in results:
        arm = f"{result.dataset}/{result.model}"
        steps[f"{arm}/step"] = result.steps
        for name, values in result.history.items():
            arrays.setdefault(f"{arm}/{name}", []).append(values)
    save_arrays(folder / "history.npz", steps | {n: np.concatenate(v) for n, v in arrays.items()})


def best_member(result: Result) -> int:
    """The member that validates best (without validation: that is best in training)."""
    name = metrics.ranking(result.history)
    scores = np.nan_to_num(metrics.sign(name) * result.history[name][:, -1], nan=-np.inf)
    return int(np.argmax(scores))


def write_parameters(folder: Path, results: Sequence[Result], keep: str) -> None:
    """parameters/*.npz, a file an arm: Flax's names, each array [member, ...].

    `member` holds the rows of members.csv, counted within the arm, that were kept.
    """
    if keep == "none":
        return
    target = folder / "parameters"
    target.mkdir()
    names = arm_files([(r.dataset, r.model) for r in results])
    for name, result in zip(names, results, strict=True):
        kept = [best_member(result)] if keep == "best" else list(range(len(result.rows)))
        arrays = {n: a[kept] for n, a in result.parameters.items()}
        save_arrays(target / f"{name}.npz", {"member": np.array(kept), **arrays})


def write_request(folder: Path, request: StudyRequest, results: Iterable[Result] = ()) -> None:
    """study.json, and config.flags, which replays the study: with the layouts it ran on."""
    layouts = {result.settings.model: result.layout for result in results}
    request = request.with_values(layout=layouts) if layouts else request
    write_json(folder / STUDY, as_json(request))
    first = f"# {command(request.study)} --flagfile={FLAGS}"
    text = "\n".join([first, *flag_lines(request)]) + "\n"
    (folder / FLAGS).write_text(text, encoding="utf-8")
