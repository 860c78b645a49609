"""A record of trained members, read back: rows, histories and parameters, arm by arm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.config.studies import STUDIES
from dlfun.errors import UserError
from dlfun.records.checksums import check_record
from dlfun.records.outcome import Outcome
from dlfun.records.reader import (
    HINT,
    arm_files,
    broken,
    read_arrays,
    read_json,
    read_rows,
    script_of,
)


class Recorded(NamedTuple):
    """What a record holds, but for its parameters.

    Attributes:
      script: the one of `STUDIES` that wrote it.
      rows: of members.csv, as texts.
      history: of history.npz: dataset/model/metric -> [member, interval].
      environment: of environment.json.
    """

    folder: Path
    script: str
    rows: list[dict[str, str]]
    history: dict[str, np.ndarray]
    environment: dict[str, Any]


def read_record(folder: Path) -> Recorded:
    """A record of trained members, but for their parameters.

    Raises:
      UserError: if there is none, or one of its files cannot be read or is not as it was written.
    """
    check_record(folder)
    script = script_of(folder)
    if not STUDIES[script].arms:
        raise UserError(
            f"{folder}: compares searches, and holds no members to train or use; {HINT}"
        )
    history = read_arrays(folder, "history.npz")
    return Recorded(
        folder, script, read_rows(folder), history, read_json(folder, "environment.json")
    )


def left_behind(
    record: Recorded, named: Sequence[tuple[str, str]], counts: Sequence[int]
) -> list[Outcome]:
    """What the record holds of each arm; classical models are none.

    Args:
      named: data set and model of each arm, in the order of the record.
      counts: how many members each has.

    Raises:
      UserError: if it holds other arms than these.
    """
    owners = [name for name, count in zip(named, counts, strict=True) for _ in range(count)]
    models = {model for _, model in named}
    networks = [row for row in record.rows if row["model"] in models]
    if owners != [(row["dataset"], row["model"]) for row in networks]:
        raise UserError(
            f"{record.folder}: members.csv has other members than study.json makes; "
            "name a record whose files are as its study left them"
        )
    found, begin = [], 0
    before: dict[tuple[str, str], int] = defaultdict(int)
    for name, count, file in zip(named, counts, arm_files(named), strict=True):
        prefix, first = "/".join(name) + "/", before[name]
        history = {
            key.removeprefix(prefix): values[first : first + count]
            for key, values in record.history.items()
            if key.startswith(prefix) and not key.endswith("/step")
        }
        if any(len(values) != count for values in history.values()):
            raise broken(record.folder, "history.npz")
        rows = networks[begin : begin + count]
        found.append(Outcome(history, columns(rows), *parameters_of(record.folder, file)))
        before[name] += count
        begin += count
    return found


def columns(rows: Sequence[Mapping[str, str]]) -> dict[str, np.ndarray]:
    """The columns of numbers in rows of members.csv: [rows], NaN where a cell is empty."""
    found = {}
    for name in rows[0]:
        try:
            found[name] = np.array([float(row[name] or "nan") for row in rows])
        except ValueError:
            continue
    return found


def parameters_of(folder: Path, file: str) -> tuple[dict[str, np.ndarray], list[int]]:
    """An arm's parameters in a record, and which members they are of; nothing if none were kept."""
    name = f"parameters/{file}.npz"
    if not (folder / name).exists():
        return {}, []
    arrays = read_arrays(folder, name)
    members = arrays.pop("member", np.empty(0))
    kept = len(members) if members.ndim == 1 and members.dtype.kind in "iu" else 0
    plain = all(array.ndim and array.dtype.kind in "iuf" for array in arrays.values())
    if not kept or not plain or any(len(array) != kept for array in arrays.values()):
        raise broken(folder, name)
    return arrays, members.tolist()
