"""Data sets on the command line: listed, prepared, described; users' own in a study."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from dlfun.cli import app, study_flags
from dlfun.cli.commands import data as script
from dlfun.data import DATASETS, Raw
from dlfun.data.text import encode_text
from dlfun.data.tfds import download
from dlfun.errors import UserError
from dlfun.report.text import datasets
from dlfun.studies.comparison.compare import compare
from dlfun.types import Spec, Split

ROOT = Path(__file__).resolve().parents[2]


def run(*args):
    """What the script does with these arguments; its exit code."""

    def body():
        words = app.parse(
            script.FLAGS, ["data", *map(str, args)], "", script.check, words=script.WORDS
        )
        return script.main(words)

    return app.guarded(body)


def test_every_data_set_is_listed_and_none_prepared(tmp_path, capsys):
    assert not run("list", f"--data_dir={tmp_path}")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:-1]] == list(DATASETS)
    assert not list(tmp_path.iterdir())
    (mnist,) = [line for line in lines if line.startswith("mnist ")]
    assert "image [28, 28, 1]" in mnist
    assert "  no  " in mnist
    assert "11.1 MiB" in mnist


def test_describing_prepares_and_draws(tmp_path, capsys):
    where = f"--data_dir={tmp_path}/data"
    assert not run("prepare", "xor", where)
    assert capsys.readouterr().out.startswith("xor 1.0.0: 4 train, 4 test, sha256 ")
    assert not run("list", "xor", where)
    assert "yes" in capsys.readouterr().out.splitlines()[2].split()
    assert not run("describe", "digits", where, f"--output_dir={tmp_path}/pictures")
    said = capsys.readouterr().out
    for part in ("train 898, test 899", "10 classes", "CC BY 4.0", "doi:10.24432/C50P49", "sha256"):
        assert part in said
    picture = matplotlib.image.imread(tmp_path / "pictures" / "data-digits.png")
    assert picture.shape[1] > 900
    assert len(np.unique(picture[..., 0])) > 10
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["data-digits.png"]


def test_without_network_it_says_which_file_to_put_where(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(download, "answers", lambda url: False)
    assert run("describe", "mnist", f"--data_dir={tmp_path}") == app.BAD_INPUT
    said = capsys.readouterr()
    for name in ("train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"):
        assert name in said.out
        assert name in said.err
    assert "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609" in said.out
    assert "--manual_dir" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ((), "say what to do: list, prepare NAME, or describe NAME"),
        (("lst",), "unknown action 'lst'; did you mean 'list'?"),
        (("prepare",), "prepare: name at least one data set"),
        (("describe", "digts"), "unknown data set 'digts'; did you mean 'digits'?"),
        (("describe", "no.npz"), "no.npz: there is no such file"),
        (("list", "digits", "--seeds=3"), "unknown flag --seeds"),
        (
            ("describe", "digits", "--target_column=a"),
            "--target_column=a: none of the data sets is",
        ),
        (("list", "--manual_dir=nowhere"), "--manual_dir=nowhere: is not a directory"),
    ],
)
def test_bad_words_are_one_line(args, expected, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*args) == app.BAD_INPUT
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1


def test_help_needs_neither_jax_nor_the_data(tmp_path):
    code = (
        "import sys, runpy; sys.argv = ['data', '--help']\n"
        "try: runpy.run_module('experiments.data', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code\n"
        "assert not {'jax', 'tensorflow', 'tensorflow_datasets'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "list|prepare|describe [NAME ...] [--flag=value ...]" in done.stdout
    assert "--target_column" in done.stdout


def made(spec, inputs, targets, lengths=None, classes=()):
    split = Split(inputs, targets, lengths)
    return Raw(split, split, spec, "made", "1", "0", classes=classes)


def test_texts_are_shown_as_they_read():
    alphabet = "\nabc"
    ids = np.stack([encode_text(text, alphabet) for text in ("ab\nc", "cc\n\n", "abca")])
    spec = Spec((4,), "text", "classification", 2, vocabulary=4, alphabet=alphabet, padded=True)
    raw = made(spec, ids, np.array([1, 0, 1]), np.array([4, 2, 4]), ("ham", "spam"))
    lines = [line.split(maxsplit=1) for line in datasets.excerpt(raw).splitlines()]
    assert lines == [["ham", "'cc'"], ["spam", r"'ab\nc'"], ["spam", "'abca'"]]
    assert "lengths   2 to 4" in datasets.describe_arrays(raw)
    streamed = dataclasses.replace(spec, task="next_token", outputs=4, padded=False)
    raw = made(streamed, ids, np.full((3, 4), 3))
    assert datasets.excerpt(raw).splitlines()[0].split(maxsplit=1) == ["excerpt", r"'ab\nc'"]
    # Twelve targets that are all 3, each token counted once more: -ln(13 / 16).
    assert "0.2076 nats a token" in datasets.describe_arrays(raw)


def test_a_regression_says_what_the_mean_reaches():
    raw = made(
        Spec((1,), "vector", "regression", 1), np.zeros((4, 1)), np.array([[0.0], [4.0]] * 2)
    )
    assert "mean squared error 4 by always predicting the mean" in datasets.describe_arrays(raw)
    assert datasets.task(raw.spec) == "regression, 1 number"


def test_examples_of_all_classes_come_first():
    raw = made(
        Spec((1,), "vector", "classification", 3), np.zeros((7, 1)), np.array([2, 2, 1, 0, 2, 1, 0])
    )
    assert datasets.spread(raw, 5).tolist() == [3, 2, 0, 6, 5]


def test_own_data_are_studied_and_replayed_from_anywhere(tmp_path, monkeypatch, capsys):
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    lines = [f"{i % 7 - 3},{'xy'[i % 7 > 3]},{i}" for i in range(60)]
    Path("plants.csv").write_text("\n".join(["size,kind,number", *lines]) + "\n")
    given = ["--datasets=plants.csv", "--target_column=kind", "--models=softmax", "--seeds=2"]
    record = tmp_path / "record"
    short = ["--steps=200", "--evaluations=1", "--learning_rate=0.1", f"--output_dir={record}"]
    options = options_of(*given, *short)
    study = compare(options)
    assert {row["dataset"] for row in study.rows} == {"plants"}
    assert all(row["test_accuracy"] > 0.9 for row in study.rows)
    monkeypatch.chdir(tmp_path)
    again = options_of(f"--flagfile={record}/config.flags", f"--output_dir={tmp_path}/again")
    assert again.datasets == (str(tmp_path / "there" / "plants.csv"),)
    assert again.data == options.data
    with pytest.raises(UserError, match="--target_column=kind: none of the data sets is"):
        options_of("--target_column=kind")
    assert not run("describe", "there/plants.csv", "--target_column=kind")
    said = capsys.readouterr().out
    for part in (f"plants own: {tmp_path}/there/plants.csv", "x, y; ", "train 48, test 12"):
        assert part in said
    assert (tmp_path / "runs" / "data-plants.png").is_file()


def options_of(*args):
    values = study_flags.study_flags("compare", models="bpnn", datasets="digits")
    app.parse(values, ["script", *args])
    return study_flags.study_options(values)
