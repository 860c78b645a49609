"""The directories that flags name, checked early; and new ones for records without a name."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path

from dlfun.cli.signals import CURRENT
from dlfun.errors import UserError
from dlfun.records.folders import check_output_dir as check_output_dir
from dlfun.records.folders import followed as followed


def usable_output_dir(given: str | None, script: str, overwrite: bool | None = None) -> str:
    """The directory that a record is to be written to, of which that was tried; or a new one.

    Raises:
      UserError: if a record cannot be written there.
    """
    from dlfun.records.replacement import rehearse

    path = new_output_dir(script) if given is None else followed(given)
    check_output_dir(path, overwrite)
    rehearse(Path(path), bool(overwrite))
    return path


def new_output_dir(script: str) -> str:
    """runs/SCRIPT-DATE-TIME, with -2, -3 ... where another run has that name already.

    An empty directory takes the name, so that nobody else has it; it goes with the process unless
    a record is written.

    Raises:
      UserError: if no directory can be made.
    """
    from dlfun.records.replacement import made_inside, unfinished

    for path in default_output_dirs(script):
        if os.path.lexists(path) or os.path.lexists(unfinished(path)):
            continue
        is_first = not path.parent.exists()
        try:
            made_inside(path.parent, path.mkdir)
        except OSError as error:
            if os.path.lexists(path):
                continue
            raise UserError(
                f"{path}: {error.strerror}; name a directory for the record by --output_dir"
            ) from None
        CURRENT.closing.callback(forget, path, *[path.parent] * is_first)
        return str(path)
    raise AssertionError("there is no end of names")


def default_output_dirs(script: str) -> Iterator[Path]:
    """The names that a record may have where the user gave none, in their order."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    yield Path("runs", f"{script}-{stamp}")
    for number in itertools.count(2):
        yield Path("runs", f"{script}-{stamp}-{number}")


def forget(*folders: Path) -> None:
    """Removes folders, as long as they are empty."""
    with contextlib.suppress(OSError):
        for folder in folders:
            folder.rmdir()


def check_input_dirs(data_dir: str | None, manual_dir: str | None) -> None:
    """Raises UserError if --manual_dir is missing, or either is not a directory."""
    if data_dir:
        check_folder("data_dir", data_dir)
    if manual_dir and not os.path.isdir(manual_dir):
        raise UserError(
            f"--manual_dir={manual_dir}: is not a directory; name the one that holds your files"
        )


def check_folder(flag: str, path: str) -> None:
    """Raises UserError if there is something else in the place of a directory."""
    if os.path.lexists(path) and not os.path.isdir(path):
        raise UserError(f"--{flag}={path}: is not a directory; name one, or leave it out")
