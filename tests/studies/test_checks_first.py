"""Promises that what is wrong is said before anything is trained, and mostly before data are read.

A study that fails after hours for a reason that was there in its first second wastes them.
"""

import pytest

from dlfun import data as datasets
from dlfun.cli import app, signals
from dlfun.cli.commands import compare, predict, searches, sweep
from dlfun.config import search_request
from dlfun.records.writer import write_members
from dlfun.training.population import Population

MAINS = {"compare": compare, "searches": searches, "sweep": sweep}
SPACE = "--space=learning_rate=log:1e-3:1e-1"
TUNE = ("--tune", "--delta=0.01")
RINGS = "x,y,label\n" + "".join(f"{i % 7},{i % 5},{'ab'[i % 2]}\n" for i in range(60))
NUMBERS = "x,y\n" + "".join(f"{i},{i * 0.37:.3f}\n" for i in range(60))


@pytest.fixture
def nothing_begun(monkeypatch):
    """No program may be made: each would be traced, and a layout measured by some."""

    def begin(*args):
        raise AssertionError("a population was made")

    monkeypatch.setattr(Population, "__init__", begin)


@pytest.fixture
def said(nothing_begun, tmp_path, monkeypatch, capsys):
    """The one line that a command says of bad input, in a folder with data of a user's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rings.csv").write_text(RINGS)
    (tmp_path / "numbers.csv").write_text(NUMBERS)

    def start(name, *flags):
        command = MAINS[name]
        given = [name, *flags, f"--output_dir={tmp_path}/out"]
        code = app.guarded(lambda: command.main(app.parse(command.FLAGS, given)))
        assert code == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert not (tmp_path / "out").exists()
        return err.splitlines()[-1]

    yield start
    signals.CURRENT.closing.close()


BEFORE_DATA = [
    ("compare", ("--plan", "--pilot=none"), "--pilot=none: holds no members.csv"),
    ("compare", ("--plan", "--pilot=.", "--datasets=rings.csv"), "holds no"),
    ("compare", ("--delta=digts:0.1",), "--delta=digts: unknown data set 'digts'"),
    ("compare", ("--require=cnn better than cmm",), "unknown arm 'cmm'"),
    ("compare", ("--require=cnn better than rnn on digits",), "unknown data set 'digits'"),
    ("compare", (*TUNE, "--validation_fraction=0"), "leaves --tune nothing to choose by"),
    ("sweep", (SPACE, "--search=random", "--validation_fraction=0"), "nothing to judge by"),
    ("searches", (SPACE, "--validation_fraction=0"), "nothing to go by"),
]


@pytest.mark.parametrize(("name", "flags", "hint"), BEFORE_DATA, ids=str)
def test_what_needs_no_data_is_said_before_they_are_read(name, flags, hint, said, monkeypatch):
    monkeypatch.setattr(datasets, "read", lambda *args: pytest.fail("data were read"))
    assert hint in said(name, *flags)


OWN = ("--datasets=rings.csv", "--models=softmax,bpnn")
WITH_DATA = [
    ("compare", (*OWN, "--delta=ring:0.1"), "unknown data set 'ring'; did you mean 'rings'?"),
    ("compare", (*OWN, *TUNE, "--require=bpnn better than cnn"), "unknown arm 'cnn'"),
    ("compare", (*OWN, "--baselines=knn", "--require=bpnn better than svm"), "unknown arm 'svm'"),
    ("compare", (*OWN, "--scope=population", "--split=random"), "leave --scope out"),
    (
        "compare",
        ("--plan", "--models=softmax,perceptron", "--datasets=rings.csv,numbers.csv"),
        "is for classification",
    ),
    (
        "searches",
        (SPACE, "--model=perceptron", "--datasets=rings.csv,numbers.csv"),
        "is for classif",
    ),
    ("searches", (SPACE, "--datasets=rings.csv", "--delta=x:1"), "unknown data set 'x'"),
]


@pytest.mark.parametrize(("name", "flags", "hint"), WITH_DATA, ids=str)
def test_the_rest_is_said_before_a_program_is_made(name, flags, hint, said):
    assert hint in said(name, *flags)


def test_a_pilot_of_other_data_is_no_pilot_and_no_layout_is_measured(said, tmp_path):
    pilot = tmp_path / "pilot"
    pilot.mkdir()
    known = {"dataset": "other", "status": "ok", "test_accuracy": 0.5}
    rows = [{"model": m, "replicate": r} | known for m in ("softmax", "bpnn") for r in range(3)]
    write_members(pilot, rows)
    line = said("compare", *OWN, "--plan", f"--pilot={pilot}")
    assert "has fewer than 2 seeds of softmax on rings" in line


def test_a_missing_package_is_named_before_data_are_read(said, monkeypatch):
    monkeypatch.setattr(datasets, "read", lambda *args: pytest.fail("data were read"))
    monkeypatch.setattr(search_request.importlib.util, "find_spec", lambda name: None)
    assert "needs the extra search" in said("searches", SPACE)
    assert "needs the extra search" in said("sweep", SPACE, "--search=tpe")


def test_inputs_that_are_not_there_are_named_before_jax_starts(tmp_path):
    with pytest.raises(Exception, match="there is no such file"):
        app.parse(
            predict.FLAGS, ["predict", str(tmp_path), "--inputs=none.csv"], check=predict.check,
            words="RUN_DIR",
        )  # fmt: skip
