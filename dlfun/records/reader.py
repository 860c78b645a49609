"""Reads a record back. Needs no JAX."""

from __future__ import annotations

import contextlib
import csv
import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.config.studies import STUDIES
from dlfun.config.study_request import swept_name
from dlfun.data.arrays import UNREADABLE, load_npz
from dlfun.errors import UserError, first_line, short
from dlfun.models import MODELS
from dlfun.records.checksums import COPY, check_record
from dlfun.records.checksums import NAME as CHECKSUMS
from dlfun.records.outcome import Outcome
from dlfun.records.schema import cell

HINT = "name the directory of a record that train, compare or sweep wrote"
UNCOMPARED = ("command", "datasets", "versions", "jax_config", "ranked_by")
"""Of environment.json: what may differ, or is compared part by part."""

STUDY = "study.json"
PARTS = {"study": str, "datasets": list, "models": dict, "options": dict, "by_value": str}
"""What study.json holds."""


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


def arm_file(dataset: str, model: str, what: str) -> str:
    """The name of a file of an arm's own in a record.

    >>> arm_file("emnist/letters", "cnn", "evidence.npz")
    'emnist-letters-cnn-evidence.npz'
    """
    return f"{dataset}-{model}-{what}".replace("/", "-")


def arm_files(arms: Sequence[tuple[str, str]]) -> list[str]:
    """The names, without their ends, of the files of arms (data set, model) in a record.

    >>> arm_files([("d", "cnn"), ("d", "rnn"), ("d", "rnn")])
    ['d-cnn', 'd-rnn-0', 'd-rnn-1']
    """
    names = [f"{dataset}-{model}".replace("/", "-") for dataset, model in arms]
    return [
        name if names.count(name) == 1 else f"{name}-{names[:i].count(name)}"
        for i, name in enumerate(names)
    ]


def lines_in(text: str) -> list[str]:
    r"""The lines of config.flags; a path in them may hold other characters that end lines.

    >>> lines_in("--seeds=2\n--dataset=a\x0cb\n")
    ['--seeds=2', '--dataset=a\x0cb']
    """
    return text.removesuffix("\n").split("\n") if text else []


def read_study(folder: Path) -> dict[str, Any]:
    """What was asked for, as study.json holds it: study, datasets, models, options, by_value.

    Raises:
      UserError: if there is no such record.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such directory; {HINT}")
    try:
        found = json.loads((folder / STUDY).read_text(encoding="utf-8"))
        if not all(isinstance(found[name], kind) for name, kind in PARTS.items()):
            raise TypeError
        if found["study"] not in STUDIES:
            raise KeyError
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        raise UserError(f"{folder}: holds no {STUDY} that can be read; {HINT}") from None
    return dict(found)


def script_of(folder: Path) -> str:
    """Which of `STUDIES` wrote a record.

    Raises:
      UserError: if none did.
    """
    return str(read_study(folder)["study"])


def labels_of(folders: Sequence[Path]) -> list[str]:
    """What records are called side by side: their names, or their paths where these repeat."""
    names = [folder.resolve().name for folder in folders]
    return [
        name if names.count(name) == 1 else str(folder)
        for name, folder in zip(names, folders, strict=True)
    ]


def swept_of(folder: Path) -> list[str]:
    """The names that a sweep's record searched, which are columns of its members.csv; else none."""
    return swept_by(read_study(folder))


def swept_by(study: Mapping[str, Any]) -> list[str]:
    """The same by the study.json of a record."""
    if not study or not STUDIES[study["study"]].searches:
        return []  # a comparison has spaces too, which its tuning searched
    texts = [text for name in ("grid", "space") for text in study["options"].get(name, ())]
    return list(dict.fromkeys(swept_name(text) for text in texts))


def read_rows(folder: Path) -> list[dict[str, str]]:
    """The rows of members.csv, as texts.

    Raises:
      UserError: if they cannot be read.
    """
    try:
        with (folder / "members.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        rows = []
    if not rows or not {"model", "dataset", "status"} <= set(rows[0]):
        raise broken(folder, "members.csv")
    check_cells(rows, folder / "members.csv")
    return rows


def check_cells(rows: Sequence[Mapping[str, str]], path: Path) -> None:
    """Raises UserError, naming the cell, unless lines are whole and numbers are numbers."""
    for i, row in enumerate(rows):
        if None in row or None in row.values():
            raise UserError(f"{path}: row {i} has not as many cells as columns; {COPY}")
        for name, text in row.items():
            if text and not FORMS[cell(name)](text):
                raise UserError(f"{path}: row {i} has {name}={short(text)}, no such number; {COPY}")


def is_whole(text: str) -> bool:
    """Whether a cell is a count."""
    return re.fullmatch("[0-9]{1,18}", text) is not None


def is_number(text: str) -> bool:
    """Whether a cell is a number."""
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False


FORMS: dict[str, Callable[[str], bool]] = {
    "text": lambda text: True,
    "whole": is_whole,
    "number": is_number,
}
"""What a cell is -> whether a text, which is not empty, is one."""


@contextlib.contextmanager
def unsealed(*folders: Path) -> Iterator[None]:
    """What fails while it lasts is the fault of records whose files no checksums vouch for.

    Raises:
      UserError: saying so. What fails over sealed records is a fault of dlfun, and is raised.
    """
    try:
        yield
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as e:
        folder = next((one for one in folders if not (one / CHECKSUMS).is_file()), None)
        if folder is None:
            raise
        raise UserError(
            f"{folder}: one of its files is not as its study left it ({type(e).__name__}: "
            f"{first_line(e)}); {COPY}"
        ) from e


def read_arrays(folder: Path, name: str) -> dict[str, np.ndarray]:
    """All arrays of an .npz of the record.

    Raises:
      UserError: if they cannot be read.
    """
    try:
        return load_npz(folder / name)
    except UNREADABLE:
        raise broken(folder, name) from None


def read_json(folder: Path, name: str) -> Any:
    """What a .json of the record holds.

    Raises:
      UserError: if it cannot be read.
    """
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise broken(folder, name) from None


def broken(folder: Path, name: str) -> UserError:
    """The error of a file of a record that is missing or not what it should be."""
    return UserError(f"{folder / name}: missing or damaged; name a record with all its files")


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
    networks = [row for row in record.rows if row["model"] in MODELS]
    if owners != [(row["dataset"], row["model"]) for row in networks]:
        raise UserError(
            f"{record.folder}: members.csv has other members than config.flags makes; "
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


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """In words, what of two environments is not the same: machine, versions, data."""

    def flat(known: Mapping[str, Any]) -> dict[str, Any]:
        parts = {n: v for n, v in known.items() if n not in UNCOMPARED}
        parts |= dict(known.get("versions", {})) | dict(known.get("jax_config", {}))
        for name, data in dict(known.get("datasets", {})).items():
            parts |= {f"{name} {what}": data.get(what) for what in ("version", "checksum")}
        return parts

    old, new = flat(then), flat(now)
    return [
        f"{name}: {shown(old.get(name))} then, {shown(new.get(name))} now"
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]


def shown(value: Any) -> str:
    """A part of an environment in a sentence."""
    if isinstance(value, list):
        return ", ".join(f"{value.count(one)} x {one}" for one in dict.fromkeys(value))
    text = "unknown" if value is None else str(value)
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{28,}", r"\1", text)  # of checksums and commits, enough
