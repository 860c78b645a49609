"""Folders that records are written to: checked early, and never made here. Needs no JAX."""

from __future__ import annotations

import os
from pathlib import Path

from dlfun.errors import UserError


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
