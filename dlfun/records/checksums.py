"""The checksums of a record's files: whether they are still as they were written. Needs no JAX.

checksums.txt is in the form of sha256sum, so `sha256sum -c checksums.txt` checks a record without
dlfun. What a user adds to a record is not in it, and a record without it is read unchecked.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath

from dlfun.errors import UserError
from dlfun.records.outputs import replaced

NAME = "checksums.txt"
PAGE = "report.html"
STATE = "state/"
"""Files that going on alone needs; who does not may delete them."""

REMADE = (PAGE, "determinism.json", "calibration.json")
"""Made from the other files whenever a user wants: they may be missing."""

HEAD = "# sha256 of {} files; sha256sum -c checksums.txt checks them"
LINE = re.compile(r"([0-9a-f]{64})  (.+)")
COPY = f"put a copy back, or run the study again; if you changed it yourself, delete {NAME}"


def checksum_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checksums(folder: Path) -> None:
    """checksums.txt of all files that are in a record now."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != NAME)
    write_lines(folder, {p.relative_to(folder).as_posix(): checksum_of(p) for p in files})


def write_lines(folder: Path, sums: Mapping[str, str]) -> None:
    """checksums.txt with these lines, all or nothing.

    Raises:
      UserError: if it cannot be written.
    """
    lines = [HEAD.format(len(sums)), *(f"{sums[name]}  {name}" for name in sums)]
    try:
        with replaced(folder / NAME) as file:
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}; make room, or copy the record") from None


def read_lines(folder: Path) -> dict[str, str] | None:
    """File -> its checksum; None of a record without checksums.

    Raises:
      UserError: if they are damaged, or of files that are not in the record.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        head, *lines, end = path.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError):
        head, lines, end = "", [], ""
    sums = {found[2]: found[1] for found in map(LINE.fullmatch, lines) if found}
    whole = head == HEAD.format(len(sums)) and len(sums) == len(lines) and not end
    if not whole or not all(map(is_inside, sums)):
        raise UserError(f"{path}: damaged; delete it to read the record unchecked")
    return sums


def is_inside(name: str) -> bool:
    """Whether a name stays in the folder that it is of.

    >>> is_inside("parameters/cnn.npz"), is_inside("../x"), is_inside("/x")
    (True, False, False)
    """
    return not name.startswith("/") and ".." not in PurePosixPath(name).parts


def check_record(
    folder: Path, but: Collection[str] = (), only: Collection[str] | None = None
) -> None:
    """Sees that the files of a record are as they were written.

    Args:
      but: names of files that do not matter.
      only: names of those that do; None is all.

    Raises:
      UserError: naming the first that is not, or is missing.
    """
    for name, wanted in (read_lines(folder) or {}).items():
        path = folder / name
        if name in but or (only is not None and name not in only):
            continue
        if (name in REMADE or name.startswith(STATE)) and not path.exists():
            continue
        try:
            found = checksum_of(path) if path.is_file() else None
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}; change its rights, or {COPY}") from None
        if found is None:
            raise UserError(f"{path}: missing, and {NAME} has it; {COPY}")
        if found != wanted:
            raise UserError(f"{path}: damaged (its checksum is not that of {NAME}); {COPY}")


@contextlib.contextmanager
def changing(folder: Path, name: str) -> Iterator[None]:
    """While a file of a record is written anew, or added, its checksum is not kept.

    So the others stay true whenever this ends; it comes back where the file is still as it was.
    """
    before = read_lines(folder)
    if before is not None and name in before:
        write_lines(folder, {other: sum for other, sum in before.items() if other != name})
    done = False
    try:
        yield
        done = True
    finally:
        if before is not None and (folder / name).is_file():
            now = checksum_of(folder / name)
            if done or now == before.get(name):
                write_lines(folder, before | {name: now})


def check_writable(folder: Path) -> None:
    """Raises UserError if nothing can be added to a record."""
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{folder}: you may not write to it; copy the record, and use that")


def write_into(folder: Path, name: str, text: str) -> None:
    """A file of a record, written anew or added, all or nothing, with its checksum.

    Raises:
      UserError: if it cannot be written.
    """
    try:
        with changing(folder, name), replaced(folder / name) as file:
            file.write(text)
    except OSError as error:
        raise UserError(
            f"{folder / name}: {error.strerror}; make room, or copy the record"
        ) from None
