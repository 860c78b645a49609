"""The store of what a study did so far, so that it goes on after any end with the same bits.

Runs are pure: a population's numbers follow from its settings, data, numbers and keys. So each has
a folder that is named by a digest of these, and whoever asks by the same name goes on with them.

    FOLDER/identity.json         whose study this is
    FOLDER/lock                  held by the process that works on it
    FOLDER/elapsed.json          seconds that were worked on it so far
    FOLDER/NAME/                 the checkpoints of a population, as `checkpoint_files` writes them
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from dlfun.errors import OPT, UserError
from dlfun.training.checkpoints.elapsed import ELAPSED, read_elapsed, write_elapsed
from dlfun.training.checkpoints.files import (
    FORMAT,
    Saved,
    check_seal,
    numbers_of,
    read,
    sealed,
    sweep_out,
    write,
    write_whole,
)
from dlfun.training.monitor import say
from dlfun.words import plural

EVERY = 60.0
"""Seconds between checkpoints where the user says nothing."""

SHARE = 0.02
"""The part of the time that checkpoints may take where the user says nothing."""

IDENTITY, LOCK = "identity.json", "lock"

EMPTY = {IDENTITY, LOCK, ELAPSED}
"""What is in a folder where nothing was done yet, or is kept any more."""

DEPENDS = "depends_on"
"""Of an identity: what is read besides the flags -> the checksum of what that holds."""


class Stop(Protocol):
    """Knows whether the user wants the study to stop."""

    def hold(self) -> contextlib.AbstractContextManager[None]:
        """While it is held, a wish to stop is kept until `obey`."""

    def asked(self) -> bool:
        """Whether there is such a wish, which counts as heard from then on."""

    def obey(self) -> None:
        """Stops, if there is one."""


class Never:
    """Nobody wants the study to stop; a signal does so as it does with any program."""

    def hold(self) -> contextlib.AbstractContextManager[None]:
        """Nothing is held."""
        return contextlib.nullcontext()

    def asked(self) -> bool:
        """It is never asked."""
        return False

    def obey(self) -> None:
        """There is nothing to obey."""


class Checkpoints:
    """The folder of a study that is not finished.

    Args:
      folder: made when the first population is trained.
      identity: what must be the same when a study goes on, such as its flags; as JSON.
      every: seconds between checkpoints; None is `EVERY`, and more where they cost much.
      stop: whether to stop early.
    """

    def __init__(
        self,
        folder: Path,
        identity: Mapping[str, Any],
        every: float | None = None,
        stop: Stop = Never(),  # noqa: B008
    ) -> None:
        self.folder, self.every, self.stop = folder, every, stop
        self.written, self.seconds = 0, 0.0
        self.before, self._begun = 0.0, time.monotonic()
        self.identity: dict[str, Any] = {"format": FORMAT, DEPENDS: {}, **identity}
        self._pending: dict[str, Saved] = {}
        self._last = time.monotonic()
        self._cost = 0.0
        self._lock: Any = None
        self._thread: ThreadPoolExecutor | None = None
        self._writing: Future[None] | None = None

    def open(self) -> None:
        """Takes the folder, which is made if need be; once.

        Raises:
          UserError: if another process works on it, or it is of another study.
        """
        if self._lock is not None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = take_lock(self.folder / LOCK)
        except OSError as error:
            raise UserError(
                f"{self.folder}: {error.strerror}; name another {OPT.output_dir}"
            ) from None
        try:
            check_identity(self.folder, self.identity)
        except UserError:
            self._give_back()
            raise
        write_whole(self.folder / IDENTITY, json.dumps(sealed(self.identity), indent=1))
        self.before = read_elapsed(self.folder)
        for own in self.folder.iterdir():
            if own.is_dir():
                sweep_out(own)
        done = sum(bool(numbers_of(own)) for own in self.folder.iterdir() if own.is_dir())
        if done:
            what = plural(done, "population")
            say(f"{self.folder}: going on from there; it has checkpoints of {what}")

    def depend_on(self, what: str, checksum: str) -> None:
        """Whose study this is depends also on what a file holds; said before anything is trained.

        Raises:
          UserError: if the study was begun with another content.
        """
        found = read_identity(self.folder, tell=lambda line: None) or {}
        check_content(self.folder, what, found.get(DEPENDS, {}).get(what, checksum), checksum)
        self.identity[DEPENDS] |= {what: checksum}

    def load(self, name: str) -> Saved | None:
        """The newest checkpoint of a population that is whole, or None."""
        if name in self._pending:
            return self._pending[name]
        for number in reversed(numbers_of(self.folder / name)):
            path = self.folder / name / f"{number:04d}"
            try:
                return read(path)
            except (OSError, ValueError, KeyError, RecursionError) as error:
                say(f"{path}: damaged ({error}); taking the one before it, if there is one")
        return None

    def due(self) -> bool:
        """Whether it is time for a checkpoint."""
        wait = max(EVERY, self._cost / SHARE) if self.every is None else self.every
        return self.stop.asked() or time.monotonic() - self._last >= wait

    def note(self, name: str, arrays: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        """What is to be written of a population with the next checkpoint. Arrays are not copied."""
        self._pending[name] = Saved(dict(arrays), dict(about))

    def save(self, wait: bool = False) -> None:
        """Writes all that was noted, while the study goes on unless it is to wait."""
        self._settle()
        self._last = time.monotonic()
        if self._pending and self._lock is not None:
            self._thread = self._thread or ThreadPoolExecutor(1, "checkpoints")
            self._writing = self._thread.submit(self._write, dict(self._pending))
        if wait:
            self._settle()

    def _settle(self) -> None:
        """Waits for what is being written."""
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def _write(self, pending: Mapping[str, Saved]) -> None:
        """Writes checkpoints; where that fails, says so, and they stay to be written."""
        start = time.monotonic()
        for name, saved in pending.items():
            try:
                write(self.folder / name, saved)
            except Exception as error:  # of Orbax and what it stands on, any
                say(
                    f"{self.folder}: no checkpoint was written ({reason(error)}); the study goes "
                    "on, and tries again with the next"
                )
                break
            self.written += 1
            if self._pending.get(name) is saved:
                del self._pending[name]
        self._keep_elapsed()
        self._cost = time.monotonic() - start
        self.seconds += self._cost

    def close(self) -> None:
        """Writes what is left, and gives the folder back: it is gone if it holds nothing."""
        if self._lock is None:
            return
        self.save(wait=True)
        if not any(own.is_dir() for own in self.folder.iterdir()):
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            self._keep_elapsed()
        self._give_back()

    def _keep_elapsed(self) -> None:
        """Keeps how long the study has taken so far."""
        write_elapsed(self.folder, self.before + time.monotonic() - self._begun)

    def remove(self) -> None:
        """The study is finished: the folder is not needed any more."""
        self._pending.clear()
        self._settle()
        if self.written:
            what = "1 checkpoint was" if self.written == 1 else f"{self.written} checkpoints were"
            say(f"{what} written, in {self.seconds:.1f} s beside the study")
        shutil.rmtree(self.folder, ignore_errors=True)
        self._give_back()

    def _give_back(self) -> None:
        if self._thread is not None:
            self._thread.shutdown()
        if self._lock is not None:
            self._lock.close()
        self._thread = self._lock = None


def checkpoints_in(
    folder: Path,
    identity: Mapping[str, Any],
    overwrite: bool,
    every: float | None = None,
    stop: Stop = Never(),  # noqa: B008
) -> Checkpoints:
    """The checkpoints of a study, to go on from; with `overwrite` those that are there go first.

    Raises:
      UserError: if those that are there are of another study, or another process works on them.
    """
    if folder.is_dir():
        take_lock(folder / LOCK).close()
        if overwrite:
            shutil.rmtree(folder)
    elif folder.exists():
        raise UserError(
            f"{folder}: is no directory; move it away, or name another {OPT.output_dir}"
        )
    found = Checkpoints(folder, identity, every, stop)
    check_identity(folder, found.identity, tell=lambda line: None)  # that, `open` does
    return found


def take_lock(path: Path) -> Any:
    """The lock's open file, which goes with its process, however that ends.

    Raises:
      UserError: if another process holds it, saying which.
    """
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_CREAT, 0o644))
    try:
        # The kernel takes it back from a process that is killed; a file whose mere existence is the
        # lock would stay.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = file.read().strip() or "another process"
        file.close()
        raise UserError(
            f"{path.parent}: {holder} works on it; wait for it, or name another {OPT.output_dir}"
        ) from None
    path.write_text(f"process {os.getpid()} on {socket.gethostname()}", errors="replace")
    return file


def read_identity(folder: Path, tell: Callable[[str], None]) -> dict[str, Any] | None:
    """Whose study a folder is; None where nothing was done in it yet, or that is damaged.

    Raises:
      UserError: if it is of another version, or cannot be read.
    """
    try:
        if {path.name.removesuffix(".part") for path in folder.iterdir()} <= EMPTY:
            return None
        found = json.loads((folder / IDENTITY).read_text())
        known = isinstance(found, dict) and found.get("format") == FORMAT
        if known:
            check_seal(found)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{folder / IDENTITY}: {error.strerror}; change its rights") from None
    except (
        ValueError,
        RecursionError,
    ):  # the names of populations tell whether they are of this study
        file = folder / IDENTITY
        tell(f"{file}: damaged; going on with those checkpoints that are of this study")
        return None
    if not known:
        raise UserError(
            f"{folder}: was written by another version of dlfun; finish it with that one, or "
            f"start anew by {OPT.overwrite}"
        )
    return found


def check_identity(
    folder: Path, identity: Mapping[str, Any], tell: Callable[[str], None] = say
) -> None:
    """Tells the user what is odd about a folder.

    Raises:
      UserError: unless it is of this study, or of none.
    """
    found = read_identity(folder, tell)
    if found is None:
        return
    for what, checksum in identity.get(DEPENDS, {}).items():
        check_content(folder, what, found.get(DEPENDS, {}).get(what, checksum), checksum)
    for name, value in identity.items():
        if name not in ("format", "environment", DEPENDS) and found.get(name) != value:
            raise UserError(
                f"{folder}: is an unfinished study with {difference(found.get(name), value)}; "
                f"give the same flags, another {OPT.output_dir}, or {OPT.overwrite}"
            )
    if found.get("environment") != identity.get("environment"):
        was, now = found.get("environment"), identity.get("environment")
        tell(f"{folder}: was begun with {was}, and goes on with {now}: not bit by bit the same")


def check_content(folder: Path, what: str, was: str, now: str) -> None:
    """Raises UserError if what a study depends on was changed since it was begun."""
    if was != now:
        raise UserError(
            f"{folder}: is an unfinished study, and {what} was changed since it was begun "
            f"(checksum {was[:12]}, now {now[:12]}); put it back, name another {OPT.output_dir}, "
            "or "
            f"start anew by {OPT.overwrite}"
        )


def difference(was: Any, now: Any) -> str:
    """What one value has and the other has not, in words."""
    if isinstance(was, Sequence) and isinstance(now, Sequence) and not isinstance(was, str):
        only = [
            " ".join(str(x) for x in one if x not in other)
            for one, other in ((was, now), (now, was))
        ]
        return f"{only[0] or 'fewer flags'} where this one has {only[1] or 'none'}"
    return f"{was} where this one has {now}"


def reason(error: Exception) -> str:
    """What went wrong, in one short line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    for known in ("No space left on device", "Permission denied", "Read-only file system"):
        if known in str(error):
            return known
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
