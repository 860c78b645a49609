"""A population that goes on from a checkpoint ends with the bits of one that was never stopped."""

import dataclasses
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from dlfun.errors import UserError
from dlfun.models import BPNN, VAE
from dlfun.records.writer import write_record
from dlfun.studies.population.arm import resolve, run_arm
from dlfun.studies.population.stacked import stack
from dlfun.studies.population.study_data import load
from dlfun.training.checkpoints import store as checkpoints
from dlfun.training.checkpoints.files import KEPT, numbers_of
from dlfun.training.checkpoints.store import Checkpoints
from dlfun.types import DataOptions, HParams, Layout
from tests.helpers import After, as_nobody, options, toy

IDENTITY = {"flags": ["--steps=12"], "environment": "here"}
TIMES = ("seconds", "compile_seconds")
WAITS = "the checkpoint before, and the study in memory, which is written when it can be"
DISKS = {
    "full": "a disk that is full in the middle",
    "read-only": "a disk that is read-only from now on",
}
DAMAGES = {
    "flip": "a flipped byte in any file of a checkpoint",
    "truncate": "a truncated or missing file of a checkpoint",
    "version": "a checkpoint of another version",
}


def trained(model, shape, layout, store=None, input="memory", rates=(1e-2,)):
    """The arm of three seeds, under these learning rates."""
    data = stack([toy()])
    study = options({model: shape}, input=input, checkpoints=store)
    numbers = [HParams(learning_rate=rate) for rate in rates]
    settings = resolve(study, model, study.models[model], 70, numbers)
    settings = dataclasses.replace(settings, optimizer="sgd")
    return run_arm(study, settings, data, numbers, layout)


def same(found, wanted):
    """Whether two arms are equal, but for times."""
    rows = [
        [{n: v for n, v in row.items() if n not in TIMES} for row in arm.rows]
        for arm in (found, wanted)
    ]
    np.testing.assert_equal(*rows)
    for part in ("history", "parameters", "predictions"):
        jax.tree.map(np.testing.assert_array_equal, getattr(found, part), getattr(wanted, part))


@pytest.mark.parametrize(
    ("model", "shape", "layout", "input"),
    [
        ("bpnn", BPNN((8,)), Layout(2, 1, chunk=2), "memory"),
        ("bpnn", BPNN((8,)), Layout(2, 2, chunk=4), "stream"),
        ("vae", VAE((8,), latent=2), Layout(1, 3), "memory"),
    ],
)
def test_a_stopped_population_goes_on_with_the_same_bits(tmp_path, model, shape, layout, input):
    """It has two chunks of three intervals, some members fail, and it is stopped at every one."""
    rates = (1e-2, 1e30) if model == "bpnn" else (1e-2,)
    wanted = trained(model, shape, layout, input=input, rates=rates)
    if model == "bpnn":
        assert {row["status"] for row in wanted.rows} == {"ok", "failed"}
    stops = 0
    while True:
        store = Checkpoints(tmp_path / "x", IDENTITY, every=0, stop=After(1 + stops % 2))
        try:
            found = trained(model, shape, layout, store, input, rates)
            break
        except KeyboardInterrupt:
            stops += 1
            store.close()
    assert stops >= 2
    same(found, wanted)
    assert found.rows[0]["seconds"] > 0
    store.remove()
    assert not (tmp_path / "x").exists()


def test_a_finished_population_is_not_trained_again(tmp_path, monkeypatch):
    store = Checkpoints(tmp_path / "x", IDENTITY)
    wanted = trained("bpnn", BPNN((8,)), Layout(1, 3), store)
    store.close()
    again = Checkpoints(tmp_path / "x", IDENTITY)
    monkeypatch.setattr(
        "dlfun.training.population.Population.advance", lambda *args: pytest.fail("trained again")
    )
    same(trained("bpnn", BPNN((8,)), None, again), wanted)  # under the layout it had
    again.close()


def saved(folder, count=3):
    """A store of one population with so many checkpoints, which hold their number."""
    store = Checkpoints(folder, IDENTITY)
    store.open()
    for i in range(1, count + 1):
        store.note("a", {"x": {"y": np.full(3, i), "none": np.zeros((0, 2))}}, {"number": i})
        store.save(wait=True)
    return store


def test_the_newest_checkpoints_are_kept_and_read_back(tmp_path):
    store = saved(tmp_path / "x", 4)
    assert numbers_of(tmp_path / "x" / "a") == [3, 4]
    assert len(numbers_of(tmp_path / "x" / "a")) == KEPT
    found = store.load("a")
    assert found.about == {"number": 4}
    np.testing.assert_array_equal(found.arrays["x"]["y"], [4, 4, 4])
    assert found.arrays["x"]["none"].shape == (0, 2)
    assert store.load("b") is None
    assert store.written == 4
    store.close()


def test_numbers_grow_as_long_as_a_study_runs(tmp_path):
    store = saved(tmp_path / "x", 1)
    a = tmp_path / "x" / "a"
    for end in ("", ".json"):
        (a / f"0001{end}").rename(a / f"9999{end}")
    for i in (2, 3):
        store.note("a", {"x": np.full(3, i)}, {"number": i})
        store.save(wait=True)
    assert numbers_of(a) == [10_000, 10_001]
    assert store.load("a").about == {"number": 3}
    store.close()


def test_a_clock_that_is_set_back_changes_nothing(tmp_path, monkeypatch, capfd, fault):
    """By a day again and again, between any two looks at it; the times of files are unsorted."""
    looks, now = itertools.count(), time.time
    monkeypatch.setattr(time, "time", lambda: now() - 86_400 * (next(looks) // 3))
    monkeypatch.setattr(time, "time_ns", lambda: int(time.time() * 1e9))
    wanted = trained("bpnn", BPNN((8,)), Layout(1, 3))
    store = Checkpoints(tmp_path / "x", IDENTITY, every=0, stop=After(2))
    with pytest.raises(KeyboardInterrupt):
        trained("bpnn", BPNN((8,)), Layout(1, 3), store)
    store.close()
    manifests = sorted((tmp_path / "x").rglob("[0-9]*.json"))
    assert len(manifests) == 2
    for age, path in enumerate(manifests):
        os.utime(path, (2e9 - 1e8 * age,) * 2)
    with pytest.raises(UserError, match="unfinished study"):
        Checkpoints(tmp_path / "x", IDENTITY | {"flags": []}).open()
    capfd.readouterr()
    again = Checkpoints(tmp_path / "x", IDENTITY)
    assert again.load(manifests[0].parent.name).about["chunks"]["0"]["intervals"] == 2
    found = trained("bpnn", BPNN((8,)), None, again)
    same(found, wanted)
    assert found.rows[0]["seconds"] > 0
    assert "going on from there; it has checkpoints of 1 population" in capfd.readouterr().err
    again.close()
    assert next(looks) > 30
    fault("the clock set back again and again", "", "everything")


@pytest.mark.parametrize("how", ["flip", "truncate", "remove", "version", "garbled", "sealed"])
def test_damage_to_any_file_is_seen_and_the_one_before_is_taken(tmp_path, capfd, how, fault):
    saved(tmp_path / "x").close()
    newest = tmp_path / "x" / "a" / "0003"
    files = [path for path in newest.rglob("*") if path.is_file() and path.stat().st_size]
    manifest = newest.with_suffix(".json")
    if how in ("version", "garbled", "sealed"):
        files = [manifest]
    assert files
    whole = tmp_path / "whole"
    shutil.copytree(tmp_path / "x", whole)
    for file in files:
        data = bytearray(file.read_bytes())
        if how == "flip":
            data[len(data) // 2] ^= 1
        elif how == "truncate":
            del data[-1]
        elif how == "version":
            data = json.dumps(json.loads(data) | {"format": 99}).encode()
        elif how == "garbled":
            data = b"{"
        elif how == "sealed":
            data = data.replace(b'"number": 3', b'"number": 7')
        file.unlink() if how == "remove" else file.write_bytes(data)
        store = Checkpoints(tmp_path / "x", IDENTITY)
        assert store.load("a").about == {"number": 2}
        said = capfd.readouterr().err
        assert "0003: damaged" in said
        shutil.rmtree(tmp_path / "x")
        shutil.copytree(whole, tmp_path / "x")
    if how in DAMAGES:
        line = re.sub(r"(of |\()\S+( does| has)", r"\1...\2", said)  # the file, as Orbax names it
        fault(DAMAGES[how], line, "all up to the checkpoint before")
    for path in (tmp_path / "x" / "a").glob("000?/manifest.ocdbt"):
        path.unlink()
    assert Checkpoints(tmp_path / "x", IDENTITY).load("a") is None


def test_what_was_being_written_at_a_kill_is_swept_out(tmp_path):
    saved(tmp_path / "x").close()
    a = tmp_path / "x" / "a"
    (a / "0004").mkdir()
    (a / "0005.orbax-checkpoint-tmp-1").mkdir()
    (a / "0004.json.part").touch()
    store = Checkpoints(tmp_path / "x", IDENTITY)
    store.open()
    assert sorted(path.name for path in a.iterdir()) == ["0002", "0002.json", "0003", "0003.json"]
    assert store.load("a").about == {"number": 3}
    store.close()


def test_a_folder_belongs_to_one_process_and_one_study(tmp_path, capfd, monkeypatch, fault):
    store = saved(tmp_path / "x")
    with pytest.raises(UserError, match=f"process {os.getpid()} on .* works on it") as caught:
        Checkpoints(tmp_path / "x", IDENTITY).open()
    fault("a second process on the directory", caught.value, "everything")
    store.close()
    rows = iter(("the same directory with other flags", "a directory of another version of dlfun"))
    for change, what in (
        ({"flags": ["--steps=13"]}, "unfinished study with --steps=12 where this one has .*=13"),
        ({"format": 99}, "another version of dlfun"),
    ):
        if "format" in change:
            monkeypatch.setattr(checkpoints, "FORMAT", 99)
        other = Checkpoints(tmp_path / "x", IDENTITY | change)
        with pytest.raises(UserError, match=what) as caught:
            other.open()
        fault(next(rows), caught.value, "everything")
    monkeypatch.undo()
    elsewhere = Checkpoints(tmp_path / "x", IDENTITY | {"environment": "elsewhere"})
    elsewhere.open()
    said = capfd.readouterr().err.splitlines()[-2]
    assert "begun with here, and goes on with elsewhere" in said
    fault("other versions or devices than at the start", said, "everything")
    elsewhere.close()
    path = tmp_path / "x" / "identity.json"
    for text in ("{", path.read_text().replace("--steps=12", "--steps=13")):
        path.write_text(text)
        again = Checkpoints(tmp_path / "x", IDENTITY)
        again.open()
        said = capfd.readouterr().err.splitlines()[0]
        fault("damage to the file that says whose study it is", said, "everything")
        assert again.load("a").about == {"number": 3}
        again.close()


def test_a_study_goes_on_with_the_data_it_was_begun_with(tmp_path, fault):
    """Whatever it reads: that a file of the same name was edited is said before anything."""
    path = tmp_path / "t.csv"

    def study(text):
        path.write_text(text)
        store = Checkpoints(tmp_path / "x", IDENTITY)
        data = DataOptions(validation_fraction=0.0)
        return options(("softmax",), datasets=(str(path),), data=data, checkpoints=store)

    table = "".join(f"{i},{'ab'[i % 2]}\n" for i in range(20))
    begun = study("n,class\n" + table)
    load(str(path), begun)
    begun.checkpoints.note("a", {"x": np.ones(3)}, {})
    begun.checkpoints.open()
    begun.checkpoints.close()
    with pytest.raises(UserError, match="data set t was changed since it was begun") as caught:
        load(str(path), study("n,class\n" + table.replace("3,", "4,")))
    fault("the same command, and the data were edited meanwhile", caught.value, "everything")
    shutil.copytree(tmp_path / "x", tmp_path / "kept")
    shutil.rmtree(tmp_path / "x" / "a")  # nothing was done, and nothing is lost
    load(str(path), study("n,class\n" + table.replace("3,", "4,")))
    shutil.rmtree(tmp_path / "x")
    (tmp_path / "kept").rename(tmp_path / "x")
    back = study("n,class\n" + table)  # put back
    load(str(path), back)
    back.checkpoints.open()
    assert back.checkpoints.load("a") is not None
    back.checkpoints.close()


def test_a_study_that_kept_nothing_leaves_no_folder(tmp_path):
    store = Checkpoints(tmp_path / "x", IDENTITY)
    store.open()
    assert (tmp_path / "x").is_dir()
    store.close()
    assert not (tmp_path / "x").exists()


def test_checkpoints_take_a_small_part_of_the_time(tmp_path, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
    store = Checkpoints(tmp_path / "x", IDENTITY)
    now[0] += 59
    assert not store.due()
    now[0] += 2
    assert store.due()
    store._cost = 3.0  # the last one took so long
    assert not store.due()
    now[0] += 3.0 / 0.02
    assert store.due()
    assert Checkpoints(tmp_path / "x", IDENTITY, every=0).due()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 kB; the test is skipped where none can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("kind", ["full", "read-only"])
def test_a_disk_that_fails_in_the_middle_costs_only_its_checkpoint(small_disk, capfd, kind, fault):
    store = saved(small_disk / "x")
    if kind == "full":
        store.note("a", {"x": {"y": np.random.default_rng(0).normal(size=100_000)}}, {"number": 4})
    else:
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        store.note("a", {"x": {"y": np.ones(3)}}, {"number": 4})
    store.save(wait=True)
    said = capfd.readouterr().err
    assert "no checkpoint was written" in said
    assert {"full": "No space left", "read-only": "Read-only file system"}[kind] in said
    fault(DISKS[kind], said.replace("disk/", ""), WAITS)
    assert store.load("a").about == {"number": 4}  # it waits to be written
    if kind == "read-only":
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        store.save(wait=True)
    store.close()
    wanted = {"number": 4 if kind == "read-only" else 3}
    assert Checkpoints(small_disk / "x", IDENTITY).load("a").about == wanted


def test_a_disk_too_full_for_the_record_costs_nothing(small_disk, fault):
    store = saved(small_disk / "r.unfinished")
    with pytest.raises(UserError, match="No space left on device") as caught:
        write_record(
            small_disk / "r", lambda folder: (folder / "x").write_bytes(bytes(10**6)), False, store
        )
    store.close()
    assert [path.name for path in small_disk.iterdir()] == ["r.unfinished"]
    said = UserError(str(caught.value).replace("disk/", ""))
    fault("a disk too full for the record", said, "all that was trained")


def test_a_right_that_is_lost_in_the_middle_costs_only_the_checkpoint(capfd, fault):
    above = Path(tempfile.mkdtemp(prefix="dlfun-closed-"))
    above.chmod(0o755)
    store = saved(above / "x")
    store.note("a", {"x": {"y": np.ones(3)}}, {"number": 4})
    with as_nobody(above / "x" / "a"):
        store.save(wait=True)
    said = capfd.readouterr().err.replace(f"{above}/", "")
    assert "no checkpoint was written (Permission denied)" in said
    fault("a right to write that is lost in the middle", said, WAITS)
    store.close()
    assert Checkpoints(above / "x", IDENTITY).load("a").about == {"number": 4}
    shutil.rmtree(above)
