"""A record read into memory: runs, verdicts and what else a study left, if it did."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlfun.errors import OPT, UserError
from dlfun.records import reader
from dlfun.records.cells import check_cells
from dlfun.records.checksums import PAGE, check_record
from dlfun.records.notes import Note, read_notes

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


TABLES = ("tuning", "curve", "readout", "variance")
"""Further tables of a record, as a `Record` has them."""


@dataclasses.dataclass(frozen=True, eq=False)
class Record:
    """What lies in a run directory; one is told from another by identity.

    Attributes:
      rows: of members.csv, a run each.
      pairs: of comparison.json, two arms each.
      gates: of gates.json, a claim each.
      notes: of notes.json, a sentence each.
      study: of study.json, what was asked.
      flags: the lines of config.flags.
      history: dataset/model/metric -> [members, intervals].
    """

    folder: Path
    rows: Sequence[Row]
    pairs: list[dict[str, Any]]
    environment: dict[str, Any]
    frozen: dict[str, Any]
    determinism: dict[str, Any]
    study: dict[str, Any]
    flags: list[str]
    history: dict[str, np.ndarray]
    gates: Sequence[Mapping[str, Any]]
    notes: Sequence[Note]
    tuning: Sequence[Row]
    curve: Sequence[Row]
    readout: Sequence[Row]
    variance: Sequence[Row]


def read_record(folder: Path) -> Record:
    """The record in a folder.

    Raises:
      UserError: if there is none, or it is empty, damaged, or of another version of dlfun.
    """
    check_folder(folder)
    check_record(folder, but=(PAGE,))  # which may be about to be made
    environment = known(folder, "environment.json")
    rows = reader.read_table(folder, "members.csv")
    read_pairs = functools.partial(reader.read_json, kind=list)
    pairs = reader.optional(folder, "comparison.json", read_pairs, [])
    made_by = environment.get("versions", {}).get("dlfun") or "another version"
    check_rows(folder, rows, made_by)
    check_cells(rows, folder / "members.csv")
    check_pairs(folder, pairs, made_by)
    return Record(
        folder,
        rows,
        pairs,
        environment,
        known(folder, "frozen.json"),
        known(folder, "determinism.json"),
        reader.read_study(folder) if (folder / reader.STUDY).is_file() else {},
        reader.optional(folder, "config.flags", reader.read_lines, []),
        reader.optional(folder, "history.npz", reader.read_arrays, {}),
        reader.optional(folder, "gates.json", read_pairs, []),
        read_notes(folder),
        *(reader.optional(folder, f"{name}.csv", reader.read_table, []) for name in TABLES),
    )


def known(folder: Path, name: str) -> dict[str, Any]:
    """What a .json says, name by name; nothing where there is none."""
    read = functools.partial(reader.read_json, kind=dict)
    return reader.optional(folder, name, read, {})


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


def arms(record: Record) -> dict[Arm, list[Row]]:
    """The rows of each arm, in the order they ran."""
    found: dict[Arm, list[Row]] = {}
    for row in record.rows:
        found.setdefault((row["dataset"], row["model"]), []).append(row)
    return found


def datasets(record: Record) -> list[str]:
    """The data sets, in order."""
    return list(dict.fromkeys(row["dataset"] for row in record.rows))


def arm_arrays(record: Record, what: str) -> Iterator[tuple[Arm, dict[str, np.ndarray]]]:
    """The arrays of every arm that left such a file: `evidence` or `samples`."""
    for arm in arms(record):
        name = reader.arm_file(*arm, f"{what}.npz")
        arrays = reader.optional(record.folder, name, reader.read_arrays, {})
        if arrays:
            yield arm, arrays


def column(rows: Sequence[Row], name: str) -> np.ndarray:
    """A column of numbers [rows]; NaN where a row has none."""
    return np.array([float(row.get(name) or "nan") for row in rows])


def healthy(rows: Sequence[Row]) -> list[Row]:
    """The rows of runs that stayed finite."""
    return [row for row in rows if row["status"] == "ok"]
