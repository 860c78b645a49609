"""Promises about the last lines of commands: they can be copied, and say what is there to do."""

import shlex
import string

import pytest

from dlfun.cli import app, next_steps, study_facts, study_flags
from dlfun.cli.commands import compare, train
from dlfun.cli.main import COMMANDS
from dlfun.config.studies import STUDIES
from dlfun.records.writer import Study

ROW = {"model": "bpnn", "dataset": "digits", "status": "ok", "validation_accuracy": 0.5}
PAIR = {"unit": "runs", "diff": 0.1, "dataset": "digits", "delta": 0.02}


def request(study, *args):
    values = study_flags.study_flags(study)
    app.parse(values, [study, *args])
    return study_flags.request_of(values)


def flags(command, line):
    """What the command is told by a line, with all that its parser checks."""
    _, words = line.split(f"dlfun {command} ")
    app.parse(command_flags[command], [command, *shlex.split(words)])
    return study_flags.request_of(command_flags[command])


command_flags = {"train": train.FLAGS, "compare": compare.FLAGS}


def test_every_line_is_of_commands_and_facts_there_are():
    known = {"page", "predictable", "generative", "flags", "until", "delta", "confirm", "best"}
    known |= {"folder", "single", "dataset", "records", "export_file", "continued", "steps"}
    assert set(next_steps.NEXT) <= set(COMMANDS)
    for lines in next_steps.NEXT.values():
        for line in lines:
            names = {name for _, name, _, _ in string.Formatter().parse(line) if name}
            assert names <= known | set(COMMANDS)


def test_the_best_of_a_sweep_is_trained_by_its_last_line(tmp_path):
    grids = ("--grid=dropout_rate=0,0.25", "--grid=bpnn_widths=20,30x30")
    asked = request("sweep", "--dataset=digits", "--seeds=2", "--steps=60", "--augment=noise:0.5",
                    "--momentum=0.5", *grids)  # fmt: skip
    rows = [
        {**ROW, "replicate": r, "dropout_rate": rate, "bpnn_widths": widths,
         "validation_accuracy": 0.5 + 0.1 * (rate == 0.25 and widths == (30, 30))}
        for rate in (0.0, 0.25) for widths in ((20,), (30, 30)) for r in range(2)
    ]  # fmt: skip
    facts = study_facts.facts_of_sweep(asked, Study(rows, [], tmp_path))
    next_steps.add("sweep", **facts)
    (line,) = next_steps.taken()
    found = flags("train", line)
    (model,) = found.models
    assert model.options.shape.widths == (30, 30)
    assert model.options.hparams.dropout_rate == 0.25
    assert model.options.hparams.momentum == 0.5
    assert (found.datasets, found["seeds"], found["steps"]) == (("digits",), 2, 60)
    assert found["augment"] == (("noise", 0.5),)
    assert len(line) < 200  # what is at its default needs no flag


@pytest.mark.parametrize(
    ("args", "verdict", "wanted"),
    [
        (("--seeds=3",), "no verdict", "--until_decided --seeds=5"),
        (("--seeds=20",), "no verdict", "--until_decided"),
        (("--seeds=40",), "no verdict", "--until_decided --max_seeds=80"),
        (("--seeds=20", "--until_decided"), "no verdict", None),
        (("--seeds=20",), "a better", "--tune --delta=0.02"),
        (("--seeds=20", "--tune", "--delta=0.02"), "a better", None),
        (("--split=kfold",), "no verdict", "--tune --delta=0.02"),
    ],
)
def test_a_comparison_says_what_would_decide_it(args, verdict, wanted, tmp_path, monkeypatch):
    monkeypatch.setattr("dlfun.studies.comparison.verdicts.DECIDED", ("a better",))
    asked = request("compare", "--datasets=digits", *args)
    (tmp_path / "config.flags").write_text(f"--datasets=digits\n--seeds={asked['seeds']}\n")
    study = Study([], [], tmp_path, [PAIR | {"verdict": verdict}])
    next_steps.add("compare", **study_facts.facts_of_comparison(asked, study))
    lines = next_steps.taken()
    assert len(lines) == (wanted is not None)
    for line in lines:
        assert line.endswith(f"compare --flagfile={tmp_path}/config.flags {wanted}")
        flags("compare", line)


@pytest.mark.parametrize(("model", "verb"), [("bpnn", "predict"), ("vae", "sample")])
def test_a_model_is_put_to_its_own_use(model, verb, tmp_path, monkeypatch):
    folder = tmp_path / "a b"
    (folder / "parameters").mkdir(parents=True)
    (folder / "report.html").touch()
    monkeypatch.chdir(tmp_path)
    asked = request("train", f"--model={model}")
    next_steps.add("train", **study_facts.facts_of(asked, Study([], [], folder)))
    page, line = next_steps.taken()
    assert page == "page: 'a b/report.html'"
    assert line.startswith(f"next: dlfun {verb} 'a b'")
    asked = request("train", f"--model={model}", "--keep=none")
    next_steps.add("train", **study_facts.facts_of(asked, Study([], [], folder)))
    assert next_steps.taken() == [page]
    assert next_steps.taken() == []


def test_a_path_elsewhere_is_shown_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert next_steps.shown(tmp_path / "x") == "x"
    assert next_steps.shown("/elsewhere/x") == "/elsewhere/x"
    assert set(STUDIES) <= set(next_steps.NEXT)
