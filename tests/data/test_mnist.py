"""MNIST from files of the user, from a server, and without either."""

import gzip
import socket
import threading
import time

import numpy as np
import pytest

from dlfun import data
from dlfun.config.options import DataOptions
from dlfun.data.tfds import download
from dlfun.data.tfds.idx import read_idx
from dlfun.errors import UserError

FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def by_bytes(images: np.ndarray, labels: np.ndarray) -> list[tuple[bytes, int]]:
    """The examples in an order of their own: TFDS shuffles them."""
    return sorted(
        (image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True)
    )


def direct(path, offset):
    """The bytes of a gzipped IDX file behind its head."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8)[offset:]


def read(data_dir, manual_dir=None):
    manual = None if manual_dir is None else str(manual_dir)
    return data.read("mnist", DataOptions(data_dir=str(data_dir), manual_dir=manual))


def check_against(raw, arrays):
    assert by_bytes(*raw.train[:2]) == by_bytes(arrays[FILES[0]], arrays[FILES[1]])
    assert by_bytes(*raw.test[:2]) == by_bytes(arrays[FILES[2]], arrays[FILES[3]])
    assert raw.train.inputs.dtype == np.uint8
    assert raw.spec.shape == (28, 28, 1)
    assert raw.spec.outputs == 10
    assert raw.version == "3.0.1"


def left_behind(folder):
    """What lies in a data folder but lock files."""
    return [p.name for p in folder.iterdir() if not p.name.startswith(".lock")]


def test_files_of_the_user(miniature, tmp_path):
    folder, arrays = miniature
    raw = read(tmp_path / "data", folder)
    check_against(raw, arrays)
    assert left_behind(tmp_path / "data") == ["mnist"]
    assert read(tmp_path / "data").checksum == raw.checksum  # needs neither files nor a network


def test_files_of_a_server(miniature, server, tmp_path, serve_from):
    serve_from(server)
    check_against(read(tmp_path / "data"), miniature[1])
    assert left_behind(tmp_path / "data") == ["mnist"]


def test_the_rest_comes_from_the_server(miniature, server, tmp_path, serve_from):
    folder, arrays = miniature
    serve_from(server)
    mine = tmp_path / "mine"
    mine.mkdir()
    (folder / FILES[1]).rename(mine / FILES[1])
    check_against(read(tmp_path / "data", mine), arrays)


def fails(*arguments, within=30.0):
    """The one line that reading MNIST fails with, soon."""
    start = time.monotonic()
    with pytest.raises(UserError) as caught:
        read(*arguments)
    assert time.monotonic() - start < within
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_network(miniature, tmp_path):
    line = fails(tmp_path / "data", within=5)
    assert "--manual_dir" in line
    assert all(name in line for name in FILES)
    assert not (tmp_path / "data").exists()


def test_no_network_and_a_file_missing(miniature, tmp_path):
    (miniature[0] / FILES[2]).unlink()
    line = fails(tmp_path / "data", miniature[0], within=5)
    assert FILES[2] in line
    assert FILES[0] not in line


def test_a_server_that_never_answers(serve_from, tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        serve_from(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        monkeypatch.setattr(download, "PATIENCE", 0.2)
        line = fails(tmp_path / "data", within=5)
    assert "cannot be downloaded" in line


def test_a_name_that_is_looked_up_for_ever(serve_from, tmp_path, monkeypatch):
    released = threading.Event()

    def look_up(*arguments, **options):
        released.wait(20)
        raise socket.gaierror("no such name")

    serve_from("http://somewhere.invalid/")
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(download, "PATIENCE", 0.2)
    try:
        assert "cannot be downloaded" in fails(tmp_path / "data", within=5)
    finally:
        released.set()


def test_a_server_without_the_files(miniature, server, tmp_path, serve_from):
    serve_from(server)
    for name in FILES:
        (miniature[0] / name).unlink()
    assert "cannot be downloaded" in fails(tmp_path / "data", within=5)


def test_a_download_that_breaks_off(miniature, server, tmp_path, serve_from):
    serve_from(server)
    (miniature[0] / FILES[3]).unlink()  # the first one is there when the server is asked
    assert "broke off" in fails(tmp_path / "data", within=5)
    assert left_behind(tmp_path / "data") == []


def test_another_file_on_the_server(miniature, server, tmp_path, serve_from):
    serve_from(server)
    (miniature[0] / FILES[3]).write_bytes(gzip.compress(b"\0\0\x08\1\0\0\0\0"))
    assert FILES[3] in fails(tmp_path / "data")
    assert left_behind(tmp_path / "data") == []


def test_another_file_of_the_user(miniature, tmp_path):
    path = miniature[0] / FILES[1]
    path.write_bytes(path.read_bytes()[:-1])
    line = fails(tmp_path / "data", miniature[0])
    assert str(path) in line
    assert "wrong checksum" in line
    assert not (tmp_path / "data").exists()


def test_no_such_manual_dir(tmp_path):
    line = fails(tmp_path / "data", tmp_path / "nowhere")
    assert (
        line == f"--manual_dir={tmp_path / 'nowhere'} is not a directory; name the one that "
        f"holds your files"
    )


def test_read_idx_rejects_other_files(tmp_path):
    path = tmp_path / "other.gz"
    path.write_bytes(gzip.compress(b"hello there"))
    with pytest.raises(ValueError, match="not an IDX file"):
        read_idx(path)


@pytest.mark.slow
def test_the_real_files(shared_data, tmp_path):
    folder = shared_data / "mnist"
    raw = read(tmp_path, folder)
    images = {name: direct(folder / name, 16).reshape(-1, 28, 28) for name in (FILES[0], FILES[2])}
    labels = {name: direct(folder / name, 8) for name in (FILES[1], FILES[3])}
    check_against(raw, images | labels)
    assert (len(raw.train.targets), len(raw.test.targets)) == (60_000, 10_000)
    start = time.monotonic()
    assert read(tmp_path).checksum == raw.checksum
    assert time.monotonic() - start < 3
