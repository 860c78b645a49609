"""Folders that records are written to: checked early, and never made here. Needs no JAX."""

from __future__ import annotations

import os
from pathlib import Path

from dlfun.data.user_files.cells import check_text
from dlfun.errors import OPT, UserError

FLAGS = "config.flags"
"""The file that makes a folder a record."""


def holds_record(where: Path) -> bool:
    """Whether a folder is a record."""
    return (where / FLAGS).exists()


def followed(path: str) -> str:
    """The folder itself that a path names, where that is a link, or ends in no name, such as `.`.

    A record takes the place of its folder, and not that of a link to it.

    Raises:
      UserError: if the link leads nowhere, or the folder has no name.
    """
    where = Path(path)
    if where.name in ("", ".."):  # no name that another folder could take
        found = os.path.realpath(where)
        if found == os.path.dirname(found):
            raise UserError(
                f"{OPT.output_dir}={path}: is the root of all directories; name another"
            )
        return found
    if not os.path.islink(where):
        return path
    if not os.path.exists(where):
        raise UserError(
            f"{OPT.output_dir}={path}: is a link to {os.readlink(where)}, which is not there; make "
            "that directory, or name another"
        )
    return os.path.realpath(where)


def check_output_dir(path: str, overwrite: bool | None = False) -> None:
    """Raises UserError unless a record can be written at this path. Makes nothing.

    `overwrite` says that a record may be there already; None, that none is ever replaced.
    """
    where = Path(path)
    check_text(
        [str(where.absolute())], f"{OPT.output_dir}"
    )  # records hold it, and libraries need it
    if "\0" in path:
        raise UserError(f"{OPT.output_dir}={path!r}: holds a zero byte; name another directory")
    try:
        _check_free(path, where, overwrite)
    except OSError as error:
        raise UserError(
            f"{OPT.output_dir}={path}: {error.strerror}; name a directory to which you may write"
        ) from None


def _check_free(path: str, where: Path, overwrite: bool | None) -> None:
    if where.is_dir():
        holds = holds_record(where)
        if os.path.exists(os.curdir) and os.path.samefile(where, os.curdir):
            raise UserError(
                f"{OPT.output_dir}={path}: is the directory that you are in, whose place the "
                f"record would take; name one inside, such as {OPT.output_dir}=study"
            )
        if any(where.iterdir()) and not (holds and overwrite):
            what = "already holds a record" if holds else "is not empty"
            replaces = holds and overwrite is not None
            or_else = f", or replace it by {OPT.overwrite}" if replaces else ""
            raise UserError(f"{OPT.output_dir}={path}: {what}; name a new directory{or_else}")
    elif os.path.lexists(where):
        raise UserError(f"{OPT.output_dir}={path}: is a file; name a new directory")
    above = where.absolute()
    while not os.path.lexists(above):
        above = above.parent
    if not above.is_dir():
        what = "a file" if above.exists() else "a link that leads nowhere"
        raise UserError(f"{OPT.output_dir}={path}: {above} is {what}; name another directory")
    if not os.access(above, os.W_OK | os.X_OK):
        raise UserError(f"{OPT.output_dir}={path}: you may not write to {above}; name another")
