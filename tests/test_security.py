"""Files that were made to do harm: nothing of them is run, written elsewhere, or believed."""

import contextlib
import io
import json
import re
import shutil
import struct
import tarfile
import tracemalloc
import wave
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlfun import data
from dlfun.data import arrays
from dlfun.data.tfds.stock import files_of_archive, unpack
from dlfun.data.user_files.read_inputs import read_given
from dlfun.errors import UserError
from dlfun.records import recorded
from dlfun.report.html import write_report
from dlfun.results.columns import Columns
from dlfun.results.sources import read_results
from dlfun.training.checkpoints import files as checkpoint_files
from dlfun.training.checkpoints.store import Checkpoints
from dlfun.types import DataOptions
from tests.data.test_given import PIXELS, SEQUENCE
from tests.data.test_own import save_images, save_recordings
from tests.report import records

ROOT = Path(__file__).resolve().parents[1]
SMALL = 32 * 2**20
"""Bytes that reading a file which claims far more may take."""


class Trap:
    """What leaves a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def head(shape, dtype="<f4"):
    """The head of an array that is not there."""
    file = io.BytesIO()
    fields = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, fields)
    return file.getvalue()


def archive(path, content):
    """An .npz whose arrays are these bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name in ("inputs", "targets"):
            made.writestr(f"{name}.npy", content)
    return path


def trapped(folder, mark):
    objects = np.array([Trap(mark)], object)
    np.savez(folder / "a.npz", inputs=objects, targets=objects)
    return folder / "a.npz"


MADE = {
    "objects": lambda folder: trapped(folder, folder / "mark"),
    "a giant": lambda folder: archive(folder / "a.npz", head((2**48, 5, 1))),
    "a giant of many axes": lambda folder: archive(folder / "a.npz", head((2**31, 2**31, 2**31))),
    "below nothing": lambda folder: archive(folder / "a.npz", head((-(2**40), 5, 1)) + b"\0" * 99),
    "a bomb": lambda folder: archive(folder / "a.npz", head((2**20, 5, 1)) + bytes(5 * 2**22)),
}


def damaged_history(folder, file):
    made = records.make_record(folder / "r", seeds=3)
    shutil.copy(file, made / "history.npz")
    return made


def as_report(folder, file):
    write_report(folder, [damaged_history(folder, file)])


READERS = {
    "record": lambda folder, file: recorded.read_record(damaged_history(folder, file)),
    "report": as_report,
    "own data": lambda folder, file: data.read(str(file), DataOptions()),
    "new inputs": lambda folder, file: read_given([file], SEQUENCE),
    "judged": lambda folder, file: read_results(str(file), Columns()),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("made", MADE)
def test_arrays_made_to_do_harm_are_refused_unread(tmp_path, monkeypatch, made, reader):
    monkeypatch.setattr(arrays, "LARGEST", 2**20)
    file = MADE[made](tmp_path)
    tracemalloc.start()
    with pytest.raises(UserError, match=r"(a|history)\.npz") as caught:
        READERS[reader](tmp_path, file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "mark").exists()
    assert peak < SMALL


def test_a_single_array_made_to_do_harm_is_refused_unread(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.array([Trap(tmp_path / "mark")], object))
    with pytest.raises(UserError, match="an array of Python objects"):
        read_given([path], SEQUENCE)
    path.write_bytes(head((2**48, 5, 1)))
    with pytest.raises(UserError, match="ends before its last number"):
        read_given([path], SEQUENCE)
    assert not (tmp_path / "mark").exists()


def test_no_code_is_read_anywhere():
    """The benchmark's own processes, of one machine and moment, hand their work over by pickle."""
    known = {"dlfun/benchmark/process.py", "dlfun/benchmark/worker.py"}
    unsafe = (
        r"\bpickle\.|allow_pickle=True|joblib\.load|\bmarshal\b|\b(eval|exec)\("
        r"|yaml\.(?!safe_load|YAMLError)\w+\(|shelve"
    )
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("dlfun", "experiments")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(unsafe, path.read_text())
    }
    assert found == known


def test_a_checkpoint_that_claims_giants_is_refused_unread(tmp_path, capfd):
    """One whose arrays, behind checksums that fit, claim 4 TiB."""
    tensorstore = pytest.importorskip("tensorstore")
    folder = tmp_path / "x" / "a"
    checkpoint_files.write(folder, checkpoint_files.Saved({"x": np.ones(3)}, {}))
    where = {"driver": "ocdbt", "base": f"file://{folder / '0001'}/", "path": "0/"}
    shape = {"zarr_format": 2, "shape": [2**40], "chunks": [2**20], "dtype": "<f4", "order": "C"}
    shape |= {"compressor": None, "filters": None, "fill_value": None}
    spec = {"driver": "zarr", "kvstore": where, "metadata": shape}
    tensorstore.open(spec, create=True, delete_existing=True).result()
    manifest = json.loads((folder / "0001.json").read_text())
    del manifest["sha256"]
    files = checkpoint_files.files_of(folder / "0001")
    manifest["files"] = {name: [size, digest] for name, size, digest in files}
    (folder / "0001.json").write_text(json.dumps(checkpoint_files.sealed(manifest)))
    assert Checkpoints(tmp_path / "x", {}).load("a") is None
    assert "0001: damaged (its arrays would take 4096 GiB)" in capfd.readouterr().err


def png(path, width, height):
    """A picture that claims a size and holds next to nothing."""

    def chunk(kind, content):
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", size), chunk(b"IDAT", zlib.compress(bytes(99))), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def wav(path, claimed):
    """A recording that claims so many bytes and holds a few."""
    with wave.open(str(path), "w") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(1000))
    content = bytearray(path.read_bytes())
    content[40:44] = struct.pack("<I", claimed)
    content[4:8] = struct.pack("<I", claimed + 36)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("size", [(12_000, 8_000), (60_000, 60_000)])
def test_pictures_that_claim_giants_are_refused_unread(tmp_path, size):
    assert Image.MAX_IMAGE_PIXELS < 12_000 * 8_000
    folder = save_images(tmp_path / "faces")
    png(folder / "cat" / "0.png", *size)
    tracemalloc.start()
    with pytest.raises(UserError, match=r"0\.png cannot be read as an image \(Decompression"):
        data.read(str(folder), DataOptions())
    with pytest.raises(UserError, match=r"0\.png (cannot be read|is of 12000 x 8000)"):
        read_given([folder / "cat" / "0.png"], PIXELS)
    assert tracemalloc.get_traced_memory()[1] < SMALL
    tracemalloc.stop()


def test_recordings_that_claim_giants_are_refused_unread(tmp_path):
    folder = save_recordings(tmp_path / "words")
    wav(folder / "yes" / "0.wav", 2**30)
    tracemalloc.start()
    with pytest.raises(UserError, match=r"0\.wav ends before its last sample"):
        data.read(str(folder), DataOptions())
    assert tracemalloc.get_traced_memory()[1] < SMALL
    tracemalloc.stop()


def tar(path, members):
    """An archive of members: name -> content, or where a link leads to."""
    with tarfile.open(path, "w") as made:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                made.addfile(info)
            else:
                info.size = len(content)
                made.addfile(info, io.BytesIO(content))
    return path


def test_an_archive_is_unpacked_by_any_python_alike(tmp_path, monkeypatch):
    """Its own way to do so has no filter before 3.11.4."""

    def extractall(self, path=".", members=None, *, numeric_owner=False):
        raise AssertionError("whatever the archive says")

    monkeypatch.setattr(tarfile.TarFile, "extractall", extractall)
    files = {"a/b/c.txt": b"deep", "./d.txt": b"flat", "a/e": b""}
    assert unpack(tar(tmp_path / "a.tar", files.items()), tmp_path / "in") == tmp_path / "in"
    found = {p.relative_to(tmp_path / "in").as_posix(): p for p in (tmp_path / "in").rglob("*")}
    found = {name: path.read_bytes() for name, path in found.items() if path.is_file()}
    assert found == {name.removeprefix("./"): content for name, content in files.items()}


OUTSIDE = {
    "above": [("../evil", b"x")],
    "hidden above": [("a/../../evil", b"x")],
    "absolute": [("{}/evil", b"x")],
    "a link": [("a", ".."), ("a/evil", b"x")],
    "an absolute link": [("a", "{}"), ("a/evil", b"x")],
}


@pytest.mark.parametrize("kind", ["tar", "zip"])
@pytest.mark.parametrize("case", OUTSIDE)
def test_archives_are_unpacked_inside_their_folder(tmp_path, case, kind):
    members = [
        (name.format(tmp_path), part.format(tmp_path) if isinstance(part, str) else part)
        for name, part in OUTSIDE[case]
    ]
    path, folder = tmp_path / f"a.{kind}", tmp_path / "in" / "folder"
    folder.mkdir(parents=True)
    if kind == "tar":
        tar(path, members)
        unpack(path, folder)
        read = list(files_of_archive(path))
        assert all(".." not in name and not name.startswith("/") for name, _ in read)
    else:
        with zipfile.ZipFile(path, "w") as made:
            for name, content in members:
                info = zipfile.ZipInfo(name)
                info.external_attr = (0o120777 if isinstance(content, str) else 0o644) << 16
                made.writestr(info, content)
        with contextlib.suppress(OSError):  # a link becomes a plain file, which holds no other
            unpack(path, folder)
    there = [p.relative_to(tmp_path) for p in tmp_path.rglob("*")]
    assert {p.parts[0] for p in there} <= {path.name, "in"}
    assert {p.parts[1] for p in there if len(p.parts) > 1} <= {"folder"}
    assert not any((tmp_path / p).is_symlink() for p in there)


def sparse(path, start, size):
    """A file that begins so, and claims so many bytes more of which none is on disk."""
    path.write_bytes(start)
    with path.open("ab") as file:
        file.truncate(len(start) + size)
    return path


def test_arrays_are_bombs_by_their_size_and_by_that_of_their_file(tmp_path, monkeypatch):
    """4 MiB of one-hot rows in 0.1 MiB are data; zeros in 0.01 MiB are none."""
    monkeypatch.setattr(arrays, "LARGEST", 2**20)
    classes = np.random.default_rng(0).integers(0, 64, 2**16)
    path = tmp_path / "a.npz"
    for inputs in (np.eye(64, dtype=np.uint8)[classes], np.zeros((2**16, 64), np.uint8)):
        np.savez_compressed(path, inputs=inputs, targets=(classes % 2).astype(np.uint8) * 0)
        size = path.stat().st_size
        if inputs.any():
            assert arrays.load_npz(path)["inputs"].nbytes > 4 * arrays.LARGEST - 1 > 20 * size
    with pytest.raises(UserError, match=r"would take 4\.06 MiB, \d{3} times as much as the file"):
        data.read(str(path), DataOptions())


def test_files_larger_than_the_memory_are_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr("dlfun.host_memory.free_bytes", lambda: 2**20)
    monkeypatch.setattr("dlfun.data.arrays.free_bytes", lambda: 2**20)
    numbers = np.zeros((2**16, 5), np.float32)
    np.savez(tmp_path / "a.npz", inputs=numbers, targets=np.arange(2**16))
    table = sparse(tmp_path / "a.csv", b"x,y\n", 2**30)
    inputs = sparse(tmp_path / "b.npy", head((2**28, 5, 1)), 5 * 2**30)
    for read in (
        lambda: data.read(str(tmp_path / "a.npz"), DataOptions()),
        lambda: data.read(str(table), DataOptions()),
        lambda: read_given([inputs], SEQUENCE),
        lambda: read_given([table], SEQUENCE),
    ):
        with pytest.raises(UserError, match=r"would take .*GiB|would take .*MiB") as caught:
            read()
        assert "\n" not in str(caught.value)
