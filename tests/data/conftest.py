"""Data sets prepared once for all tests of this folder, and files that tests may read."""

import gzip
import hashlib
import http.server
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dlfun import data
from dlfun.config.options import DataOptions
from dlfun.data.catalog import mnist
from dlfun.data.tfds import download


@pytest.fixture(scope="session")
def read(data_dir):
    """`data.read`, in the folder where each data set is prepared once."""

    def once(name, **options):
        return data.read(name, DataOptions(data_dir=str(data_dir), **options))

    return once


def idx(array: np.ndarray) -> bytes:
    """A gzipped IDX file, by the description of the format."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return gzip.compress(head + array.tobytes())


@pytest.fixture
def miniature(tmp_path, monkeypatch):
    """MNIST of 30 + 10 images: its arrays by file name, in a folder that the builder expects."""
    folder = tmp_path / "files"
    folder.mkdir()
    random = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 30), ("t10k", 10)):
        images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        arrays[f"{part}-images-idx3-ubyte.gz"] = images
        arrays[f"{part}-labels-idx1-ubyte.gz"] = np.arange(count, dtype=np.uint8) % 10
    for name, array in arrays.items():
        (folder / name).write_bytes(idx(array))
    monkeypatch.setenv("NO_PROXY", "*")
    place_sources(monkeypatch, "http://127.0.0.1:9/", folder)  # nobody answers there
    return folder, arrays


@pytest.fixture
def serve_from(miniature, monkeypatch):
    """Lets MNIST come from a server, with the checksums that the miniature has now."""
    return partial(place_sources, monkeypatch, folder=miniature[0])


def place_sources(monkeypatch, url: str, folder: Path) -> None:
    """Sets where MNIST comes from, with the checksums of the files of a folder."""
    infos = as_in(folder, mnist.Mnist)
    monkeypatch.setattr(mnist.Mnist, "URL", url)
    moved = {url + info.filename: info for info in infos.values()}
    monkeypatch.setattr(mnist.Mnist, "url_infos", moved)


def as_in(folder: Path, cls):
    """What is on record of the files of a builder, as if those of a folder were the real ones."""
    infos = {}
    for url, info in cls.url_infos.items():
        content = (folder / info.filename).read_bytes()
        checksum = hashlib.sha256(content).hexdigest()
        infos[url] = type(info)(len(content), checksum, info.filename)
    return infos


@pytest.fixture
def expect(tmp_path, monkeypatch):
    """Lets a builder expect files, by name and content; returns their folder. No server answers."""

    def files(cls, contents):
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        monkeypatch.setattr(cls, "url_infos", as_in(folder, cls))
        monkeypatch.setattr(download, "answers", lambda url: False)
        return folder

    return files


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def server(miniature):
    """The URL of a server of the miniature's files."""
    handler = partial(Quiet, directory=str(miniature[0]))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()
