"""A record gets its name, be it that of another, whenever its process is killed.

    .NAME-XXXXXXXX/NAME      a record that is being written
    .NAME-XXXXXXXX/old       the one whose place it takes, until it has it

No system calls that change two names at once are there on every file system, so whoever comes next
ends what a killed process began.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from dlfun.errors import OPT, UserError
from dlfun.records.checksums import NAME, check_record
from dlfun.training.checkpoints.store import LOCK, take_lock
from dlfun.training.monitor import say

T = TypeVar("T")

OLD = "old"

ROOM = 1 << 16
"""Bytes that are written to see that there is any room."""

TRIES = 5
"""How often a folder is made where others may remove the one that it is in."""


def begin(output: Path) -> Path:
    """A folder in which a record is to be written, beside its place."""

    def hidden() -> str:
        return tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent)

    building = Path(made_inside(output.parent, hidden)) / output.name
    building.mkdir(mode=0o755)  # what is written tells of itself by its final name
    return building


def made_inside(parent: Path, make: Callable[[], T]) -> T:
    """What `make` makes in a folder, which is made first; another study may remove it meanwhile."""
    for _ in range(TRIES):
        with contextlib.suppress(FileNotFoundError):
            parent.mkdir(parents=True, exist_ok=True)
            return make()
    parent.mkdir(parents=True, exist_ok=True)
    return make()


def place(building: Path, output: Path, overwrite: bool = False) -> None:
    """Gives a record its name; with `overwrite`, one that is there gives its place."""
    old = building.parent / OLD
    # A directory that holds something is not replaced in one call: the old record steps aside, and
    # between the two calls both are whole, under hidden names that `end` knows.
    if overwrite and output.is_dir() and any(output.iterdir()):
        os.rename(output, old)
    try:
        os.rename(building, output)
    finally:
        if old.exists() and not output.exists():
            os.rename(old, output)


def rehearse(output: Path, overwrite: bool = False) -> None:
    """Does with nothing all that a record will need to get its name, so that no work is lost.

    Raises:
      UserError: saying what it needs and cannot have.
    """
    missing = [folder for folder in output.absolute().parents if not folder.exists()]
    try:
        _rehearse(output, overwrite)
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise UserError(
                f"{OPT.output_dir}={output}: is a mount point, and a record takes the place of its "
                f"directory; name one inside, such as {OPT.output_dir}={output / 'study'}"
            ) from None
        raise UserError(f"{OPT.output_dir}={output}: {error.strerror}; name another") from None
    finally:
        with contextlib.suppress(OSError):
            for folder in missing:
                folder.rmdir()


def _rehearse(output: Path, overwrite: bool) -> None:
    building, there = begin(output), output.is_dir()
    try:
        room = building / "room"
        room.write_bytes(bytes(ROOM))
        room.unlink()
        if there:
            shutil.copymode(output, building)
        place(building, output, overwrite)
        old = building.parent / OLD
        if old.exists():
            os.rename(output, building)
            os.rename(old, output)
        elif not there:
            output.rmdir()
    finally:
        clear(building, output)


def clear(building: Path, output: Path) -> None:
    """Removes what `begin` made, unless it holds the only record that is left."""
    if output.exists() or not (building.parent / OLD).exists():
        shutil.rmtree(building.parent, ignore_errors=True)


def begun(output: Path) -> list[Path]:
    """The folders of this record that processes which were killed left."""
    name = re.compile(re.escape(f".{output.name}-") + "[a-z0-9_]{8}")
    if not output.parent.is_dir():
        return []
    return [
        folder
        for folder in sorted(output.parent.iterdir())
        if name.fullmatch(folder.name)
        and folder.is_dir()
        and {path.name for path in folder.iterdir()} <= {output.name, OLD}
    ]


def is_whole(folder: Path) -> bool:
    """Whether all of a record is there."""
    try:
        check_record(folder)
    except UserError:
        return False
    return (folder / NAME).exists()


def unfinished(output: Path) -> Path:
    """Where a study keeps what it did until it has its record."""
    return output.with_name(f"{output.name}.unfinished")


def finish(output: Path) -> None:
    """Ends what a study did not that was killed while its record took the place of another.

    Raises:
      UserError: if another process works on the record.
    """
    folder = unfinished(output)
    there = folder.is_dir()
    if there:
        take_lock(folder / LOCK).close()
    if end(output, nobody_else=there):
        shutil.rmtree(folder, ignore_errors=True)


def end(output: Path, nobody_else: bool) -> bool:
    """Ends what a killed process began: a whole record gets its place, and the user is told.

    Args:
      nobody_else: no other process works on this record, so half of one is nobody's.

    Returns:
      whether a new record got its place.
    """
    placed = False
    with contextlib.suppress(OSError):
        for folder in begun(output):
            building, old = folder / output.name, folder / OLD
            if old.is_dir() and not output.exists():
                placed = is_whole(building)
                os.rename(building if placed else old, output)
                what = "new one is in its place" if placed else "old one is back"
                say(f"{output}: a study was killed while it replaced the record; the {what}")
            if nobody_else or old.is_dir():
                shutil.rmtree(folder)
    return placed
