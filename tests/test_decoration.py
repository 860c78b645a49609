"""What a study can be without does not cost it anything."""

import errno
import io
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

import dlfun
from dlfun import decoration
from dlfun.cli import app
from dlfun.cli.commands import train
from dlfun.config.arguments import in_python
from dlfun.errors import visible
from dlfun.records import environment
from dlfun.report import html
from dlfun.report.figures import record_figures
from dlfun.training.monitor import Monitor, say

ROOT = Path(__file__).resolve().parents[1]
SHORT = [sys.executable, "-m", "experiments.train", "--model=softmax", "--dataset=xor"]
SHORT += ["--seeds=2", "--steps=2", "--evaluations=1"]


@pytest.fixture(autouse=True)
def forgiving(monkeypatch):
    """As users have it."""
    monkeypatch.undo()  # what conftest.py sets
    environment.commit.cache_clear()
    yield
    environment.commit.cache_clear()


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
    monkeypatch.setattr(environment, "__file__", str(place))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))  # as in a hook of another
    assert environment.commit() == head
    environment.commit.cache_clear()
    place.write_text("changed")
    assert environment.commit() == f"{head}-dirty"


@pytest.mark.parametrize(
    ("below", "project"),
    [(".venv/lib/python3.12/site-packages", "theirs"), (".", "theirs"), ("third_party", "dlfun")],
)
def test_the_commit_of_another_project_is_none(below, project, tmp_path, monkeypatch):
    place, _ = tree(tmp_path / "theirs", below, project)
    monkeypatch.setattr(environment, "__file__", str(place))
    assert environment.commit() is None


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
    monkeypatch.setattr(environment, "__file__", str(place))
    monkeypatch.setattr(environment, "GIT", 0.1 if kind == "hangs" else 5.0)
    assert environment.commit() is None
    assert environment.commit() is None
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith("warning: left out: the commit (")
    assert words in said[0]


def test_damage_in_what_is_installed_costs_the_version_alone(monkeypatch):
    def broken(package):
        raise KeyError("Version")

    monkeypatch.setattr(environment.metadata, "version", broken)
    assert environment.version("jax") is None


def test_pictures_and_page_that_fail_are_left_out(tmp_path, monkeypatch, capfd):
    def broken(*args):
        raise ValueError("no fonts\nhere")

    monkeypatch.setattr(record_figures, "draw_comparison", broken)
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


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")

STEERS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def test_all_that_steers_a_terminal_is_shown_and_no_letter_is_changed():
    """By Unicode's own classes, and a reader of JSON gets every character back."""
    for character in map(chr, [*range(0xD800), *range(0xE000, 0x10000)]):
        shown = visible(character)
        steers = unicodedata.category(character) in ("Cc", "Zl", "Zp") or (
            unicodedata.bidirectional(character) in STEERS
        )
        if steers and character not in "\n\t":
            assert shown.isascii()
            assert shown.isprintable()
            assert json.loads(f'"{shown}"') == character
        elif character.isprintable():
            assert shown == character


def test_errors_and_lines_on_stderr_are_visible(monkeypatch, capsys):
    error = dlfun.UserError("class '\x1b[2J'")
    assert str(error) == r"class '\u001b[2J'"
    monkeypatch.setattr(sys, "stderr", decoration.stderr())
    say("\x1b[2J\r")
    monitor = Monitor("a\x1b[2Jb", 2, 3)
    monitor.close()
    told = capsys.readouterr().err
    assert r"\u001b[2J\u000d" in told
    assert r"a\u001b[2Jb" in told
    assert "\x1b" not in told


@pytest.mark.parametrize("kind", ["full", "unread"])
def test_what_a_record_holds_need_not_be_said(kind, monkeypatch):
    monkeypatch.setattr(sys, "stdout", decoration.Output(STREAMS[kind]))
    decoration.tell("a table")
    wanted = BrokenPipeError if kind == "unread" else dlfun.UserError
    with pytest.raises(wanted):
        print("a table", flush=True)


@needs_full
def test_what_cannot_be_written_is_said_once():
    """Else Python would fail over it again when it ends."""
    with open("/dev/full", "w") as file:
        out = decoration.Output(file)
        out.write("a table")
        with pytest.raises(dlfun.UserError, match="standard output: No space left on device; "):
            out.flush()
        out.write("more")
        out.flush()


@pytest.mark.parametrize("kind", ["closed", "none"])
def test_libraries_find_streams_in_a_call_from_python(kind, monkeypatch):
    there = STREAMS[kind]
    if kind == "closed":
        there = io.StringIO()
        there.close()
    monkeypatch.setattr(sys, "stdout", there)
    monkeypatch.setattr(sys, "stderr", there)
    with in_python():
        for stream in (sys.stdout, sys.stderr):
            print("a warning", file=stream)
            stream.flush()
    assert sys.stdout is sys.stderr is there


CHILD = "import dlfun.cli.signals, os; os.execlp('sh', 'sh', '-c', 'echo x && echo y >&2 && cat')"

ENDINGS = {
    "what was asked for is lost": (
        "-m experiments.train --help >/dev/full",
        2,
        "output: No space left",
    ),
    "nobody may print": ("-m experiments.train --help >&-", 2, "standard output: is closed"),
    "the reader left": ("-m experiments.train --help 2>&1 | true", 0, ""),
    "the last words": (
        "-c 'from dlfun.cli.signals import leave; leave(143)' 2>/dev/full",
        143,
        "",
    ),
    "processes of its own": (f'-c "{CHILD}" <&- >&- 2>&-', 0, ""),
    "what libraries say": ("-m dlfun.cli.stderr_filter 2 0 2>/dev/full <pyproject.toml", 0, ""),
}


@needs_full
@pytest.mark.parametrize("kind", ENDINGS)
def test_exit_codes_tell_the_truth_whoever_listens(kind):
    command, code, words = ENDINGS[kind]
    found = subprocess.run(
        ["sh", "-c", f"{sys.executable} {command}"], cwd=ROOT, capture_output=True, text=True
    )
    assert found.returncode == code
    assert words in found.stderr
    assert found.stderr.count("\n") == bool(words)


def test_a_study_needs_nobody_to_read_its_table(tmp_path, monkeypatch):
    made = tmp_path / "made"
    app.parse(train.FLAGS, ["train", *SHORT[3:], f"--output_dir={made}"])
    monkeypatch.setattr(sys, "stdout", decoration.Output(STREAMS["full"]))
    train.main([])
    assert (made / "checksums.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_script_needs_nobody_to_speak_to_and_no_unicode(tmp_path):
    """Closed streams, of which the next files and pipes would get the numbers, and ASCII alone."""
    made, own = tmp_path / "made", os.environ | {"PYTHONIOENCODING": "ascii"}
    command = f"{' '.join(SHORT)} --output_dir={made} 2>&- <&-"
    found = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, env=own)
    assert (found.returncode, found.stderr) == (0, b"")
    assert rb"\xb1" in found.stdout
    assert (made / "checksums.txt").exists()
