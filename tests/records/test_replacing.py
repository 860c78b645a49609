"""A record takes the place of another, and is killed, refused and hindered on the way."""

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dlfun.cli import app, checkpoint_flags, study_flags
from dlfun.cli.commands import train
from dlfun.errors import UserError
from dlfun.records import folders
from dlfun.records.checksums import write_checksums
from dlfun.records.replacement import begin, end, finish, rehearse
from dlfun.records.writer import write_record
from dlfun.training.checkpoints.store import Checkpoints
from tests.helpers import as_nobody

KILLED = """
import os, signal, sys
from pathlib import Path
from dlfun.records import replacement as replacing

building, output, at = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
rename, done = os.rename, []

def renamed(*names):
    if len(done) == at:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(rename(*names))

replacing.os.rename, rmtree = renamed, replacing.shutil.rmtree
replacing.place(building, output, overwrite=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def record(folder, text):
    folder.mkdir(exist_ok=True)
    (folder / "config.flags").write_text(text)
    write_checksums(folder)


def killed(output, at, half=False):
    """A process that replaces a record, and is killed before its rename of this number."""
    record(output, "old")
    building = begin(output)
    record(building, "new")
    if half:
        (building / "config.flags").write_text("half")
    command = [sys.executable, "-c", KILLED, str(building), str(output), str(at)]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    return building.parent


@pytest.mark.parametrize(
    ("at", "half", "there", "wanted"),
    [(0, False, True, "old"), (1, False, False, "new"), (1, True, False, "old"),
     (2, False, True, "new")],
)  # fmt: skip
def test_a_kill_while_a_record_is_replaced_loses_none(
    tmp_path, capfd, fault, at, half, there, wanted
):
    output = tmp_path / "r"
    hidden = killed(output, at, half)
    assert output.exists() == there
    (tmp_path / "r.unfinished" / "population").mkdir(parents=True)  # whose process is gone
    app.parse(train.FLAGS, ["train", f"--output_dir={output}"])
    with pytest.raises(UserError, match="already holds a record"):
        study_flags.study_options(train.FLAGS)
    assert (output / "config.flags").read_text() == wanted
    assert not hidden.exists()
    said = capfd.readouterr().err
    assert bool(said) == (at == 1)
    assert (tmp_path / "r.unfinished").exists() == (not (at == 1 and wanted == "new"))
    if said and not half:
        what = "SIGKILL between the two steps by which `--overwrite` replaces a record"
        fault(what, said, "the new record; the old one where that is not whole")


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("there", ["nothing", "no parent", "an empty folder", "a record"])
def test_a_rehearsal_leaves_all_as_it_was(tmp_path, there):
    output = tmp_path / ("new/deep/r" if there == "no parent" else "r")
    if there == "an empty folder":
        output.mkdir()
        output.chmod(0o2770)
    if there == "a record":
        record(output, "old")
    before = everything(tmp_path)
    rehearse(output, overwrite=there == "a record")
    assert everything(tmp_path) == before
    if output.exists():
        assert stat.S_IMODE(output.stat().st_mode) == (0o755 if there == "a record" else 0o2770)


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (errno.EBUSY, r"is a mount point, .*; name one inside, such as --output_dir=.*/r/study"),
        (errno.EPERM, "Operation not permitted; name another"),
    ],
)
@pytest.mark.parametrize("holds", [True, False])
def test_a_folder_whose_place_nothing_can_take_is_refused_first(
    tmp_path, monkeypatch, number, what, holds
):
    """As the system refuses it, be it by its mount or by its rights."""
    output, rename = tmp_path / "r", os.rename
    if holds:
        record(output, "old")
    else:
        output.mkdir()

    def refused(source, target):
        if output in (Path(source), Path(target)):
            raise OSError(number, os.strerror(number))
        rename(source, target)

    monkeypatch.setattr(os, "rename", refused)
    app.parse(train.FLAGS, ["train", f"--output_dir={output}", "--overwrite"])
    with pytest.raises(UserError, match=f"--output_dir={output}: {what}"):
        study_flags.study_options(train.FLAGS)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
    assert (output / "config.flags").exists() == holds


@pytest.mark.parametrize("mounted", ["itself", "above"])
def test_a_mount_point_takes_no_record_and_a_folder_in_it_does(tmp_path, mounted):
    mount = tmp_path / "mount"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(mount)]
    if os.getuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    try:
        if mounted == "itself":
            with pytest.raises(UserError, match="is a mount point"):
                rehearse(mount)
        else:
            rehearse(mount / "r")
        assert not list(mount.iterdir())
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_a_name_that_is_too_long_with_what_is_put_around_it_is_refused_first(tmp_path):
    with pytest.raises(UserError, match="File name too long"):
        rehearse(tmp_path / ("r" * 250))
    assert not list(tmp_path.iterdir())


def test_a_link_stands_for_the_folder_that_it_leads_to(tmp_path):
    (tmp_path / "real").mkdir()
    for name, target in (("link", "real"), ("nowhere", "gone"), ("loop", "loop")):
        (tmp_path / name).symlink_to(target)
    app.parse(train.FLAGS, ["train", f"--output_dir={tmp_path}/link"])
    output = study_flags.study_options(train.FLAGS).output_dir
    assert output == str(tmp_path / "real")
    write_record(output, lambda folder: None)
    assert (tmp_path / "link").is_symlink()
    assert [path.name for path in (tmp_path / "link").iterdir()] == ["checksums.txt"]
    for name in ("nowhere", "loop"):
        with pytest.raises(UserError, match=r"is a link to .*, which is not there; make"):
            folders.followed(str(tmp_path / name))
    with pytest.raises(UserError, match="nowhere is a link that leads nowhere"):
        folders.check_output_dir(str(tmp_path / "nowhere" / "r"))


@pytest.mark.parametrize(
    ("name", "what"), [("caf\udce9", "is no text in UTF-8"), ("a\0b", "holds a zero byte")]
)
def test_a_record_whose_place_has_no_usable_name_is_refused_first(tmp_path, name, what):
    with pytest.raises(UserError, match=f"--output_dir.*{what}"):
        folders.check_output_dir(str(tmp_path / name / "r"))


def test_what_others_are_writing_stays(tmp_path):
    output = tmp_path / "r"
    mine = begin(output)
    others = [begin(tmp_path / name) for name in ("r-2", "x")]
    (tmp_path / ".r-abcdefgh").mkdir()
    (tmp_path / ".r-abcdefgh" / "notes").touch()
    assert not end(output, nobody_else=False)
    assert mine.exists()
    assert not end(output, nobody_else=True)
    assert not mine.parent.exists()
    assert all(path.exists() for path in (*others, tmp_path / ".r-abcdefgh" / "notes"))
    finish(tmp_path / "nowhere" / "r")


def test_another_process_that_writes_a_record_is_left_alone(tmp_path):
    store = Checkpoints(tmp_path / "r.unfinished", {})
    store.open()
    app.parse(train.FLAGS, ["train"])
    with pytest.raises(UserError, match=f"process {os.getpid()} on .* works on it"):
        checkpoint_flags.finish_replacing(train.FLAGS, str(tmp_path / "r"))
    store.close()


@pytest.fixture
def closed():
    """A folder that may be read, and not be written to, by whoever is not root."""
    folder = Path(tempfile.mkdtemp(prefix="dlfun-closed-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_no_right_to_write_is_said_before_anything_is_trained(closed, fault):
    app.parse(train.FLAGS, ["train", f"--output_dir={closed}/r"])
    with as_nobody(closed), pytest.raises(UserError) as caught:
        study_flags.study_options(train.FLAGS)
    said = str(caught.value).replace(str(closed), "runs")
    fault("no right to write to `--output_dir`", UserError(said), "nothing was begun")


def test_a_right_that_is_lost_before_the_record_costs_nothing(closed, fault):
    record(closed / "r", "old")
    store = Checkpoints(closed / "r.unfinished", {})
    with as_nobody(closed), pytest.raises(UserError) as caught:
        write_record(closed / "r", lambda folder: None, overwrite=True, checkpoints=store)
    assert (closed / "r" / "config.flags").read_text() == "old"
    said = str(caught.value).replace(str(closed), "runs")
    fault("no right to write any more when the record is to be written", UserError(said),
          "all that was trained, and the old record")  # fmt: skip


def test_a_record_that_cannot_get_its_place_leaves_the_old_one(tmp_path, monkeypatch):
    record(tmp_path / "r", "old")
    rename = os.rename

    def first_only(a, b):
        if Path(b) == tmp_path / "r":
            raise OSError(5, "Input/output error")
        rename(a, b)

    monkeypatch.setattr(os, "rename", first_only)
    with pytest.raises(UserError, match="Input/output error; name another folder"):
        write_record(tmp_path / "r", lambda folder: None, overwrite=True)
    monkeypatch.undo()
    assert not (tmp_path / "r").exists()
    finish(tmp_path / "r")
    # What was whole is the new record, which has no file but its checksums.
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["checksums.txt"]


@pytest.mark.parametrize("path", [".", "./", "r/..", "../mine", "/"])
def test_the_directory_that_one_is_in_keeps_its_place(path, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    what = "is the root" if path == "/" else "is the directory that you are in"
    app.parse(train.FLAGS, ["train", f"--output_dir={path}"])
    with pytest.raises(UserError, match=f"--output_dir=.*: {what}"):
        study_flags.study_options(train.FLAGS)
