"""How a record was made: when, how long that took, and by which command or call."""

import json
import shutil
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

import dlfun
from dlfun.commands import typed, without_secret
from dlfun.config import options as config
from dlfun.records.differences import differences
from dlfun.records.environment import environment
from dlfun.report.html.blocks import Facts
from dlfun.report.html.sections.footer import made
from dlfun.training.checkpoints import store as checkpoints
from dlfun.training.checkpoints.store import Checkpoints
from tests.helpers import options


def test_a_call_says_that_it_was_one_and_how_long_it_took():
    start = time.perf_counter()
    study = dlfun.train("softmax", "xor", seeds=1, steps=2)
    spent = time.perf_counter() - start
    found = json.loads((study.folder / "environment.json").read_text())
    assert found["command"] == "dlfun.train, called from Python"
    assert 0.2 * spent < found["wall_seconds"] <= spent  # it is the most of the call


def test_a_command_is_kept_as_it_was_typed(monkeypatch):
    given = ["--models=cnn,rnn", "--data_file=~/my data.csv"]
    monkeypatch.setattr(sys, "argv", ["dlfun compare", *given])
    assert environment([])["command"] == typed() == ["dlfun compare", *given]
    (block,) = [b for b in made(environment([])) if isinstance(b, Facts) and b.code]
    assert block.facts[0][1] == "dlfun compare --models=cnn,rnn '--data_file=~/my data.csv'"


@pytest.mark.parametrize(
    ("argument", "wanted"),
    [
        ("--output_dir=/home/me/token/r", "--output_dir=/home/me/token/r"),
        ("--tracker_password=a=b", "--tracker_password=***"),
        ("--API_KEY=x", "--API_KEY=***"),
        ("--to=https://me:pw@host/x", "--to=https://***@host/x"),
    ],
)
def test_no_secret_is_kept(argument, wanted):
    assert without_secret(argument) == wanted


def test_the_time_of_a_study_adds_up_over_its_ends(tmp_path, monkeypatch):
    now = [100.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr(checkpoints, "time", clock)
    monkeypatch.setattr(config, "time", clock)

    def begun(folder):
        store = Checkpoints(folder, {"flags": []})
        store.open()
        return store, options({}, begun=now[0], checkpoints=store)

    store, study = begun(tmp_path / "x")
    now[0] += 7
    store.note("a", {"x": np.ones(3)}, {})
    store.save(wait=True)
    now[0] += 2
    assert study.elapsed() == 9
    shutil.copytree(tmp_path / "x", tmp_path / "killed")  # 2 s after its checkpoint
    store.close()
    for name, spent in (("x", 9), ("killed", 7)):
        now[0] += 1000
        store, study = begun(tmp_path / name)
        now[0] += 3
        assert study.elapsed() == spent + 3
        store.close()
    (tmp_path / "x" / "elapsed.json").write_text("{")
    store, study = begun(tmp_path / "x")
    assert study.elapsed() == 0  # it is no reason not to go on
    store.close()


def test_times_and_commands_may_differ_where_records_are_compared():
    one = {"command": ["dlfun train"], "wall_seconds": 1.0, "cores": 2}
    assert differences(one, one | {"command": "dlfun.train", "wall_seconds": 9.0}) == []
    assert differences(one, one | {"cores": 3}) == ["cores: 2 then, 3 now"]


def test_what_is_not_known_is_not_shown():
    assert made({}) == []
    older = {"command": ["/opt/site/ipykernel_launcher.py", "-f", "x"], "date": "2026-12-01T03:36Z"}
    (block,) = made(older)
    assert block.facts == [("Date", "2026-12-01 03:36 UTC")]
