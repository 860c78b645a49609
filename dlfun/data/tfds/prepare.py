"""Preparing a data set: once, whole or not at all, by one process at a time.

Everything is written into a folder `incomplete.<name>` of the data folder and moved to its place
in one step, so that a preparation that was killed leaves nothing that could be taken for data.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.data.tfds.download import check_sources, download_errors, substitute
from dlfun.data.tfds.memory import damaged, read_records, remember, verify
from dlfun.decoration import stderr
from dlfun.errors import OPT, UserError
from dlfun.phases import LINE, phase


class Place(NamedTuple):
    """A data set's builder class, its config ("" is none), and the root of prepared data."""

    name: str
    cls: Any
    config: str
    root: Path

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders from the root to the prepared data, as TFDS names them."""
        return tuple(part for part in (self.cls.name, self.config, str(self.cls.VERSION)) if part)

    @property
    def folder(self) -> Path:
        """Where the prepared data lie."""
        return self.root.joinpath(*self.parts)

    @property
    def staging(self) -> Path:
        """Where they are made."""
        return self.root / f"incomplete.{self.name.replace('/', '.')}"

    @property
    def encoding(self) -> str:
        """How the builder makes arrays from its records, where it does not take them as stored."""
        return str(getattr(self.cls, "ENCODING", ""))

    def builder(self, root: Path | None = None) -> Any:
        """The TFDS builder, of the data under `root`."""
        return self.cls(data_dir=str(root or self.root), config=self.config or None)


def prepare(where: Place, manual_dir: str | None) -> None:
    """Prepares a data set unless another process has done so meanwhile.

    Raises:
      UserError: if the sources are missing or damaged, or the data folder cannot be written to.
    """
    if where.folder.exists() and not (where.folder / "dataset_info.json").is_file():
        raise damaged(where.folder / "dataset_info.json", where.folder)
    if not where.folder.exists():
        check_sources(where.cls, where.name, manual_dir)
    try:
        with said_when_slow(f"preparing {where.name}"), locked(where):
            if not where.folder.exists():
                build(where, manual_dir)
            elif verify(where.folder, where.encoding) is None:
                remember(foreign_records(where), where.folder, where.encoding)
    except (OSError, RuntimeError) as error:
        reason = write_failure(error)
        if reason is None:
            raise
        raise UserError(
            f"cannot write to {OPT.data_dir}={where.root}: {reason}; name another"
        ) from error


def write_failure(error: OSError | RuntimeError) -> str | None:
    """What the system said when it could not write, or None where it is another error.

    The writer of array_record knows no OSError: it puts the system's words into its own.
    """
    if isinstance(error, OSError):
        return error.strerror or str(error)
    full = os.strerror(errno.ENOSPC)
    return full if full in str(error) else None


def build(where: Place, manual_dir: str | None) -> None:
    """Makes the data set in the staging folder and moves it to its place."""
    import tensorflow_datasets as tfds

    shutil.rmtree(where.staging, ignore_errors=True)
    try:
        builder = where.builder(where.staging)
        builder.substitute = substitute(where.cls, manual_dir)
        config = tfds.download.DownloadConfig(manual_dir=manual_dir, try_download_gcs=False)
        with quiet(), download_errors(where.name):
            builder.download_and_prepare(
                download_dir=where.staging / "downloads",
                download_config=config,
                file_format="array_record",
            )
            folder = where.staging.joinpath(*where.parts)
            remember(read_records(builder), folder, where.encoding)
        move(where)
    finally:
        shutil.rmtree(where.staging, ignore_errors=True)


def move(where: Place) -> None:
    """From the staging folder to its place; also TFDS' note of which config is the default."""
    where.folder.parent.mkdir(parents=True, exist_ok=True)
    note = Path(where.cls.name) / ".config"
    if (where.staging / note).exists() and not (where.root / note).exists():
        (where.staging / note).rename(where.root / note)
    where.staging.joinpath(*where.parts).rename(where.folder)


def foreign_records(where: Place) -> dict[str, np.ndarray]:
    """The arrays of a data set that TFDS itself prepared, and that has no seal.

    Raises:
      UserError: if they cannot be read.
    """
    try:
        with quiet():
            return read_records(where.builder())
    except UserError:
        raise
    except Exception as error:  # TFDS raises whatever the damaged file happens to break
        raise UserError(
            f"{where.folder} cannot be read ({type(error).__name__}); delete it to prepare it anew"
        ) from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps what TFDS prints and logs from the output of a study; its errors are raised."""
    import tensorflow_datasets as tfds
    from absl import logging

    tfds.disable_progress_bar()
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(verbosity)


@contextlib.contextmanager
def locked(where: Place) -> Iterator[None]:
    """Holds the lock of a data set, waiting for another process that prepares it."""
    where.root.mkdir(parents=True, exist_ok=True)
    name = where.staging.name.replace("incomplete.", ".lock.", 1)
    with (where.root / name).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def said_when_slow(name: str, seconds: float = 2.0) -> Iterator[None]:
    """A phase; where none are shown, a line on stderr if it takes longer than some seconds."""
    line = f"dlfun: {name} ..."
    timer = threading.Timer(seconds, print, [line], {"file": stderr(), "flush": True})
    timer.daemon = True
    if not LINE.running:
        timer.start()
    try:
        with phase(name):
            yield
    finally:
        timer.cancel()
