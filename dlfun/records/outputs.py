"""Files that users and records get: as a whole, or not at all. Needs no JAX."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from dlfun.errors import OPT, UserError


@contextlib.contextmanager
def taking_place(path: Path) -> Iterator[Path]:
    """A new file to be written, which then takes the place of what has this name, be it a link."""
    part = new_part(path)  # beside it: only within a file system is a name given in one step
    try:
        if path.is_file():
            part.chmod(stat.S_IMODE(path.stat().st_mode))
        yield part
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def new_part(path: Path) -> Path:
    """A new file beside a path; it has a name of its own, as that of the path may be too long."""
    part = path.with_name(f".dlfun-{secrets.token_hex(4)}")
    part.touch(exist_ok=False)
    return part


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[TextIO]:
    """A text file in UTF-8 that takes the place of what has its name, once all of it is there."""
    with taking_place(path) as part, opened(part) as file:
        yield file


def opened(path: str | Path) -> TextIO:
    """A text file to be written in UTF-8; bytes in names that are no text are written escaped."""
    return open(path, "w", newline="", encoding="utf-8", errors="backslashreplace")


@contextlib.contextmanager
def written(flag: str, path: str) -> Iterator[TextIO]:
    """The file that a flag names, as text in UTF-8.

    A link stands for what it leads to. What is no regular file, such as a device or a pipe, and a
    file that a standard stream of this process goes to, is written to; else the file gets its name
    only when all of it is there.

    Raises:
      UserError: if it cannot be written.
    """
    try:
        if is_stream(path):
            with opened(path) as file:
                yield file
        else:
            with replaced(Path(os.path.realpath(path))) as file:
                yield file
    except OSError as error:
        raise UserError(f"{OPT(flag)}={path}: {error.strerror}; name another file") from None


def is_stream(path: str | Path) -> bool:
    """Whether a path names what is written to, and not replaced."""
    try:
        found = os.stat(path)
    except OSError:
        return False
    return not stat.S_ISREG(found.st_mode) or any(
        os.path.samestat(found, one) for one in standard_streams()
    )


def standard_streams() -> Iterator[os.stat_result]:
    """What stdout and stderr go to, where they are open."""
    for number in (1, 2):
        with contextlib.suppress(OSError):
            yield os.fstat(number)


def check_file(flag: str, path: str) -> None:
    """Raises UserError unless the file that a flag names can be written, before any work."""
    where = f"{OPT(flag)}={path}"
    try:
        target = Path(os.path.realpath(path))
    except ValueError:  # of a zero byte, or half a character
        raise UserError(f"{OPT(flag)}={path!a}: is no name of a file; give another") from None
    if os.path.isdir(path):
        raise UserError(f"{where}: is a directory; name a file")
    if is_stream(path):
        if not os.access(path, os.W_OK) or stat.S_ISSOCK(os.stat(path).st_mode):
            raise UserError(f"{where}: cannot be written to; name another file")
        return
    if not target.parent.is_dir():
        raise UserError(
            f"{where}: there is no directory {target.parent}; make it, or name another file"
        )
    try:
        new_part(target).unlink()
        with contextlib.suppress(FileNotFoundError):
            os.lstat(target)  # else its name is too long
    except OSError as error:
        raise UserError(f"{where}: {error.strerror}; name another file") from None
