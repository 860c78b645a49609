"""Classical models beside networks: the same splits, budget, verdicts and record."""

import csv
import json

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from dlfun.config.comparison_spec import Claim
from dlfun.errors import UserError
from dlfun.studies.baselines.arm import Classical
from dlfun.studies.baselines.arms import arms_of
from dlfun.studies.comparison.compare import Protocol, compare
from dlfun.studies.comparison.copies import copy_columns
from dlfun.studies.comparison.tuning import Tuning
from dlfun.studies.population.stacked import Stacked
from dlfun.studies.population.study_data import load_all
from dlfun.types import HParams, Spec, Split
from tests.helpers import data_options, options
from tests.records.described import undescribed

NEIGHBOURS = ("knn+raw",)


@pytest.fixture(scope="module")
def compared(tmp_path_factory, data_dir):
    """The options, the folder and the findings of a tuned comparison with nearest neighbours."""
    folder = tmp_path_factory.mktemp("baselines") / "record"
    asked = options(
        ("softmax",),
        datasets=("digits",),
        data=data_options(data_dir),
        hparams=HParams(learning_rate=0.1),
        output_dir=str(folder),
    )
    patch = pytest.MonkeyPatch()
    patch.setattr("dlfun.studies.baselines.arms.ladder", lambda data: (60, 400))
    tuning = Tuning({"softmax": [({}, asked.models["softmax"])]}, {"softmax": {}}, 2, 4)
    found = compare(asked, Protocol(Claim(), tuning, baselines=NEIGHBOURS, curve=True))
    patch.undo()
    return asked, folder, found


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_and_column_is_described(compared):
    assert undescribed(compared[1]) == []


def test_a_classical_arm_is_tuned_frozen_and_confirmed(compared):
    asked, folder, found = compared
    point = json.loads((folder / "frozen.json").read_text())["configurations"]["digits"]["knn"]
    data = load_all(asked)["digits"].first

    def flat(split):
        return np.asarray(split.inputs, float).reshape(len(split.targets), -1)

    fitted = KNeighborsClassifier(**point).fit(flat(data.train), data.train.targets)
    rows = [row for row in found.rows if row["model"] == "knn"]
    assert [row["replicate"] for row in rows] == [0, 1, 2]
    right = fitted.score(flat(data.test), data.test.targets)
    assert [row["test_accuracy"] for row in rows] == pytest.approx([right] * 3)
    tried = [row for row in table(folder / "tuning.csv") if row["model"] == "knn"]
    assert len(tried) == (1 + 4) * 2  # the default, and four that were drawn
    assert {row["n_neighbors"] for row in tried if row["drawn"] == "false"} == {""}
    assert "test_accuracy" not in tried[0]
    best = max(float(row["validation_accuracy"]) for row in tried)
    chosen = [float(row["validation_accuracy"]) for row in tried if row["chosen"] == "true"]
    assert chosen == [best] * 2


def test_it_has_verdicts_evidence_and_tables_like_the_others(compared):
    _, folder, found = compared
    assert [(pair["a"], pair["b"]) for pair in found.pairs] == [("knn", "softmax")]
    with np.load(folder / "digits-knn-evidence.npz") as arrays:
        accuracy = np.mean(arrays["predicted"] == arrays["targets"], axis=1)
        right = np.sum(accuracy) * len(arrays["targets"])
        assert np.trace(arrays["confusion"]) == pytest.approx(right)
    row = next(row for row in found.rows if row["model"] == "knn")
    assert accuracy[0] == pytest.approx(row["test_accuracy"])
    curve = {(row["model"], int(row["train_examples"])) for row in table(folder / "curve.csv")}
    assert curve == {(model, size) for model in ("softmax", "knn") for size in (60, 400)}
    assert {row["features"] for row in table(folder / "readout.csv")} == {"raw", "hog"}


def test_the_runs_of_an_arm_without_chance_are_copies_of_one(compared):
    _, folder, found = compared
    rows = table(folder / "members.csv")
    copied = {
        model: [row["copy_of"] for row in rows if row["model"] == model]
        for model in ("knn", "softmax")
    }
    assert copied == {"knn": ["", "0", "0"], "softmax": ["", "", ""]}
    (pair,) = found.pairs
    assert (pair["n_distinct_a"], pair["n_distinct_b"], pair["n"]) == (1, 3, 3)
    assert (pair["p_test"], pair["p_signflip"]) == ("t test of one sample", None)


def test_two_arms_without_chance_are_compared_by_the_errors_of_examples(tmp_path):
    """On numbers: their root mean squared errors, and the paired errors of the test examples."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3)).astype(np.float32)
    y = (2e5 + 5e4 * x[:, :1] + 1e4 * rng.normal(size=(120, 1))).astype(np.float32)
    np.savez(tmp_path / "prices.npz", inputs=x, targets=y)
    asked = options(
        ("softmax",), datasets=(str(tmp_path / "prices.npz"),), output_dir=str(tmp_path / "r")
    )
    found = compare(asked, Protocol(baselines=("svm", "knn")))
    pair = next(p for p in found.pairs if {p["a"], p["b"]} == {"svm", "knn"})
    rows = {row["model"]: row for row in found.rows}
    assert (pair["unit"], pair["n"], pair["metric"]) == ("examples", 24, "test_rmse")
    gap = rows[pair["b"]]["test_rmse"] - rows[pair["a"]]["test_rmse"]
    assert pair["diff"] == pytest.approx(gap)
    assert pair["ci"][0] < gap < pair["ci"][1]
    assert pair["p_test"] == "t test over examples"


def copies(arm, data):
    return [columns["copy_of"] for columns in copy_columns(arm, data)]


def test_copies_are_runs_that_said_the_same_of_the_same_examples():
    """By split: runs that are tested on others of the same answers are no copies."""
    split = Split(np.arange(8.0).reshape(2, 4), np.array([[0, 1, 0, 1]] * 2))
    data = Stacked((None, None), None, split)
    same = np.array([[0, 1, 1, 1]] * 4)
    rows = [{"replicate": r, "status": "ok", "test_accuracy": 0.5} for r in range(4)]
    for row, at in zip(rows, (0, 1, 0, 0), strict=True):
        row["replicate"] = at  # which is the split, where each replicate has its own
    rows[3]["status"] = "failed"
    arm = Classical(rows, same, None)
    assert copies(arm, data) == ["", "", 0, ""]
    rows = [{"replicate": r, "status": "ok", "test_accuracy": 0.5} for r in range(4)]
    arm = Classical(rows, np.array([[0, 1], [1, 1], [0, 1], [1, 1]]), None)
    assert copies(arm, data._replace(datasets=(None,))) == ["", "", 0, 1]


@pytest.mark.parametrize("unlike", [False, True])
def test_networks_that_differ_are_not_copies_for_their_classes_are_equal(unlike):
    """Ten seeds on few examples: what they are sure of tells them apart, unless all are alike."""
    split = Split(np.arange(4.0).reshape(1, 4), np.array([[0, 1, 0, 1]]))
    data = Stacked((None,), None, split)
    classes = np.array([[0, 1, 0, 1]] * 4)
    classes[3, 0] = int(unlike)
    sure = np.array([[0.9, 0.8, 0.9, 0.7], [0.9, 0.8, 0.9, 0.7], [0.8] * 4, [0.9] * 4])
    rows = [{"replicate": r, "status": "ok"} for r in range(4)]
    wanted = ["", 0, "", ""] if unlike else ["", 0, 0, 0]
    assert copies(Classical(rows, classes, sure), data) == wanted


def test_arms_of_a_method():
    image = Spec((8, 8, 1), "image", "classification", 10)
    vector = Spec((8,), "vector", "classification", 10)
    assert arms_of(("svm", "knn+hog"), image) == ["svm", "svm+hog", "knn+hog"]
    assert arms_of(("svm", "svm+raw"), vector) == ["svm"]


def test_a_method_that_cannot_learn_the_data_is_named(data_dir):
    asked = options(("softmax",), datasets=("digits",), data=data_options(data_dir))
    with pytest.raises(UserError, match=r"write \+hog"):
        compare(asked, Protocol(baselines=("svm+mfcc",)))
