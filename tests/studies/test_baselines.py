"""Classical models beside networks: the same splits, budget, verdicts and record."""

import csv
import json

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from dlfun.errors import UserError
from dlfun.studies.baselines import arms_of
from dlfun.studies.claim import Claim
from dlfun.studies.compare import Protocol, compare
from dlfun.studies.loading import load_all
from dlfun.studies.tuning import Tuning
from dlfun.types import HParams, Spec
from tests.helpers import data_options, options

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
    patch.setattr("dlfun.studies.baselines.ladder", lambda data: (60, 400))
    tuning = Tuning({"softmax": [({}, asked.models["softmax"])]}, {"softmax": {}}, 2, 4)
    found = compare(asked, Protocol(Claim(), tuning, baselines=NEIGHBOURS, curve=True))
    patch.undo()
    return asked, folder, found


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


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


def test_arms_of_a_method():
    image = Spec((8, 8, 1), "image", "classification", 10)
    vector = Spec((8,), "vector", "classification", 10)
    assert arms_of(("svm", "knn+hog"), image) == ["svm", "svm+hog", "knn+hog"]
    assert arms_of(("svm", "svm+raw"), vector) == ["svm"]


def test_a_method_that_cannot_learn_the_data_is_named(data_dir):
    asked = options(("softmax",), datasets=("digits",), data=data_options(data_dir))
    with pytest.raises(UserError, match=r"write \+hog"):
        compare(asked, Protocol(baselines=("svm+mfcc",)))
