"""The arrays of a prepared data set, kept beside its records and sealed by checksums.

Decoding 70,000 records one by one takes many seconds, reading an array a fraction of one. So the
arrays are written once, into the folder `memory` of the prepared data set, and with them a seal:
the sha256 of every file of the folder. Every reading verifies it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlfun.data.raw import SPLITS, arrays_checksum
from dlfun.errors import OPT, UserError

MEMORY = "memory"
SEAL = "seal.json"


def file_checksum(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_records(builder: Any) -> dict[str, np.ndarray]:
    """All examples of a prepared data set, by decoding its records: `train_inputs` and so on.

    A builder may have a method `encode`, which makes the arrays of a split from its examples:
    inputs, targets, and where there are such, lengths and groups. Else inputs and targets are
    its supervised keys, as stored. Class ids become int32.

    Raises:
      UserError: if the records are damaged, or of a format that needs TensorFlow.
    """
    encode = getattr(builder, "encode", None) or functools.partial(as_stored, builder)
    arrays: dict[str, np.ndarray] = {}
    for split in (name for name in SPLITS if name in builder.info.splits):
        try:
            source = builder.as_data_source(split=split)
            # All at once: asking for one record after the other takes twice as long.
            examples = source.__getitems__(range(len(source)))
        except NotImplementedError:
            raise UserError(
                f"{builder.data_dir} is not prepared as array_record; delete it, or name "
                f"another {OPT.data_dir}"
            ) from None
        found = encode(examples)
        found["targets"] = compact(found["targets"])
        arrays |= {f"{split}_{part}": array for part, array in found.items()}
    return arrays


def as_stored(builder: Any, examples: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Inputs and targets by the supervised keys of a builder."""
    inputs, targets = builder.info.supervised_keys
    return {
        "inputs": np.stack([example[inputs] for example in examples]),
        "targets": np.stack([example[targets] for example in examples]),
    }


def compact(targets: np.ndarray) -> np.ndarray:
    """Class ids as int32; numbers to predict as they are."""
    return targets.astype(np.int32) if targets.dtype.kind in "iu" else targets


def files_of(folder: Path) -> Iterable[Path]:
    """All files of a prepared data set but its seal."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != SEAL)


def remember(arrays: Mapping[str, np.ndarray], folder: Path, encoding: str = "") -> None:
    """Writes the arrays of a prepared data set beside its records, and the seal last.

    `encoding` says how the arrays were made from the records.
    """
    memory = folder / MEMORY
    shutil.rmtree(memory, ignore_errors=True)
    memory.mkdir()
    for name, array in arrays.items():
        np.save(memory / f"{name}.npy", array, allow_pickle=False)
    sums = {path.relative_to(folder).as_posix(): file_checksum(path) for path in files_of(folder)}
    seal = {"arrays": arrays_checksum(arrays), "encoding": encoding, "files": sums}
    unfinished = memory / "seal.tmp"
    unfinished.write_text(json.dumps(seal, indent=1))
    unfinished.replace(memory / SEAL)


def damaged(path: Path, folder: Path) -> UserError:
    """The error for a file that is not as it was when the data set was prepared."""
    return UserError(f"{path} is damaged or missing; delete {folder} to prepare it anew")


def verify(folder: Path, encoding: str = "") -> str | None:
    """The checksum of the arrays in a prepared data set, or None where they must be made.

    That is where there is no seal, or the arrays were made from the records in another way.

    Raises:
      UserError: if a file is not as it was when the data set was prepared.
    """
    path = folder / MEMORY / SEAL
    if not path.is_file():
        return None
    try:
        seal = json.loads(path.read_text())
        files, checksum = dict(seal["files"]), str(seal["arrays"])
        made = seal.get("encoding", "")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise damaged(path, folder) from None
    for name, expected in files.items():
        file = folder / name
        if not file.is_file() or file_checksum(file) != expected:
            raise damaged(file, folder)
    return checksum if made == encoding else None


def load(folder: Path) -> dict[str, np.ndarray]:
    """The arrays that `remember` wrote, mapped: what is not asked for is not read."""
    paths = sorted((folder / MEMORY).glob("*.npy"))
    return {
        path.stem: np.asarray(np.load(path, mmap_mode="r", allow_pickle=False)) for path in paths
    }
