"""The source files of a data set: the user's own, or a server's, or a clear error."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dlfun.data.tfds.memory import file_checksum
from dlfun.errors import OPT, UserError

PATIENCE = 10.0  # seconds that a server has for its first answer


def sources(cls: Any) -> Mapping[str, Any]:
    """The files a data set is made from: URL -> TFDS' record of file name, size and sha256."""
    return cls.url_infos or {}


def substitute(cls: Any, manual_dir: str | None) -> Path | None:
    """A file of `manual_dir` that holds what a builder downloads otherwise, if it is there.

    The builder's `SUBSTITUTE` is its name and sha256.
    """
    name, _ = getattr(cls, "SUBSTITUTE", ("", ""))
    path = Path(manual_dir).expanduser() / name if manual_dir and name else None
    return path if path is not None and path.is_file() else None


def wrong_checksum(path: Path, name: str, remedy: str) -> UserError:
    """The error for a file of the user that is another one than its name says."""
    return UserError(
        f"{path} has a wrong checksum: it is not the file that {name} is made from; {remedy}"
    )


def check_sources(cls: Any, name: str, manual_dir: str | None) -> None:
    """Fails early where TFDS would retry for minutes, or fail with a message of its own.

    Raises:
      UserError: if a file of `manual_dir` is not the expected one, or if files are missing there
        and the server does not answer.
    """
    other = substitute(cls, manual_dir)
    if other is not None:
        if file_checksum(other) != cls.SUBSTITUTE[1]:
            raise wrong_checksum(other, name, "take it away")
        return
    missing = {}
    for url, info in sources(cls).items():
        path = Path(manual_dir).expanduser() / info.filename if manual_dir else None
        if path is None or not path.is_file():
            missing[url] = info
        elif file_checksum(path) != info.checksum:
            remedy = f"replace it by {url}, or leave {OPT.manual_dir} out to download it"
            raise wrong_checksum(path, name, remedy)
    if missing and not answers(next(iter(missing))):
        raise unreachable(cls, name, missing)


def unreachable(cls: Any, name: str, missing: Mapping[str, Any]) -> UserError:
    """The error for files that are not there and cannot be downloaded."""
    folder = next(iter(missing)).rpartition("/")[0]
    files = ", ".join(info.filename for info in missing.values())
    if hasattr(cls, "SUBSTITUTE"):
        files += f" or {cls.SUBSTITUTE[0]}"
    return UserError(
        f"{name} is not prepared and cannot be downloaded from {folder}/; put {files} into a "
        f"folder and name it with {OPT.manual_dir}"
    )


def answers(url: str) -> bool:
    """Whether a server gives this file, asked once and without much patience.

    In a thread of its own: looking up a name has no time limit in Python.
    """
    import requests

    found = []

    def ask() -> None:
        with (
            contextlib.suppress(requests.RequestException),
            requests.get(url, stream=True, timeout=PATIENCE) as response,
        ):
            found.append(response.ok)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(2 * PATIENCE)
    return bool(found and found[0])


@contextlib.contextmanager
def download_errors(name: str) -> Iterator[None]:
    """Turns what TFDS raises about a download into one line for the user.

    Raises:
      UserError: if the download broke off, or gave another file than the expected one.
    """
    import requests
    from tensorflow_datasets.core.download import download_manager, util

    try:
        yield
    except download_manager.NonMatchingChecksumError as error:
        what = str(error).partition("\n")[0]
        raise UserError(f"a file of {name} is not the expected one: {what}") from error
    except (requests.RequestException, util.DownloadError) as error:
        raise UserError(
            f"the download of {name} broke off; try again, or put its files into a folder and "
            f"name it with {OPT.manual_dir} ({type(error).__name__})"
        ) from error
