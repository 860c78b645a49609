"""The reader of a record's files, with one wording of errors. Needs no JAX."""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from dlfun.config.studies import STUDIES
from dlfun.config.study_request import swept_name
from dlfun.data.arrays import UNREADABLE, load_npz
from dlfun.errors import UserError, first_line
from dlfun.records.cells import check_cells, check_lines
from dlfun.records.checksums import COPY
from dlfun.records.checksums import NAME as CHECKSUMS
from dlfun.records.folders import FLAGS

T = TypeVar("T")

HINT = "name the directory of a record that train, compare or sweep wrote"

STUDY = "study.json"
FROZEN, CONFIRMED = "frozen.json", "confirmed.json"
"""What was tuned and frozen; in the record of a confirmation a copy, as that may be gone since."""

PARTS = {"study": str, "datasets": list, "models": dict, "options": dict, "by_value": str}
"""What study.json holds."""


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
    except (OSError, ValueError, RecursionError):
        found = None
    if is_study(found):
        return dict(found)
    remedy = HINT
    if (folder / FLAGS).is_file():  # of an older dlfun, or damaged
        remedy = f"run the study again, by its {FLAGS}, or {HINT}"
    raise UserError(f"{folder}: holds no {STUDY} that can be read; {remedy}")


def is_study(found: Any) -> bool:
    """Whether this says what was asked for, by its form; values are checked when they are read."""
    if not isinstance(found, dict) or not PARTS.keys() <= found.keys():
        return False
    if not all(isinstance(found[name], kind) for name, kind in PARTS.items()):
        return False
    models, datasets, options = found["models"], found["datasets"], found["options"]
    searched = [options.get(name, []) for name in ("grid", "space")]
    if found["study"] not in STUDIES or not models or not are_texts(datasets) or not datasets:
        return False
    names = STUDIES[found["study"]].names
    return (
        all(model is None or isinstance(model, dict) for model in models.values())
        and all(isinstance(texts, list) and are_texts(texts) for texts in searched)
        and ("models" in names or len(models) == 1)
        and ("datasets" in names or len(datasets) == 1)
    )


def are_texts(found: Iterable[Any]) -> bool:
    """Whether all of these are texts."""
    return all(isinstance(one, str) for one in found)


def script_of(folder: Path) -> str:
    """Which of `STUDIES` wrote a record.

    Raises:
      UserError: if none did.
    """
    return str(read_study(folder)["study"])


def is_judged(folder: Path) -> bool:
    """Whether a record is of judged results, of which the table is known and no study."""
    if (folder / STUDY).exists() or not (folder / "environment.json").is_file():
        return False
    return "source" in read_json(folder, "environment.json", dict)


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
    rows = read_table(folder, "members.csv")
    if not rows or not {"model", "dataset", "status"} <= set(rows[0]):
        raise broken(folder, "members.csv")
    check_cells(rows, folder / "members.csv")
    return rows


def read_table(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a .csv of the record, as texts.

    Raises:
      UserError: if they cannot be read, or a line has another number of cells than the first.
    """
    try:
        with (folder / name).open(newline="", encoding="utf-8") as file:
            rows: list[dict[str, str]] = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise broken(folder, name) from None
    check_lines(rows, folder / name)
    return rows


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


def read_json(folder: Path, name: str, kind: type = object) -> Any:
    """What a .json of the record holds: list, dict, or whatever it is.

    Raises:
      UserError: if it cannot be read, or is of another kind.
    """
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        raise broken(folder, name) from None
    if not isinstance(found, kind):
        raise broken(folder, name)
    return found


def read_lines(folder: Path, name: str) -> list[str]:
    """The lines of a text of the record.

    Raises:
      UserError: if it cannot be read.
    """
    try:
        return lines_in((folder / name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise broken(folder, name) from None


def optional(folder: Path, name: str, read: Callable[..., T], absent: Any) -> T:
    """What `read` makes of a file of the record; `absent` where there is none.

    Raises:
      UserError: if the file is damaged.
    """
    try:
        there = (folder / name).is_file()
    except OSError:  # a name that is too long for a file
        there = False
    found: T = read(folder, name) if there else absent
    return found


def broken(folder: Path, name: str) -> UserError:
    """The error of a file of a record that is missing or not what it should be."""
    return UserError(
        f"{folder / name}: missing or damaged; put a copy back, or name a record with all its files"
    )
