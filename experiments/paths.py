"""The directories that flags name: checked early, and never made here."""

from __future__ import annotations

import os
import time
from pathlib import Path

from dlfun.errors import UserError


def default_output_dir(script: str) -> str:
    """runs/SCRIPT-DATE-TIME, with -2, -3 ... where another run has that name already.

    Whoever makes the directory must still be ready to find that someone else was quicker.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S")
    path, tried = Path("runs", f"{script}-{stamp}"), 1
    while os.path.lexists(path):
        tried += 1
        path = Path("runs", f"{script}-{stamp}-{tried}")
    return str(path)


def check_output_dir(path: str, overwrite: bool = False) -> None:
    """Raises UserError unless a record can be written at this path. Makes nothing.

    `overwrite` says that a record may be there already.
    """
    where = Path(path)
    try:
        _check_free(path, where, overwrite)
    except OSError as error:
        raise UserError(
            f"--output_dir={path}: {error.strerror}; name a directory to which you may write"
        ) from None


def _check_free(path: str, where: Path, overwrite: bool) -> None:
    if where.is_dir():
        holds = (where / "config.flags").exists()
        if any(where.iterdir()) and not (holds and overwrite):
            what = "already holds a record" if holds else "is not empty"
            or_else = ", or replace it by --overwrite" if holds else ""
            raise UserError(f"--output_dir={path}: {what}; name a new directory{or_else}")
    elif os.path.lexists(where):
        raise UserError(f"--output_dir={path}: is a file; name a new directory")
    above = where.absolute()
    while not os.path.lexists(above):
        above = above.parent
    if not above.is_dir():
        raise UserError(f"--output_dir={path}: {above} is a file; name another directory")
    if not os.access(above, os.W_OK | os.X_OK):
        raise UserError(f"--output_dir={path}: you may not write to {above}; name another")


def check_input_dirs(data_dir: str | None, manual_dir: str | None) -> None:
    """Raises UserError if --manual_dir is missing, or either is not a directory."""
    if data_dir and os.path.lexists(data_dir) and not os.path.isdir(data_dir):
        raise UserError(f"--data_dir={data_dir}: is not a directory; name one, or leave it out")
    if manual_dir and not os.path.isdir(manual_dir):
        raise UserError(
            f"--manual_dir={manual_dir}: is not a directory; name the one that holds your files"
        )
