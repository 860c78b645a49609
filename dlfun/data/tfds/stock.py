"""Stand-ins for TensorFlow, by which stock TFDS builders prepare without it.

A data set of TFDS' own catalogue keeps its name, version, URLs, checksums and download manager:
its builder here is a subclass of the stock one. What is replaced is what goes through
TensorFlow: unpacking, which this module does with Python's own tools, and the reading of files.
"""

from __future__ import annotations

import itertools
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import checksums


def recorded(path: str) -> Any:
    """The URLs, sizes and sha256 that TFDS has on record, by the path of the list in TFDS."""
    return checksums.load_url_infos(tfds.core.tfds_path(path))


def package(name: str) -> tuple[Any, Any]:
    """Where the package of a stock builder lies, and what it has on record of its files."""
    path = f"datasets/{name}"
    return tfds.core.tfds_path(path), recorded(f"{path}/checksums.tsv")


def files_of_archive(path: Path | str) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of a tar archive in their order, by name; neither links nor what lies outside."""
    with tarfile.open(path) as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if member.isfile() and ".." not in Path(name).parts and not name.startswith("/"):
                file = archive.extractfile(member)
                assert file is not None
                yield name, file


def unpack(path: Path, folder: Path) -> Path:
    """The folder that the files of a tar or zip archive are unpacked into.

    Any other file, as one compressed alone, stays as it is: its own path is returned.
    """
    if tarfile.is_tarfile(path):
        for name, file in files_of_archive(path):  # Python has a safe way from 3.11.4 on
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as copy:
                shutil.copyfileobj(file, copy)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as pack:  # names that lead outside lose what leads there
            pack.extractall(folder)
    else:
        return path
    return folder


class Downloads:
    """A download manager of TFDS that unpacks without TensorFlow."""

    def __init__(self, manager: Any):
        self.manager = manager
        self.count = itertools.count()

    def download(self, urls: Any) -> Any:
        """The paths of files, in the structure of the URLs.

        One after the other: where one fails, no thread of TFDS is still writing another.
        """
        import jax

        return jax.tree.map(self.manager.download, urls)

    def extract(self, paths: Any) -> Any:
        """The folders of unpacked archives; what is no archive stays as it is."""
        import jax

        root = Path(self.manager.download_dir) / "unpacked"
        return jax.tree.map(lambda path: unpack(Path(path), root / str(next(self.count))), paths)

    def download_and_extract(self, urls: Any) -> Any:
        """Both."""
        return self.extract(self.download(urls))

    def iter_archive(self, path: Any) -> Iterator[tuple[str, IO[bytes]]]:
        """The files of an archive."""
        return files_of_archive(path)


class WithoutTensorFlow(tfds.core.GeneratorBasedBuilder):
    """Mixed into a stock builder: its archives are unpacked by Python."""

    def _split_generators(self, dl_manager: Any) -> Any:
        return super()._split_generators(Downloads(dl_manager))
