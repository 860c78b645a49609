"""Several records on one page: what they are called, and their arms in one table."""

import json
from pathlib import Path

import numpy as np
import pytest

from dlfun.config.option_table import OPTIONS
from dlfun.report.html.joint import joint
from dlfun.report.html.page import write_report
from dlfun.report.html.record import read_record
from dlfun.report.record_names import record_names
from dlfun.report.text.papers import print_tables
from tests.report import records
from tests.report.test_html import section, tables


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two records of one request, but for the learning rate of all models."""
    found = []
    for k, rate in enumerate((0.01, 0.1)):
        folder = tmp_path_factory.mktemp(f"part{k}") / f"record-{k}"
        found.append(asked(records.make_record(folder), learning_rate=rate))
    return found


def asked(folder: Path, **values) -> Path:
    """A record after its study.json is given options and numbers of every model."""
    study = json.loads((folder / "study.json").read_text())
    options = {n: v for n, v in values.items() if n in OPTIONS}
    numbers = {n: v for n, v in values.items() if n not in options}
    study["options"] |= options
    study["models"] = {name: {**(own or {}), **numbers} for name, own in study["models"].items()}
    (folder / "study.json").write_text(json.dumps(study))
    return folder


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([{"learning_rate": 0.01}, {"learning_rate": 0.1}], ["learning rate {}", "0.01", "0.1"]),
        ([{"seed": 3}, {"seed": 4}], ["seed {}", "3", "4"]),
        ([{}, {}], ["{}", "a", "b"]),
        ([{"layout": "serial"}, {"layout": "auto"}], ["{}", "a", "b"]),
        ([dict(zip("wxyz", "1234", strict=True)), {}], ["{}", "a", "b"]),
    ],
)
def test_records_are_called_by_what_was_asked_differently(tmp_path, values, names):
    form, *rest = names
    made = [
        asked(records.make_record(tmp_path / name), **own)
        for name, own in zip("ab", values, strict=True)
    ]
    assert record_names(made) == [form.format(one) for one in rest]


def test_one_number_that_differs_by_model_names_the_model(folders, tmp_path):
    other = records.make_record(tmp_path / "other")
    study = json.loads((asked(other, learning_rate=0.01) / "study.json").read_text())
    first = next(iter(study["models"]))
    study["models"][first]["learning_rate"] = 0.5
    (other / "study.json").write_text(json.dumps(study))
    assert record_names([folders[0], other]) == [f"{first} learning rate {x}" for x in (0.01, 0.5)]


def test_arms_of_several_records_stand_in_one_table(folders, tmp_path):
    text = write_report(tmp_path, folders, "both.html").read_text(encoding="utf-8")
    shown = section(text, "scores")
    assert 'class="part"' not in shown
    lines = {line[0]: line[1] for table in tables(shown) for line in table if len(line) > 4}
    for folder, rate in zip(folders, (0.01, 0.1), strict=True):
        rows = [row for row in read_record(folder).rows if row["model"] == "cnn"]
        mean = np.mean([float(r["test_accuracy"]) for r in rows if r["status"] == "ok"])
        assert lines[f"cnn (learning rate {rate})"] == f"{100 * mean:.2f}"
    assert shown.count("<svg") == len({row["dataset"] for row in read_record(folders[0]).rows})
    assert "| learning rate 0.1 |" in print_tables(folders, "markdown")


def test_joined_records_keep_every_run_curve_and_verdict(folders):
    parts = [read_record(folder) for folder in folders]
    found = joint(parts)
    assert len(found.rows) == sum(len(part.rows) for part in parts)
    for part, rate in zip(parts, (0.01, 0.1), strict=True):
        for key, values in part.history.items():
            dataset, model, metric = key.split("/")
            own = found.history[f"{dataset}/{model} (learning rate {rate})/{metric}"]
            np.testing.assert_array_equal(own, values)
    winners = {pair["winner"] for pair in found.pairs} - {None}
    assert winners <= {row["model"] for row in found.rows}


def test_sweeps_are_not_joined_with_others(folders, tmp_path):
    sweep = records.make_record(tmp_path / "sweep")
    study = json.loads((sweep / "study.json").read_text())
    study |= {"study": "sweep", "options": {**study["options"], "grid": ["parameters=1,2"]}}
    study["models"] = dict(list(study["models"].items())[:1])
    (sweep / "study.json").write_text(json.dumps(study))
    assert joint([read_record(folders[0]), read_record(sweep)]) is None
