"""What a study can be without does not cost it anything."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dlfun
from dlfun import decoration
from dlfun.report import figures, html
from dlfun.studies import record
from dlfun.training.monitor import Monitor, say

ROOT = Path(__file__).resolve().parents[1]
SHORT = [sys.executable, "-m", "experiments.train", "--model=softmax", "--dataset=xor"]
SHORT += ["--seeds=2", "--steps=2", "--evaluations=1"]


@pytest.fixture(autouse=True)
def forgiving(monkeypatch):
    """As users have it."""
    monkeypatch.undo()  # what conftest.py sets
    record.commit.cache_clear()
    yield
    record.commit.cache_clear()


def git(folder, *args):
    names = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
    command = ["git", "-C", str(folder), *names, *args]
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=own).stdout


def tree(folder, below=".", project="dlfun"):
    """A repository with dlfun's record.py below a folder of it; that file, and the commit."""
    place = folder / below / "dlfun" / "studies" / "record.py"
    place.parent.mkdir(parents=True)
    place.touch()
    (folder / "pyproject.toml").write_text(f'[project]\nname = "{project}"\n')
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "all")
    git(folder, "tag", "-am", "one", "v1")
    return place, git(folder, "rev-parse", "HEAD").strip()


def test_the_commit_is_that_of_dlfuns_own_tree(tmp_path, monkeypatch):
    place, head = tree(tmp_path / "own")
    monkeypatch.setattr(record, "__file__", str(place))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))  # as in a hook of another
    assert record.commit() == head
    record.commit.cache_clear()
    place.write_text("changed")
    assert record.commit() == f"{head}-dirty"


@pytest.mark.parametrize(
    ("below", "project"),
    [(".venv/lib/python3.12/site-packages", "theirs"), (".", "theirs"), ("third_party", "dlfun")],
)
def test_the_commit_of_another_project_is_none(below, project, tmp_path, monkeypatch):
    place, _ = tree(tmp_path / "theirs", below, project)
    monkeypatch.setattr(record, "__file__", str(place))
    assert record.commit() is None


GITS = {
    "hangs": ("sleep 60 & sleep 60", "timed out after 0.1 seconds"),
    "fails": ("echo fatal >&2; exit 128", "returned non-zero exit status"),
    "rubbish": (r"printf '\377\376 hello'", "git says "),
    "silent": ("true", "git says ''"),
    "missing": (None, "No such file or directory: 'git'"),
}


@pytest.mark.parametrize("kind", GITS)
def test_a_git_that_fails_costs_the_commit_alone(kind, tmp_path, monkeypatch, capfd):
    place, _ = tree(tmp_path / "own")
    body, words = GITS[kind]
    (tmp_path / "bin").mkdir()
    if body is not None:
        stub = tmp_path / "bin" / "git"
        stub.write_text(f"#!/bin/sh\n{body}\n")
        stub.chmod(0o755)
    keep = f"{tmp_path / 'bin'}:/bin" if body else str(tmp_path / "bin")
    monkeypatch.setenv("PATH", keep)
    monkeypatch.setattr(record, "__file__", str(place))
    monkeypatch.setattr(record, "GIT", 0.1 if kind == "hangs" else 5.0)
    assert record.commit() is None
    assert record.commit() is None
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("warning: left out: the commit (")
    assert words in said[0]


def test_damage_in_what_is_installed_costs_the_version_alone(monkeypatch):
    def broken(package):
        raise KeyError("Version")

    monkeypatch.setattr(record.metadata, "version", broken)
    assert record.version("jax") is None


def test_pictures_and_page_that_fail_are_left_out(tmp_path, monkeypatch, capfd):
    def broken(*args):
        raise ValueError("no fonts\nhere")

    monkeypatch.setattr(figures, "draw_comparison", broken)
    monkeypatch.setattr(html, "write_report", broken)
    study = dlfun.train("softmax", "xor", seeds=2, steps=2, output_dir=tmp_path / "made")
    said = [line for line in capfd.readouterr().err.splitlines() if "warning" in line]
    what = ("pictures", "the page")
    assert said == [f"warning: left out: {one} (ValueError: no fonts here)" for one in what]
    assert len(dlfun.read(study.folder).rows) == 2


def test_no_room_is_not_forgiven():
    def full():
        raise dlfun.UserError("full") from OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(dlfun.UserError):
        decoration.spared("the page", full)
    with pytest.raises(KeyboardInterrupt):
        decoration.spared("the page", lambda: exec("raise KeyboardInterrupt"))


class Broken(io.StringIO):
    """A stream that takes nothing."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error

    def flush(self):
        raise self.error


STREAMS = {
    "full": Broken(OSError(errno.ENOSPC, "No space left on device")),
    "unread": Broken(BrokenPipeError()),
    "closed": Broken(ValueError("I/O operation on closed file")),
    "ascii": Broken(UnicodeEncodeError("ascii", "é", 0, 1, "ordinal not in range")),
    "none": None,
}


@pytest.mark.parametrize("kind", STREAMS)
def test_words_that_cannot_be_said_are_not(kind, monkeypatch):
    monkeypatch.setattr(sys, "stderr", STREAMS[kind])
    say("a line")
    monitor = Monitor("title", 2, 3)
    monitor.update({"train_loss": np.ones(3)})
    monitor.close()
    print("more", file=decoration.stderr(), flush=True)


def test_a_script_needs_nobody_to_speak_to_and_no_unicode(tmp_path):
    """Closed streams, of which the next files and pipes would get the numbers, and ASCII alone."""
    made, own = tmp_path / "made", os.environ | {"PYTHONIOENCODING": "ascii"}
    command = f"{' '.join(SHORT)} --output_dir={made} 2>&- <&-"
    found = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, env=own)
    assert (found.returncode, found.stderr) == (0, b"")
    assert rb"\xb1" in found.stdout
    assert (made / "checksums.txt").exists()
