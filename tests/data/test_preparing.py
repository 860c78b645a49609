"""Preparing is atomic, happens once, and what is damaged is noticed."""

import os
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from dlfun import data
from dlfun.config.options import DataOptions
from dlfun.data.catalog.digits import Digits
from dlfun.data.tfds import memory, prepare
from dlfun.errors import UserError

READ = """
import sys
from dlfun import data
from dlfun.config.options import DataOptions
print(data.read(sys.argv[1], DataOptions(data_dir=sys.argv[2])).checksum)
"""
KILLED = """
import os, signal
from dlfun.data.tfds import prepare
prepare.move = lambda where: os.kill(os.getpid(), signal.SIGKILL)
"""


def start(code, name, folder):
    return subprocess.Popen(
        [sys.executable, "-c", code, name, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def visible(folder):
    return sorted(p.name for p in folder.iterdir() if not p.name.startswith(".lock"))


def options(folder):
    return DataOptions(data_dir=str(folder))


@pytest.fixture
def copied(read, data_dir, tmp_path):
    """A folder with digits prepared in it, to be spoilt."""
    read("digits")
    shutil.copytree(data_dir / "digits", tmp_path / "digits")
    return tmp_path


def test_two_processes_prepare_at_once(read, tmp_path):
    running = [start(READ, "adding", tmp_path) for _ in range(2)]
    ends = [(*process.communicate(timeout=100), process.returncode) for process in running]
    assert [code for _, _, code in ends] == [0, 0], ends
    assert {out.strip() for out, _, _ in ends} == {read("adding").checksum}
    assert visible(tmp_path) == ["adding"]


def test_the_one_that_waited_does_not_prepare_again(copied, monkeypatch):
    calls = []
    monkeypatch.setattr(prepare, "build", lambda where, manual: calls.append(where))
    where = prepare.Place("digits", Digits, "", copied)
    prepare.prepare(where, None)
    assert calls == []


def test_preparing_waits_for_the_lock(tmp_path):
    where = prepare.Place("xor", None, "", tmp_path)
    with prepare.locked(where):
        other = start(READ, "xor", tmp_path)
        watchdog = threading.Timer(60, other.kill)
        watchdog.start()
        assert other.stderr.readline() == "dlfun: preparing xor ...\n"  # said after 2 s
        assert visible(tmp_path) == []
    out, err = other.communicate(timeout=60)
    watchdog.cancel()
    assert other.returncode == 0, err
    assert len(out.strip()) == 64


def test_killed_while_preparing(read, tmp_path):
    process = start(KILLED + READ, "mnist1d", tmp_path)
    process.communicate(timeout=60)
    assert process.returncode == -9
    assert visible(tmp_path) == ["incomplete.mnist1d"]
    for records in (tmp_path / "incomplete.mnist1d").rglob("*.array_record*"):
        records.write_bytes(b"half")
    assert data.read("mnist1d", options(tmp_path)).checksum == read("mnist1d").checksum
    assert visible(tmp_path) == ["mnist1d"]


FULL = (
    OSError(28, "No space left on device"),
    RuntimeError('Failed to finalize split "train": write() failed: No space left on device; at 9'),
)


@pytest.mark.parametrize("error", FULL, ids=["system", "array_record"])
def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch, error):
    def broken(self, dl_manager):
        raise error

    monkeypatch.setattr(Digits, "_split_generators", broken)
    with pytest.raises(UserError, match=r"cannot write to --data_dir=.*No space left"):
        data.read("digits", options(tmp_path))
    assert visible(tmp_path) == []


def test_an_error_of_another_kind_is_not_hidden(tmp_path, monkeypatch):
    def broken(self, dl_manager):
        raise RuntimeError("a mistake in the code")

    monkeypatch.setattr(Digits, "_split_generators", broken)
    with pytest.raises(RuntimeError, match="a mistake in the code"):
        data.read("digits", options(tmp_path))
    assert visible(tmp_path) == []


def test_output_belongs_to_the_study(tmp_path):
    process = start(READ, "digits", tmp_path)
    out, err = process.communicate(timeout=60)
    assert len(out.strip()) == 64
    assert err in ("", "dlfun: preparing digits ...\n")


@pytest.mark.parametrize("below", ["", "deeper"])
def test_data_dir_is_a_file(tmp_path, below):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UserError, match="cannot write to --data_dir=") as caught:
        data.read("xor", options(file / below))
    assert "\n" not in str(caught.value)


def test_data_dir_cannot_be_made():
    with pytest.raises(UserError, match="cannot write to --data_dir=/proc/nowhere"):
        data.read("xor", options("/proc/nowhere"))


def test_default_folder_is_that_of_tfds(copied, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(copied))
    monkeypatch.setattr(prepare, "build", None)
    assert len(data.read("digits", DataOptions()).train.targets) == 898


@pytest.mark.parametrize("spoil", ["flip", "truncate", "remove"])
@pytest.mark.parametrize(
    "file",
    [
        "digits-train.array_record-00000-of-00001",
        "dataset_info.json",
        "features.json",
        "memory/test_inputs.npy",
    ],
)
def test_a_damaged_file_is_named(copied, file, spoil):
    folder = copied / "digits" / "1.0.0"
    content = (folder / file).read_bytes()
    half = len(content) // 2
    if spoil == "remove":
        (folder / file).unlink()
    elif spoil == "truncate":
        (folder / file).write_bytes(content[:half])
    else:
        (folder / file).write_bytes(
            content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]
        )
    with pytest.raises(UserError) as caught:
        data.read("digits", options(copied))
    assert str(caught.value) == (
        f"{folder / file} is damaged or missing; delete {folder} to prepare it anew"
    )
    shutil.rmtree(folder)
    assert len(data.read("digits", options(copied)).train.targets) == 898


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"arrays": "", "files": 3}'])
def test_a_damaged_seal_is_named(copied, content):
    seal = copied / "digits" / "1.0.0" / "memory" / "seal.json"
    seal.write_text(content)
    with pytest.raises(UserError, match=r"seal\.json is damaged or missing"):
        data.read("digits", options(copied))


def test_a_folder_that_is_no_data_set(tmp_path):
    (tmp_path / "digits" / "1.0.0").mkdir(parents=True)
    with pytest.raises(UserError, match=r"dataset_info\.json is damaged or missing; delete"):
        data.read("digits", options(tmp_path))


def test_data_that_tfds_prepared_are_sealed(read, copied):
    memories = copied / "digits" / "1.0.0" / "memory"
    shutil.rmtree(memories)
    assert data.read("digits", options(copied)).checksum == read("digits").checksum
    assert (memories / "seal.json").is_file()


def test_data_that_tfds_prepared_in_a_folder_for_reading(read, copied, monkeypatch):
    memories = copied / "digits" / "1.0.0" / "memory"
    shutil.rmtree(memories)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    raw = data.read("digits", options(copied))
    assert raw.checksum == read("digits").checksum
    np.testing.assert_array_equal(raw.test.inputs, read("digits").test.inputs)
    assert not memories.exists()


@pytest.mark.parametrize("file", ["digits-train.array_record-00000-of-00001", "dataset_info.json"])
def test_damaged_data_that_tfds_prepared(copied, file):
    folder = copied / "digits" / "1.0.0"
    shutil.rmtree(folder / "memory")
    (folder / file).write_bytes((folder / file).read_bytes()[:100])
    with pytest.raises(UserError, match=r"cannot be read .*; delete it to prepare it anew"):
        data.read("digits", options(copied))


def test_the_checksum_sees_type_shape_and_bytes():
    array = np.arange(6, dtype=np.int32)
    others = [array.astype(np.uint32), array.reshape(2, 3), array[::-1]]
    sums = {memory.arrays_checksum({"a": one}) for one in [array, *others]}
    assert len(sums) == 4
    assert memory.arrays_checksum({"b": array}) not in sums


def test_the_second_reading_is_fast(copied):
    data.read("digits", options(copied))
    begin = time.monotonic()
    data.read("digits", options(copied))
    assert time.monotonic() - begin < 0.5
