"""Searches compared: what each chooses, what it may spend, and when the test split is opened."""

import csv
import dataclasses
import json

import numpy as np
import pytest

from dlfun.config.search_space import Dimension, Search
from dlfun.errors import UserError
from dlfun.models import BPNN
from dlfun.report.text.verdicts import verdict_table
from dlfun.studies.comparison import compare_searches as searches
from dlfun.studies.comparison.compare_searches import budgeted, compare_searches
from dlfun.studies.population.arm import run_arm
from dlfun.studies.population.study_data import load
from dlfun.studies.search.adaptive import search
from dlfun.studies.search.samplers import drawn
from dlfun.studies.search.task import Task
from dlfun.types import HParams
from tests.helpers import data_options, options
from tests.records.described import undescribed

SPACE = {"learning_rate": Dimension("log", 1e-4, 0.3)}
METHODS = ("random", "halving", "pbt", "tpe")


def study(data_dir, **changes):
    usual = {"datasets": ("digits",), "data": data_options(data_dir), "seeds": 2, "batch_size": 100}
    return options({"bpnn": BPNN((8,))}, **(usual | {"steps": 20, "evaluations": 10} | changes))


def make_of(base):
    return lambda point: dataclasses.replace(base.models["bpnn"], hparams=HParams(**point))


@pytest.fixture(scope="module")
def compared(data_dir, tmp_path_factory):
    """The study of four searches, the same for all tests; and how often a test split was in it."""
    base = study(data_dir, output_dir=str(tmp_path_factory.mktemp("searches") / "record"))
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searches, "search", lambda task: seen.append(task.data.test) or search(task))
        opened = searches.opened
        patch.setattr(searches, "opened", lambda *args: seen.append("opened") or opened(*args))
        found = compare_searches(
            base, Search("random", space=SPACE, trials=4, rounds=2), METHODS, make_of(base)
        )
    return base, found, seen


def test_every_file_and_column_is_described(compared):
    assert undescribed(compared[1].folder) == []


def test_the_test_split_is_opened_when_all_searches_are_over(compared):
    *_, seen = compared
    assert seen == [None] * 4 + ["opened"] * 4


def test_random_search_chooses_what_validates_best_and_is_tested_as_a_comparison_would(compared):
    base, found, _ = compared
    rows = [row for row in found.rows if row["model"] == "random"]
    data = load("digits", base)
    task = Task(base, data, Search("random", space=SPACE, trials=4), make_of(base), apart=True)
    for row in rows:
        alone = dataclasses.replace(base, first=row["replicate"], seeds=1)
        points = drawn("random", SPACE, 4, task.key(row["replicate"]))
        numbers = [HParams(**point) for point in points]
        (settings,) = task.settings(points)
        tested = run_arm(alone, settings, data, numbers)
        best = max(tested.rows, key=lambda one: one["validation_accuracy"])
        assert row["learning_rate"] == points[tested.rows.index(best)]["learning_rate"]
        np.testing.assert_allclose(row["test_loss"], best["test_loss"], rtol=1e-4)
        assert row["test_accuracy"] == pytest.approx(best["test_accuracy"], abs=2 / 450)


def test_no_search_spends_more_and_all_are_paired(compared):
    _, found, _ = compared
    assert [(row["model"], row["replicate"]) for row in found.rows] == [
        (method, replicate) for method in METHODS for replicate in (0, 1)
    ]
    for row in found.rows:
        assert 0.75 * 4 * 20 <= row["steps"] <= 4 * 20
        assert (row["trials"] > 4) == (row["model"] == "halving")
        assert 0 <= row["test_accuracy"] <= 1
    assert len(found.pairs) == 6
    assert all(pair["paired"] for pair in found.pairs)
    assert "of each search, what it chose by validation" in verdict_table(found.pairs)


def test_the_record_holds_every_trial_and_every_pair(compared):
    _, found, _ = compared
    with (found.folder / "trials.csv").open() as file:
        trials = list(csv.DictReader(file))
    for row in found.rows:
        own = [
            one
            for one in trials
            if (one["search"], int(one["replicate"])) == (row["model"], row["replicate"])
        ]
        assert len(own) == row["trials"]
        assert sum(int(one["steps"]) for one in own) == row["steps"]
        best = max(float(o["validation_accuracy"]) for o in own if o["status"] == "ok")
        assert row["validation_accuracy"] == best
    assert not any(name.startswith("test_") for name in trials[0])
    assert len(json.loads((found.folder / "comparison.json").read_text())) == 6
    assert "--layout" not in (found.folder / "config.flags").read_text()  # each has its own


def test_what_cannot_be_planned_is_refused_before_anything_is_trained(data_dir, monkeypatch):
    base = study(data_dir)
    task = Task(base, load("digits", base), Search("random", space=SPACE, trials=1), make_of(base))
    assert budgeted(task, "pbt").asked.trials == 1
    with pytest.raises(UserError, match="takes as long as 2 whole runs at least"):
        budgeted(task, "halving")
    for asked, message in (
        (
            Search("random", space=SPACE, trials=4, rounds=99),
            "--rounds=99: a run of 10 validations",
        ),
        (Search("random", space=SPACE, trials=4), "--search=tpe needs the extra search"),
    ):
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        monkeypatch.setattr(searches, "search", lambda task: pytest.fail("trained before a check"))
        with pytest.raises(UserError, match=message):
            compare_searches(base, asked, METHODS, task.make)
    with pytest.raises(UserError, match="--validation_fraction=0"):
        compare_searches(
            study(data_dir, data=data_options(data_dir, validation_fraction=0.0)),
            task.asked,
            METHODS,
            task.make,
        )
