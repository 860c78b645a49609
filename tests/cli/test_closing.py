"""The last lines of a command: what they name is there, and what they propose runs."""

import shlex
from pathlib import Path

import pytest

from dlfun.cli import study_flags
from dlfun.cli.closing import closing_lines
from dlfun.config.model_value import make_model
from dlfun.config.study_request import StudyRequest
from dlfun.records.writer import Study


def row(model="bpnn", accuracy=0.5, status="ok", **more):
    scores = {"validation_accuracy": accuracy, "test_accuracy": accuracy}
    known = {"model": model, "dataset": "digits", "replicate": 0, "status": status, "copy_of": ""}
    return known | scores | more


def following(study, request):
    """The commands that are proposed."""
    lines = closing_lines(study, request)
    return [line.removeprefix("next: ") for line in lines if line.startswith("next: ")]


def asked(study, models, **values):
    return StudyRequest(study, tuple(make_model(m, None, {}) for m in models), ("digits",), values)


def test_the_page_is_named_where_there_is_one(tmp_path):
    study, request = Study([row()], [], tmp_path), asked("train", ["bpnn"])
    assert f"record: {tmp_path}" in closing_lines(study, request)
    assert not any("report.html" in line for line in closing_lines(study, request))
    (tmp_path / "report.html").touch()
    assert f"page: {tmp_path}/report.html" in closing_lines(study, request)


def test_the_best_configuration_of_a_sweep_is_a_command_that_trains_it():
    rows = [
        row(accuracy=a, learning_rate=rate, bpnn_widths=widths)
        for a, rate, widths in ((0.8, 0.1, (20,)), (0.9, 0.03, (30, 40)), (0.7, 0.5, (20,)))
    ]
    grids = ("learning_rate=0.1,0.03,0.5", "bpnn_widths=20,30x40")
    request = asked("sweep", ["bpnn"], grid=grids, steps=70, seeds=2, schedule="cosine")
    (command,) = following(Study(rows, [], Path("r")), request)
    words = shlex.split(command)
    assert words[:2] == ["dlfun", "train"]
    values = study_flags.study_flags("train")
    values(["train", *words[2:]])
    found = study_flags.request_of(values)
    options = found.model_options("bpnn")
    assert (float(options.hparams.learning_rate), options.shape.widths) == (0.03, (30, 40))
    assert (found["steps"], found["schedule"], found["seeds"]) == (70, "cosine", 10)


@pytest.mark.parametrize(
    ("models", "values", "verdict", "wanted"),
    [
        (["bpnn", "vae"], {}, "better", ["predict r --model=bpnn --inputs=FILE"]),
        (["vae"], {}, "better", ["sample r"]),
        (["bpnn"], {"keep": "none"}, "better", []),
        (
            ["bpnn", "vae"],
            {},
            "unresolved",
            [
                "compare --flagfile=r/config.flags --until_decided",
                "predict r --model=bpnn --inputs=FILE",
            ],
        ),
        (["bpnn"], {"keep": "none", "split": "kfold"}, "unresolved", []),
    ],
)
def test_a_comparison_proposes_what_is_possible(models, values, verdict, wanted):
    rows = [row(model, accuracy=0.9 - 0.1 * k) for k, model in enumerate(models)]
    study = Study(rows, [], Path("r"), [{"verdict": verdict}])
    assert following(study, asked("compare", models, **values)) == [f"dlfun {w}" for w in wanted]
