"""A record read into memory: runs, verdicts and what else a study left, if it did."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.data.arrays import UNREADABLE, load_npz
from dlfun.errors import OPT, UserError
from dlfun.records import reader
from dlfun.records.checksums import PAGE, check_record

Row = Mapping[str, str]
Arm = tuple[str, str]
"""Data set and model."""

COLUMNS = ("model", "dataset", "replicate", "status", "parameters", "seconds")
"""Columns of members.csv without which there is no report."""

PAIR = (
    *("a", "b", "dataset", "metric", "n", "unit", "diff", "ci", "theta", "verdict", "words"),
    *("decided_by", "mixture", "p", "p_holm", "p_test", "p_at_floor", "p_disagrees"),
    *("scope", "split_scheme", "alpha", "winner"),
)
"""Keys without which a pair of comparison.json cannot be shown."""


class Record(NamedTuple):
    """What lies in a run directory.

    Attributes:
      rows: of members.csv, a run each.
      pairs: of comparison.json, two arms each.
      study: of study.json, what was asked.
      flags: the lines of config.flags.
      history: dataset/model/metric -> [members, intervals].
    """

    folder: Path
    rows: list[Row]
    pairs: list[dict[str, Any]]
    environment: dict[str, Any]
    frozen: dict[str, Any]
    determinism: dict[str, Any]
    study: dict[str, Any]
    flags: list[str]
    history: dict[str, np.ndarray]
    tuning: list[Row]
    curve: list[Row]
    readout: list[Row]
    variance: list[Row]


def read_record(folder: Path) -> Record:
    """The record in a folder.

    Raises:
      UserError: if there is none, or it is empty, damaged, or of another version of dlfun.
    """
    check_folder(folder)
    check_record(folder, but=(PAGE,))  # which may be about to be made
    environment = read_json(folder / "environment.json", dict)
    rows, pairs = read_rows(folder / "members.csv"), read_json(folder / "comparison.json", list)
    made_by = environment.get("versions", {}).get("dlfun") or "another version"
    check_rows(folder, rows, made_by)
    reader.check_cells(rows, folder / "members.csv")
    check_pairs(folder, pairs, made_by)
    return Record(
        folder,
        rows,
        pairs,
        environment,
        read_json(folder / "frozen.json", dict),
        read_json(folder / "determinism.json", dict),
        reader.read_study(folder) if (folder / reader.STUDY).is_file() else {},
        reader.lines_in(read_text(folder / "config.flags")),
        read_arrays(folder / "history.npz"),
        *(read_rows(folder / f"{n}.csv") for n in ("tuning", "curve", "readout", "variance")),
    )


def check_folder(folder: Path) -> None:
    """Raises UserError unless the folder is there and holds the record of trained runs."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "no such directory"
        raise UserError(f"{folder}: {what}; name the {OPT.output_dir} of a study")
    if not any(folder.iterdir()):
        raise UserError(f"{folder}: holds nothing; name the {OPT.output_dir} of a study that ended")
    if not (folder / "members.csv").is_file():
        if (folder / "benchmark.json").is_file():
            raise UserError(
                f"{folder}: is the record of a benchmark, which compares no runs; name the "
                f"{OPT.output_dir} of compare, sweep or train"
            )
        raise UserError(
            f"{folder}: is no record, as it has no members.csv; name the {OPT.output_dir} of a "
            "study"
        )


def check_rows(folder: Path, rows: Sequence[Row], made_by: str) -> None:
    """Raises UserError unless members.csv holds runs, with the columns of this version."""
    if not rows:
        raise UserError(f"{folder}: members.csv holds no runs; run the study again")
    lacking = [name for name in COLUMNS if name not in rows[0]]
    if lacking:
        raise other_version(folder, f"members.csv has no column {', '.join(lacking)}", made_by)


def check_pairs(folder: Path, pairs: Sequence[Any], made_by: str) -> None:
    """Raises UserError unless every pair of comparison.json says what this version says."""
    for pair in pairs:
        lacking = [name for name in PAIR if not isinstance(pair, dict) or name not in pair]
        if lacking:
            what = f"comparison.json has pairs without {', '.join(lacking)}"
            raise other_version(folder, what, made_by)


def other_version(folder: Path, what: str, made_by: str) -> UserError:
    """The error for a record that this version does not read."""
    from dlfun.version import __version__

    if made_by == __version__:
        return UserError(f"{folder}: {what}; put a copy of the file back, or run the study again")
    return UserError(
        f"{folder}: is a record of another version: {what} (made by dlfun {made_by}, this is "
        f"{__version__}); run the study again, or make the report with that version"
    )


def damaged(path: Path, error: Exception) -> UserError:
    """The error for a file that cannot be read."""
    return UserError(f"{path}: cannot be read ({error}); run the study again, or delete the file")


def reading(path: Path, read: Callable[[], Any], absent: Any) -> Any:
    """What `read` returns; `absent` where there is no such file.

    Raises:
      UserError: if the file is damaged.
    """
    if not path.is_file():
        return absent
    try:
        return read()
    except (*UNREADABLE, csv.Error) as error:
        raise damaged(path, error) from error


def read_text(path: Path) -> str:
    """A text; empty where there is none."""
    return reading(path, lambda: path.read_text(encoding="utf-8"), "")


def read_json(path: Path, kind: type) -> Any:
    """A JSON file of a kind, list or dict; an empty one where there is none."""

    def read() -> Any:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, kind):
            raise ValueError(f"holds no {kind.__name__}")
        return found

    return reading(path, read, kind())


def read_rows(path: Path) -> list[Row]:
    """The rows of a .csv."""

    def read() -> list[Row]:
        with path.open(newline="", encoding="utf-8") as file:
            rows: list[Row] = list(csv.DictReader(file))
        if any(None in row or None in row.values() for row in rows):
            raise ValueError("a line has another number of cells than the first")
        return rows

    return reading(path, read, [])


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz."""
    return reading(path, lambda: load_npz(path), {})


def arms(record: Record) -> dict[Arm, list[Row]]:
    """The rows of each arm, in the order they ran."""
    found: dict[Arm, list[Row]] = {}
    for row in record.rows:
        found.setdefault((row["dataset"], row["model"]), []).append(row)
    return found


def datasets(record: Record) -> list[str]:
    """The data sets, in order."""
    return list(dict.fromkeys(row["dataset"] for row in record.rows))


def arm_file(record: Record, arm: Arm, what: str) -> Path:
    """The file of an arm, such as its `evidence.npz`."""
    return record.folder / reader.arm_file(*arm, what)


def arm_arrays(record: Record, what: str) -> Iterator[tuple[Arm, dict[str, np.ndarray]]]:
    """The arrays of every arm that left such a file: `evidence` or `samples`."""
    for arm in arms(record):
        arrays = read_arrays(arm_file(record, arm, f"{what}.npz"))
        if arrays:
            yield arm, arrays


def column(rows: Sequence[Row], name: str) -> np.ndarray:
    """A column of numbers [rows]; NaN where a row has none."""
    return np.array([float(row.get(name) or "nan") for row in rows])


def healthy(rows: Sequence[Row]) -> list[Row]:
    """The rows of runs that stayed finite."""
    return [row for row in rows if row["status"] == "ok"]
