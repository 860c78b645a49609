"""The training state of a record's members, which goes on from where it ended.

    state/ARM.npz    format, and the leaves of the carry [member, ...] that parameters/ lacks

A leaf is called by its path in the carry, such as `.state.opt_state[1][0].mu['head']['bias']`.
Random keys are their numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from dlfun.errors import UserError
from dlfun.records.outcome import Result
from dlfun.records.reader import arm_files, read_arrays
from dlfun.records.writer import save_arrays

FOLDER = "state"
FORMAT = "format"
"""The name of the array that holds the number of the form."""

VERSION = 1


def write_state(folder: Path, results: Sequence[Result]) -> None:
    """state/*.npz of a record that is being written, a file an arm that has one."""
    names = arm_files([(result.dataset, result.model) for result in results])
    for name, result in zip(names, results, strict=True):
        if result.state:
            (folder / FOLDER).mkdir(exist_ok=True)
            save_arrays(
                folder / FOLDER / f"{name}.npz", {FORMAT: np.array(VERSION), **result.state}
            )


def has_state(folder: Path, file: str) -> bool:
    """Whether a record keeps the training state of an arm."""
    return (folder / FOLDER / f"{file}.npz").is_file()


def read_state(folder: Path, file: str) -> Mapping[str, np.ndarray]:
    """Name -> [members, ...] of an arm.

    Raises:
      UserError: if it cannot be read, or has another form.
    """
    name = f"{FOLDER}/{file}.npz"
    found = dict(read_arrays(folder, name))
    version = found.pop(FORMAT, np.array(0))
    if version.shape or int(version) != VERSION:
        raise UserError(
            f"{folder / name}: has another form than that of this dlfun; continue the record with "
            "the dlfun that wrote it"
        )
    return found
