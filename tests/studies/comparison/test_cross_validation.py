"""Cross-validation from end to end: beside scikit-learn on the same folds, and what is claimed."""

import csv
import json

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

import dlfun
from dlfun.cli import app, study_flags
from dlfun.cli.commands import compare
from dlfun.errors import UserError

FOLDS, COUNT, DECAY = 10, 1797, 1e-3
ABOUT = "training sets of this size drawn from the same source, by the corrected resampled t test"


@pytest.fixture(scope="module")
def data(data_dir):
    return dlfun.load("digits", data_dir=data_dir, split="kfold", validation_fraction=0)


@pytest.fixture(scope="module")
def study(data, tmp_path_factory):
    """A linear model, trained until it converges, and nearest neighbours."""
    linear = dlfun.model("softmax", learning_rate=0.5, weight_decay=DECAY, optimizer="momentum")
    folder = tmp_path_factory.mktemp("folds") / "record"
    options = {"steps": 400, "evaluations": 1, "batch_size": 1617, "output_dir": folder}
    return dlfun.compare([linear], data, baselines=["knn+raw"], **options)


@pytest.fixture(scope="module")
def folds(data):
    """Inputs, targets, and the rows of each fold's training and test split."""
    both = (data.raw.train, data.raw.test)
    inputs = np.concatenate([split.inputs for split in both]).reshape(COUNT, -1)
    place = {row.tobytes(): i for i, row in enumerate(inputs)}
    assert len(place) == COUNT

    def rows(split):
        return np.array([place[row.tobytes()] for row in split.inputs.reshape(-1, 64)])

    drawn = [data.split(replicate) for replicate in range(FOLDS)]
    cv = [(rows(one.train), rows(one.test)) for one in drawn]
    return inputs / 16, np.concatenate([split.targets for split in both]), cv


def rows_of(study, model):
    rows = [row for row in study.rows if row["model"] == model]
    assert [row["replicate"] for row in rows] == list(range(FOLDS))
    return rows


def test_scores_are_those_of_scikit_learn_on_the_same_folds(study, folds):
    inputs, targets, cv = folds
    wanted = cross_val_score(KNeighborsClassifier(5), inputs, targets, cv=cv)
    found = [row["test_accuracy"] for row in rows_of(study, "knn")]
    np.testing.assert_allclose(found, wanted, atol=1e-7)
    # The same penalty: a mean over the examples here, and a sum there.
    linear = LogisticRegression(C=1 / (1617 * DECAY), max_iter=2000)
    wanted = cross_val_score(linear, inputs, targets, cv=cv)
    found = np.array([row["test_accuracy"] for row in rows_of(study, "softmax")])
    assert np.abs(found - wanted).max() < 3.5 / 179
    assert found.mean() == pytest.approx(wanted.mean(), abs=0.005)
    assert wanted.std() > 0.005


def test_the_interval_is_that_of_nadeau_and_bengio(study):
    (pair,) = study.pairs
    scores = [np.array([r["test_accuracy"] for r in rows_of(study, pair[x])]) for x in "ab"]
    differences, variance = scores[0] - scores[1], 1 / (FOLDS - 1)
    error = differences.std(ddof=1) * np.sqrt(1 / FOLDS + variance)
    half = stats.t.ppf(0.975, FOLDS - 1) * error
    mean = differences.mean()
    assert pair["ci"] == pytest.approx([mean - half, mean + half], rel=1e-3)
    assert pair["p"] == pytest.approx(2 * stats.t.sf(abs(mean / error), FOLDS - 1), rel=1e-2)
    assert (pair["p_test"], pair["p_signflip"]) == ("corrected resampled t test", None)
    assert f"{FOLDS} folds" in pair["words"]


def test_rows_name_their_fold_and_the_record_what_was_asked(study):
    folder = study.folder
    with (folder / "members.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["fold"]), int(row["repeat"])) for row in rows[:FOLDS]] == [
        (fold, 0) for fold in range(FOLDS)
    ]
    for row in rows:
        assert float(row["split_variance"]) == pytest.approx(1 / (FOLDS - 1))
    asked = json.loads((folder / "study.json").read_text())["options"]
    assert [asked[name] for name in ("seeds", "folds", "repeats")] == [FOLDS, FOLDS, 1]


def test_every_example_is_an_answer_once_and_padding_is_none(study):
    for model in ("softmax", "knn"):
        kept = np.load(study.folder / f"digits-{model}-evidence.npz")
        real = kept["targets"] >= 0
        assert sorted(real.sum(1)) == [179] * 3 + [180] * 7
        assert kept["confusion"].sum() == COUNT
        right = (kept["predicted"] == kept["targets"]) & real
        wanted = [row["test_accuracy"] for row in rows_of(study, model)]
        np.testing.assert_allclose(right.sum(1) / real.sum(1), wanted, atol=1e-6)
        assert np.trace(kept["confusion"]) == right.sum()


def test_text_and_page_say_what_is_claimed(study):
    page = (study.folder / "report.html").read_text()
    for text in (repr(study), page):
        assert ABOUT in text
    assert "on digits · 10 folds" in page
    assert "± is the half-width of the 95 % t interval of the mean over folds, wider" in repr(study)
    assert "10 seeds" not in repr(study) + page


def test_a_mean_over_folds_has_the_wider_interval(study):
    scores = np.array([row["test_accuracy"] for row in rows_of(study, "softmax")])
    error = scores.std(ddof=1) * np.sqrt(1 / FOLDS + 1 / (FOLDS - 1))
    shown = next(line for line in repr(study).splitlines() if line.startswith("softmax")).split()
    assert float(shown[2]) == pytest.approx(100 * stats.t.ppf(0.975, 9) * error, abs=0.006)


def test_folds_decide_how_many_replicates_there_are(data_dir):
    one = dlfun.load("digits", data_dir=data_dir, split="kfold", folds=3, repeats=2)
    found = dlfun.train("softmax", one, steps=1, evaluations=1)
    assert [row["replicate"] for row in found.rows] == list(range(6))
    with pytest.raises(UserError, match=r"^seeds=5 has no say.* 3 folds x 2 repeats"):
        dlfun.train("softmax", one, seeds=5)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--seeds=5"], "--seeds=5 has no say under --split=kfold, whose replicates are 10 folds"),
        (["--folds=5", "--seeds=10"], "5 folds x 1 repeat; leave it out, or give 5"),
        (["--until_decided"], "--until_decided is about seeds"),
        (["--plan"], "--plan is about seeds"),
        (["--noise_floor"], "--noise_floor is about seeds"),
        (["--split=random", "--folds=3"], "--folds=3 is of --split=kfold; give both, or neither"),
        (["--split=official", "--groups=speaker"], "--groups=speaker is of --split=kfold"),
        (["--folds=1"], "--folds=1: must be a whole number, at least 2"),
    ],
)
def test_what_does_not_go_with_folds_is_said_in_a_line(given, words):
    with pytest.raises(UserError) as caught:
        check(given)
    assert words in str(caught.value)


def check(given):
    app.parse(compare.FLAGS, ["compare", "--datasets=digits", "--split=kfold", *given])
    study_flags.check(compare.FLAGS)


def test_the_same_number_of_seeds_may_be_given_as_a_replayed_study_does():
    for given in ([], ["--seeds=6"]):
        app.parse(compare.FLAGS, ["compare", "--split=kfold", "--folds=3", "--repeats=2", *given])
        assert study_flags.request_of(compare.FLAGS)["seeds"] == 6
