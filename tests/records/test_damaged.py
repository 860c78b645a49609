"""Records whose files somebody changed: one line says which, and no traceback is shown."""

import csv
import json
import logging
import zipfile

import numpy as np
import pytest

import dlfun
from dlfun.cli import app
from dlfun.cli.commands import report, train
from dlfun.errors import UserError
from dlfun.records import reader, recorded
from dlfun.report.html import write_report
from dlfun.training.checkpoints import files

DEEP = "[" * 100_000 + "]" * 100_000


@pytest.fixture(scope="module")
def study():
    x = np.random.default_rng(0).normal(size=(40, 2))
    data = dlfun.from_arrays(x, np.arange(40) % 2, name="small")
    return dlfun.train("softmax", data, seeds=2, steps=2, evaluations=1)


@pytest.fixture
def record(study, tmp_path):
    """A record without checksums: who changes a file may delete them."""
    folder = study.save(tmp_path / "record")
    (folder / "checksums.txt").unlink()
    return folder


def edit(record, column, cell):
    path = record / "members.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[1][column] = cell
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(
    ("column", "cell"),
    [(name, cell) for name in ("parameters", "replicate") for cell in ("x", "1e400", "inf", "1.5")]
    + [("test_accuracy", "x"), ("seconds", "nan"), ("chance", "\x1b"), ("parameters", "9" * 5000)],
)
def test_a_cell_that_is_no_number_is_named(record, column, cell):
    edit(record, column, cell)
    for read in (lambda: str(dlfun.read(record)), lambda: write_report(record, [record])):
        with pytest.raises(UserError, match=rf"members.csv: row 1 has {column}=") as error:
            read()
        assert len(str(error.value)) < 400


def test_runs_that_diverged_are_read(record):
    edit(record, "test_loss", "inf")
    assert dlfun.read(record).rows[1]["test_loss"] == np.inf


@pytest.mark.parametrize("name", ["environment.json", "comparison.json"])
def test_json_that_is_too_deep_is_damaged(record, name):
    (record / name).write_text(DEEP)
    with pytest.raises(UserError, match=rf"{name}: missing or damaged"):
        reader.read_json(record, name)
    with pytest.raises(UserError, match=name):
        write_report(record, [record])


MEMBERS = {
    "none": None,
    "two axes": np.zeros((2, 1), int),
    "texts": np.array(["0", "1"]),
    "no axis": np.array(0),
    "floats": np.array([0.5, 1.0]),
    "too many": np.arange(3),
}


@pytest.mark.parametrize("what", MEMBERS)
def test_parameters_name_their_members(record, what):
    (path,) = (record / "parameters").glob("*.npz")
    arrays = dict(np.load(path)) | {"member": MEMBERS[what]}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(UserError, match="missing or damaged"):
        recorded.parameters_of(record, path.stem)


def encrypted(path):
    """Says of each file of an archive that it is encrypted."""
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.find(mark)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(mark, at + 4)
    path.write_bytes(content)


def test_an_encrypted_archive_is_damaged(record, tmp_path):
    encrypted(record / "history.npz")
    with pytest.raises(UserError, match=r"history.npz: missing or damaged"):
        _ = dlfun.read(record).history
    own = tmp_path / "own.npz"
    np.savez(own, inputs=np.eye(4), targets=np.arange(4) % 2)
    encrypted(own)
    with pytest.raises(UserError, match=r"own.npz cannot be read as .npz .*encrypted"):
        dlfun.load(own)
    with zipfile.ZipFile(own) as archive, pytest.raises(RuntimeError):
        archive.read("inputs.npy")


def test_only_files_that_checksums_vouch_for_are_not_to_blame(record, study):
    with pytest.raises(UserError, match="not as its study left it"), reader.unsealed(record):
        raise KeyError("x")
    with pytest.raises(KeyError), reader.unsealed(study.folder):
        raise KeyError("x")


def test_a_report_of_a_record_of_nonsense_is_refused_in_one_line(record, capsys):
    (record / "environment.json").write_text(json.dumps({"versions": 5}))
    words = app.parse(report.FLAGS, ["report", str(record)], check=report.check, words=report.WORDS)
    assert app.guarded(lambda: report.main(words)) == app.BAD_INPUT
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("text", ["z" * 5000, "-" * 5000, "z" * 5000 + "=1"])
def test_an_unknown_flag_of_any_length_is_one_short_line(text, capsys):
    assert app.guarded(lambda: app.parse(train.FLAGS, ["train", f"--{text}"])) == app.BAD_INPUT
    said = capsys.readouterr().err
    assert said.startswith("error: unknown flag --")
    assert len(said) < 200


def test_what_orbax_logs_is_not_said_twice():
    files.writer()
    line = logging.LogRecord("absl", logging.ERROR, "/x/orbax/y.py", 1, "failed", None, None)
    own = logging.LogRecord("absl", logging.ERROR, "/x/dlfun/y.py", 1, "failed", None, None)
    assert not logging.getLogger("absl").filter(line)
    assert logging.getLogger("absl").filter(own)
