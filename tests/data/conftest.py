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
from dlfun.data import mnist
from dlfun.studies.options import DataOptions


@pytest.fixture(scope="session")
def read(data_dir):
    """`data.read`, in the folder where each data set is prepared once."""

    def once(name, **options):
        return data.read(name, DataOptions(data_dir=str(data_dir), **options))

    return once


def write_idx(path: Path, array: np.ndarray) -> None:
    """A gzipped IDX file, written by the description of the format."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.write_bytes(gzip.compress(head + array.tobytes()))


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
        write_idx(folder / name, array)
    monkeypatch.setenv("NO_PROXY", "*")
    place_sources(monkeypatch, "http://127.0.0.1:9/", folder)  # nobody answers there
    return folder, arrays


@pytest.fixture
def serve_from(miniature, monkeypatch):
    """Lets MNIST come from a server, with the checksums that the miniature has now."""
    return partial(place_sources, monkeypatch, folder=miniature[0])


def place_sources(monkeypatch, url: str, folder: Path) -> None:
    """Sets where MNIST comes from, with the checksums of the files of a folder."""
    stock = mnist.Mnist.url_infos
    infos = {}
    for info in stock.values():
        content = (folder / info.filename).read_bytes()
        checksum = hashlib.sha256(content).hexdigest()
        infos[url + info.filename] = type(info)(len(content), checksum, info.filename)
    monkeypatch.setattr(mnist.Mnist, "URL", url)
    monkeypatch.setattr(mnist.Mnist, "url_infos", infos)


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
