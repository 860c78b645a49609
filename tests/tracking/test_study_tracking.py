"""Tracked studies: a tracker that fails costs them nothing, one that is absent is named first."""

import importlib.util
import re

import pytest

import dlfun
from dlfun.cli import app
from dlfun.cli.commands import track, train
from dlfun.config import tracker_table
from dlfun.config.tracker_table import TRACKERS
from dlfun.errors import UserError
from tests.report.records import make_record


class Store:
    """A tracker in memory, away as often as it is told."""

    place = "here"
    away = 0
    calls = 0
    runs = ()

    def __init__(self, folder):
        type(self).calls += 1
        print("a library says something")
        if type(self).calls <= self.away:
            raise ConnectionError("nobody answers\nat all")

    def reach(self):
        pass

    def names(self, record):
        return set()

    def write(self, run):
        type(self).runs += (run.name,)


@pytest.fixture
def store(monkeypatch):
    """The tracker in the place of MLflow."""
    monkeypatch.setattr(Store, "away", 0)
    monkeypatch.setattr(Store, "calls", 0)
    monkeypatch.setattr(Store, "runs", ())
    row = TRACKERS["mlflow"]._replace(package="numpy", opens=f"{__name__}:Store")
    monkeypatch.setitem(TRACKERS, "mlflow", row)
    return Store


TOLD = "warning: MLflow: ConnectionError: nobody answers; the study goes on"


@pytest.mark.parametrize(
    ("away", "told", "note"),
    [
        (0, 0, "tracked: 1 run added to MLflow, here"),
        (1, 1, "tracked: 1 run added to MLflow, here"),
        (
            9,
            1,
            "not tracked (MLflow: ConnectionError: nobody answers); when that is mended: dlfun.re",
        ),
    ],
)
def test_a_tracker_that_fails_costs_a_study_nothing(store, tmp_path, capsys, away, told, note):
    store.away = away
    study = dlfun.train(
        "softmax", "xor", seeds=2, steps=4, track="mlflow", output_dir=tmp_path / "a"
    )
    assert [row["status"] for row in study.rows] == ["ok", "ok"]
    assert note in study.notes[-1]
    out, err = capsys.readouterr()
    assert err.count(TOLD) == told
    assert "says something" not in out + err
    assert store.runs == (("xor-softmax",) if away < 9 else ())
    assert "track" not in (tmp_path / "a" / "config.flags").read_text()


def test_a_tracker_that_fails_at_the_end_is_tried_once_more(store, tmp_path, monkeypatch):
    def write(self, run):
        store.runs += (run.name,)
        if len(store.runs) == 1:
            raise SystemExit("gone")

    monkeypatch.setattr(store, "write", write)
    study = dlfun.train(
        "softmax", "xor", seeds=2, steps=4, track="mlflow", output_dir=tmp_path / "a"
    )
    assert store.runs == ("xor-softmax",) * 2
    assert study.notes[-1].startswith("tracked: ")


def test_a_command_tracks_its_study_and_a_record(store, tmp_path, capsys):
    flags = ["--model=softmax", "--dataset=xor", "--seeds=2", "--steps=4"]
    app.parse(train.FLAGS, ["x", *flags, "--track=mlflow", f"--output_dir={tmp_path / 'a'}"])
    train.main([])
    assert "tracked: 1 run added to MLflow, here" in capsys.readouterr().out
    app.parse(track.FLAGS, ["x", "--to=mlflow", "--track_members"], check=track.check, words="R")
    track.main(["x", str(tmp_path / "a")])
    assert capsys.readouterr().out == "3 runs added to MLflow, here\n"
    members = ("xor-softmax/member-000", "xor-softmax/member-001")
    assert store.runs == ("xor-softmax", "xor-softmax", *members)
    store.away = 99
    with pytest.raises(UserError, match=r"MLflow: .*nobody answers; mend that, and track the rec"):
        track.main(["x", str(tmp_path / "a")])


def test_a_study_in_python_is_tracked_by_hand(store, tmp_path):
    study = dlfun.read(make_record(tmp_path / "mine", seeds=3))
    assert study.track("mlflow") == "5 runs added to MLflow, here"
    with pytest.raises(UserError, match="to=wandb: "):
        study.track("wandb")


def absent(monkeypatch):
    find = importlib.util.find_spec
    missing = {row.package for row in TRACKERS.values()}
    monkeypatch.setattr(
        tracker_table.importlib.util, "find_spec", lambda n: None if n in missing else find(n)
    )


@pytest.mark.parametrize("name", list(TRACKERS))
def test_an_absent_tracker_is_named_before_anything_is_trained(name, tmp_path, monkeypatch):
    absent(monkeypatch)
    lacks = f"{name} needs the extra {TRACKERS[name].extra}, which is not installed: pip install"
    with pytest.raises(UserError, match=f"--track={lacks}"):
        app.parse(train.FLAGS, ["x", f"--track={name}"])
    with pytest.raises(UserError, match=f"--to={lacks}"):
        app.parse(track.FLAGS, ["x", f"--to={name}"], check=track.check, words="R")
    with pytest.raises(UserError, match=f"^track={lacks}"):
        dlfun.train("softmax", "xor", track=name, output_dir=tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--track_members"], "--track_members: goes with --track"),
        (["--track=wandb"], "--track=wandb"),
        (["--track=tensorboard", "--tensorboard"], "--tensorboard and --track=tensorboard"),
    ],
)
def test_flags_of_tracking_go_together(flags, said):
    pytest.importorskip("tensorboardX")
    with pytest.raises(UserError, match=said):
        app.parse(train.FLAGS, ["x", *flags])


@pytest.mark.parametrize(
    ("flags", "words", "said"),
    [
        ([], [], "name a tracker: --to=mlflow or"),
        (["--to=mlflow"], [], "name the directory of one record"),
        (["--to=mlflow"], ["nothing"], "nothing: no such directory"),
    ],
)
def test_what_is_no_record_or_tracker_is_one_line(store, flags, words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call():
        app.parse(track.FLAGS, ["x", *flags], check=track.check, words="R")
        track.main(["x", *words])

    with pytest.raises(UserError, match=re.escape(said)):
        call()
    assert store.runs == ()


def test_a_tracked_study_in_python_keeps_its_record(store):
    with pytest.raises(UserError, match="track=mlflow: is of a record that stays"):
        dlfun.train("softmax", "xor", track="mlflow")
