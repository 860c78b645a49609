"""Records of tables with missing cells: used, replayed and read again as the study had them."""

import json

import numpy as np
import pytest
from jax import export as jax_export
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

import dlfun
from dlfun.cli import app, study_flags
from dlfun.cli.commands import compare as compare_script
from dlfun.cli.commands import export, predict
from dlfun.errors import UserError
from dlfun.studies.comparison.compare import compare
from tests.data.test_own import save_csv, save_images
from tests.inference.test_use_without_data import no_second_start, record_of, said  # noqa: F401

ROWS = (f"{i};{i % 7},5;{'abc'[i % 3]};{1000 + i},25;{'yn'[i % 7 > 3]}" for i in range(60))
LINES = ("id;x;kind;z;y", *ROWS)


def gaps(lines):
    """Every fifth x, and some of the kinds, missing."""
    rows = [line.split(";") for line in lines]
    for i, row in enumerate(rows[1:]):
        row[1], row[2] = ("" if i % 5 == 0 else row[1]), ("NA" if i % 11 == 0 else row[2])
    return [";".join(row) for row in rows]


@pytest.fixture(scope="module")
def folds(tmp_path_factory):
    """A table with missing cells, a validation file, and the record of its folds."""
    folder = tmp_path_factory.mktemp("own")
    path = save_csv(folder, *gaps(LINES))
    held = save_csv(folder, *LINES[:9], name="held.csv")
    given = ("--missing=indicator", "--ignore_columns=id", f"--validation={held}")
    given = (*given, "--split=kfold", "--folds=3", "--seeds=3")
    return path, held, record_of(path, folder / "record", *given)


def test_each_fold_answers_by_the_means_of_its_own_training_rows(folds, tmp_path, capsys):
    path, held, record = folds
    new = save_csv(tmp_path, "x;z;kind", ";1010,5;a", "2,5;;", "-1,5;1000;c", name="new.csv")
    numbers = np.array([[np.nan, 1010.5], [2.5, np.nan], [-1.5, 1000.0]])
    rest = np.array([[1, 1, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0]])  # x=missing, kind=...
    reading = {"missing": "indicator", "ignore_columns": "id", "validation": held}
    data = dlfun.load(path, split="kfold", folds=3, **reading)
    kept = dict(np.load(record / "parameters/own-softmax.npz"))
    for fold in range(3):
        out = said(capsys, predict, record, f"--inputs={new}", f"--member={fold}")
        stored = np.asarray(data.split(fold).train.inputs, float)
        train = stored[:, [0, 6]] + data.raw.scaling.inputs.origin[[0, 6]]
        imputer, scaler = SimpleImputer(), StandardScaler()
        scaler.fit(imputer.fit_transform(train))
        made = scaler.transform(imputer.transform(numbers))
        rows = np.concatenate([made[:, :1], rest, made[:, 1:]], axis=1)
        logits = rows @ kept["params/head/kernel"][fold] + kept["params/head/bias"][fold]
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        found = [[float(x) for x in line.split(",")[-2:]] for line in out.splitlines()[1:]]
        np.testing.assert_allclose(found, p, atol=1e-3)


def test_a_record_replays_and_is_read_again_as_its_table_was(folds, tmp_path, capsys):
    _, held, record = folds
    words = [f"--flagfile={record}/config.flags", f"--output_dir={tmp_path / 'again'}"]
    app.parse(compare_script.FLAGS, ["compare", *words])
    options = study_flags.study_options(compare_script.FLAGS)
    wanted = ("indicator", ("id",), str(held))
    assert (options.data.missing, options.data.ignore_columns, options.data.validation) == wanted
    compare(options)
    arrays = [dict(np.load(at / "preparation.npz")) for at in (record, tmp_path / "again")]
    for name, array in arrays[0].items():
        np.testing.assert_array_equal(array, arrays[1][name])
    assert arrays[0]["own/inputs/fills"].shape == (3, 7)
    about = json.loads((record / "preparation.json").read_text())["datasets"]["own"]
    assert [about[n] for n in ("missing", "separator", "decimal")] == [
        "indicator",
        "semicolon",
        ",",
    ]
    new = save_csv(tmp_path, "x,z,kind", "1,1000,a", name="new.csv")
    given = (f"--inputs={new}", "--member=0", "--temperature=fit")
    assert "probability_n" in said(capsys, predict, record, *given)
    study = dlfun.read(record)
    rows = np.array([[np.nan, 1, 1, 0, 0, 0, 1000.0], [0.5, 0, 0, 1, 0, 0, np.nan]])
    assert len(study.predict(rows, member=0).predicted) == 2
    rows[0, 0] = np.inf
    with pytest.raises(UserError, match=r"example 0 .* not finite"):
        study.predict(rows, member=0)


def test_an_export_takes_missing_numbers(folds, tmp_path, capsys):
    pytest.importorskip("flatbuffers")
    folder = tmp_path / "export"
    said(capsys, export, folds[2], "--member=0", f"--output_dir={folder}")
    about = json.loads((folder / "export.json").read_text())
    assert "NaN where a number is missing, which becomes the mean" in about["inputs are"]
    assert about["columns"][:2] == ["x", "x=missing"]
    run = jax_export.deserialize(bytearray((folder / "model.jax").read_bytes())).call
    rows = np.array([[np.nan, 1, 1, 0, 0, 0, 1000.0]] * 2, np.float32)
    logits = np.asarray(run(rows))
    study = dlfun.read(folds[2])
    found = study.predict(rows, member=0).probabilities
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(p, found, atol=1e-5)


def test_new_images_are_resized_as_those_of_the_record(tmp_path, capsys):
    folder = save_images(tmp_path / "own", sizes=((9, 12), (20, 16)), count=8)
    record = record_of(folder, tmp_path / "record", "--resize=6x5")
    lines = said(capsys, predict, record, f"--inputs={folder / 'cat'}").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [f"{i}.png" for i in range(8)]
    about = json.loads((record / "preparation.json").read_text())["datasets"]["own"]
    assert about["resize"] == [6, 5]
