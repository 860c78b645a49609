"""Classical arms against scikit-learn used directly; what they may see; what they refuse."""

import dataclasses
import subprocess
import sys

import jax
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

from dlfun import data as datasets
from dlfun import keys
from dlfun.config.classical import CLASSICAL
from dlfun.config.options import StudyOptions
from dlfun.data import Raw
from dlfun.errors import UserError
from dlfun.studies.baselines import arm, curve, estimators, pool
from dlfun.studies.baselines.arm import check_classical
from dlfun.studies.baselines.feature_tables import Reader, first_examples
from dlfun.studies.baselines.features import extract
from dlfun.studies.population.stacked import shut, stack
from dlfun.studies.search.samplers import at
from dlfun.training.checkpoints.store import Checkpoints
from dlfun.types import DataOptions, Dataset, Spec, Split
from tests.helpers import toy

SMALL = {"forest": {"n_estimators": 8}, "boosting": {"max_iter": 4}}


def run_classical(
    name, data, configurations, seeds, seed, open_test, columns=(), read=None, store=None, **chance
):
    """An arm, as a study of these options runs it."""
    asked = StudyOptions({}, (), seeds=seeds, seed=seed, checkpoints=store, **chance)
    data = data if open_test else shut(data)
    return arm.run_classical(asked, name, data, configurations, columns, read)


class Closed:
    """A test split that nothing may be asked of."""

    def __getattribute__(self, name):
        raise AssertionError(f"the test split was asked for {name}")

    def __getitem__(self, rows):
        raise AssertionError("the test split was read")


def noisy(modality="image", n=120, seed=0):
    """As `toy`, but classes overlap, so that methods and seeds differ."""
    known = toy(modality, seed=seed)
    rng = np.random.default_rng(seed)

    def draw(count):
        targets = (np.arange(count) % 3).astype(np.int32)
        inputs = rng.integers(0, 200, (count, *known.spec.shape)).astype(np.uint8)
        inputs[:, 0] += (20 * targets).astype(np.uint8).reshape(-1, *(1,) * (inputs.ndim - 2))
        return Split(inputs, targets)

    return known._replace(train=draw(n), validation=draw(40), test=draw(50))


def flat(split, spec):
    return (split.inputs.astype(np.float32) * np.float32(spec.scale)).reshape(len(split.inputs), -1)


def state(name, replicate, seed=0, tuning=False):
    root = keys.root_key(seed)
    root = keys.stream(root, "tuning") if tuning else root
    return int(jax.random.bits(keys.replicate_streams(root, replicate, name, 0).init))


def direct(name, data, **changes):
    """The estimator that scikit-learn's user would write, and its scale."""
    train = flat(data.train, data.spec)
    mean = train.mean(0) if name == "svm" else np.zeros_like(train[0])
    makers = {
        # Its own gamma of "scale" is ours of 1, on inputs that are centred.
        "svm": lambda: SVC(C=3.0, gamma="scale"),
        "tree": lambda: DecisionTreeClassifier(random_state=state(name, 1)),
        "forest": lambda: RandomForestClassifier(8, random_state=state(name, 1)),
        "boosting": lambda: HistGradientBoostingClassifier(max_iter=4),
        "knn": lambda: KNeighborsClassifier(),
    }
    model = makers[name]().fit(train - mean, data.train.targets)
    return {
        split: model.predict(flat(getattr(data, split), data.spec) - mean)
        for split in ("train", "validation", "test")
    }


@pytest.mark.parametrize("name", CLASSICAL)
def test_arms_are_what_scikit_learn_makes_of_the_same_data(name):
    data = noisy()
    chosen = SMALL.get(name, {"C": 3.0} if name == "svm" else {})
    found = run_classical(name, stack([data]), [chosen], seeds=2, seed=0, open_test=True)
    expected = direct(name, data)
    np.testing.assert_array_equal(found.predicted[1], expected["test"])
    row = found.rows[1]
    for split, predicted in expected.items():
        accuracy = np.mean(predicted == getattr(data, split).targets)
        assert row[f"{split}_accuracy"] == pytest.approx(accuracy)
    assert (row["model"], row["dataset"], row["replicate"]) == (name, data.name, 1)
    assert (row["status"], row["failed_at"], row["compile_seconds"]) == ("ok", "", 0.0)
    assert row["parameters"] == row["steps"] == ""
    assert row["seconds"] > 0


def test_confidence_is_the_probability_of_the_class_predicted():
    data = noisy()
    found = run_classical("forest", stack([data]), [SMALL["forest"]], 1, 0, True)
    train, test = flat(data.train, data.spec), flat(data.test, data.spec)
    model = RandomForestClassifier(8, random_state=state("forest", 0)).fit(
        train, data.train.targets
    )
    chances = model.predict_proba(test)
    np.testing.assert_allclose(found.confidence[0], chances.max(1), rtol=1e-6)
    np.testing.assert_array_equal(found.predicted[0], chances.argmax(1))
    assert run_classical("svm", stack([data]), [{}], 1, 0, True).confidence is None


def test_members_are_configurations_by_replicates_with_seeds_running_fastest():
    data = stack([noisy()])
    two = [{"n_estimators": 3}, {"n_estimators": 9}]
    columns = [{"n_estimators": 3}, {"n_estimators": 9}]
    found = run_classical("forest", data, two, 3, 5, True, columns, first=4)
    assert [row["replicate"] for row in found.rows] == [4, 5, 6, 4, 5, 6]
    assert [row["n_estimators"] for row in found.rows] == [3, 3, 3, 9, 9, 9]
    alone = run_classical("forest", data, two[1:], 1, 5, True, first=5)
    np.testing.assert_array_equal(found.predicted[4], alone.predicted[0])
    assert not np.array_equal(found.confidence[3], found.confidence[4])
    tuned = run_classical("forest", data, two[1:], 1, 5, True, first=5, tuning=True)
    assert not np.array_equal(tuned.confidence[0], alone.confidence[0])


def test_results_do_not_depend_on_how_many_are_fitted_at_once(monkeypatch):
    data, found = stack([noisy()]), []
    for cores in (1, 2, 3):
        monkeypatch.setattr(pool, "cores", lambda cores=cores: cores)
        monkeypatch.setattr(pool, "LARGE", 1)
        found.append(
            [run_classical(n, data, [SMALL.get(n, {})] * 3, 1, 0, True) for n in CLASSICAL]
        )
    for others in found[1:]:
        for one, other in zip(found[0], others, strict=True):
            np.testing.assert_array_equal(one.predicted, other.predicted)
            if one.confidence is not None:
                np.testing.assert_array_equal(one.confidence, other.confidence)


def test_fits_that_were_done_are_not_done_again(monkeypatch, tmp_path):
    data, arguments = stack([noisy()]), ([{}, {"max_depth": 2}], 2, 0, True)
    wanted = run_classical("tree", data, *arguments)
    fit, calls = estimators.fit, []

    def stopped(*given):
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return fit(*given)

    monkeypatch.setattr(pool, "cores", lambda: 1)
    monkeypatch.setattr(estimators, "fit", stopped)
    store = Checkpoints(tmp_path / "x", {}, every=0)
    with pytest.raises(KeyboardInterrupt):
        run_classical("tree", data, *arguments, store=store)
    store.close()
    calls[:] = calls[:3]  # the thread may have begun a fourth
    store = Checkpoints(tmp_path / "x", {}, every=0)
    found = run_classical("tree", data, *arguments, store=store)
    store.remove()
    assert len(calls) == 3 + 2
    for one, other in zip(found.rows, wanted.rows, strict=True):
        assert one | {"seconds": 0} == other | {"seconds": 0}
    np.testing.assert_array_equal(found.predicted, wanted.predicted)
    np.testing.assert_array_equal(found.confidence, wanted.confidence)


@pytest.mark.parametrize(("name", "fits"), [("knn", 2), ("svm", 2), ("tree", 6)])
def test_a_method_without_chance_is_fitted_once_for_all_replicates(monkeypatch, name, fits):
    calls = []
    fit = estimators.fit
    monkeypatch.setattr(estimators, "fit", lambda *args: calls.append(args) or fit(*args))
    found = run_classical(name, stack([noisy()]), [{}, {}], 3, 0, True)
    assert len(calls) == fits
    assert len(found.rows) == len(found.predicted) == 6


def test_each_replicate_has_its_own_split_where_there_are_several():
    splits = [noisy(seed=seed) for seed in range(3)]
    found = run_classical("knn", stack(splits), [{}], 3, 0, True)
    for data, predicted in zip(splits, found.predicted, strict=True):
        np.testing.assert_array_equal(predicted, direct("knn", data)["test"])
    last = run_classical("knn", stack(splits), [{}], 1, 0, True, first=2)
    np.testing.assert_array_equal(last.predicted[0], found.predicted[2])


@pytest.mark.parametrize("name", ["knn", "svm+hog", "forest"])
def test_a_closed_test_split_is_not_touched(name):
    data = stack([noisy()])
    closed = data._replace(test=Closed(), datasets=(data.first._replace(test=Closed()),))
    found = run_classical(name, closed, [SMALL.get(name, {})], 2, 0, open_test=False)
    assert found.predicted is None
    assert found.confidence is None
    assert all("test_accuracy" not in row for row in found.rows)
    assert all(row["validation_accuracy"] > 0.2 for row in found.rows)
    with pytest.raises(AssertionError, match="the test split"):
        run_classical(name, closed, [SMALL.get(name, {})], 1, 0, open_test=True)


@pytest.mark.parametrize("name", CLASSICAL)
def test_every_end_of_a_search_space_is_a_model(name):
    row = CLASSICAL[name]
    data = stack([noisy(n=30)])
    ends = [
        {n: at(dimension, u) for n, dimension in row.space.items()} | SMALL.get(name, {})
        for u in (0.0, 0.999)
    ]
    found = run_classical(name, data, ends, 1, 0, False)
    assert len(found.rows) == 2
    assert set(row.defaults) == set(row.space)
    assert row.factory({}, 3).get_params().get("random_state", 3) in (3, None)


def test_features_of_a_table_share_a_scale_and_pixels_keep_theirs():
    spec = Spec((3,), "vector", "classification", 2)
    rng = np.random.default_rng(0)
    features = (rng.normal(size=(40, 3)) * [1, 50, 0] + 7).astype(np.float32)
    for each, wanted in ((spec, "vector"), (dataclasses.replace(spec, modality="image"), "image")):
        made = features
        for _, step in estimators.scaling("raw", each):
            made = step.fit(made).transform(made)
        np.testing.assert_allclose(made.mean(0), 0, atol=1e-6)
        assert made.var(0).sum() == pytest.approx(1)
        ratio = made.std(0)[1] / made.std(0)[0]
        before = features.std(0)[1] / features.std(0)[0]
        assert ratio == pytest.approx(1 if wanted == "vector" else before, rel=1e-4)


@pytest.mark.parametrize("outputs", [1, 2])
def test_numbers_are_predicted_as_by_scikit_learn(outputs):
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(6, outputs))

    def draw(n):
        inputs = rng.normal(size=(n, 6)).astype(np.float32)
        return Split(inputs, (100 + 5 * inputs @ weights).astype(np.float32))

    spec = Spec((6,), "vector", "regression", outputs)
    data = Dataset(draw(50), draw(20), draw(30), spec, "plane", "1", "none")
    found = run_classical("svm", stack([data]), [{"C": 10.0}], 1, 0, True)
    x, y = StandardScaler().fit(data.train.inputs), StandardScaler().fit(data.train.targets)
    known, asked = x.transform(data.train.inputs), x.transform(data.test.inputs)
    wanted = np.stack(
        [
            SVR(C=10.0, gamma=1 / 6).fit(known, column).predict(asked)
            for column in y.transform(data.train.targets).T
        ],
        axis=1,
    )
    error = np.mean((y.inverse_transform(wanted) - data.test.targets) ** 2)
    assert found.rows[0]["test_loss"] == pytest.approx(error, rel=1e-3)
    assert "test_accuracy" not in found.rows[0]
    assert found.predicted is None
    for name in ("tree", "forest", "boosting", "knn"):
        other = run_classical(name, stack([data]), [SMALL.get(name, {})], 1, 0, True)
        assert other.rows[0]["test_loss"] < data.test.targets.var()


def test_more_neighbours_than_examples_are_all_of_them():
    data = stack([noisy(n=9)])
    found = run_classical("knn", data, [{"n_neighbors": 50}], 1, 0, True)
    assert np.unique(found.predicted).tolist() == [0]  # a tie of all classes goes to the first


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("svn", {}, "unknown classical model 'svn'; did you mean 'svm'"),
        ("svm+mfcc", {}, "write \\+hog"),
        ("svm", {"task": "next_token"}, "svm is for classification or regression.*next_token"),
        ("tree+hog", {"modality": "vector"}, "vector.*leave it out"),
    ],
)
def test_what_cannot_be_learned_is_refused(name, changes, message):
    data = noisy()
    data = stack([data._replace(spec=dataclasses.replace(data.spec, **changes))])
    with pytest.raises(UserError, match=message):
        run_classical(name, data, [{}], 1, 0, True)


def test_too_many_examples_are_refused_in_a_line_that_says_how_many_are_not(monkeypatch):
    few = {n: row._replace(examples=100, values=64 * 70) for n, row in CLASSICAL.items()}
    monkeypatch.setattr("dlfun.studies.baselines.arm.CLASSICAL", few)
    data = stack([noisy()])
    with pytest.raises(UserError, match=r"120 training examples.*--train_examples=70 or less"):
        check_classical("tree", data)
    width = extract("hog", data.first.train, data.first.spec).shape[1]
    with pytest.raises(UserError, match=rf"--train_examples={64 * 70 // width} or less"):
        check_classical("tree+hog", data)
    pairs = {"svm": CLASSICAL["svm"]._replace(pairs=64 * 90**2 + 1)}
    monkeypatch.setattr("dlfun.studies.baselines.arm.CLASSICAL", pairs)
    with pytest.raises(UserError, match=r"--train_examples=90 or less"):
        check_classical("svm", data)
    monkeypatch.setattr("dlfun.studies.baselines.arm.CLASSICAL", few)
    check_classical("tree", first_examples(data, 70))
    with pytest.raises(UserError, match="two classes"):
        check_classical("tree", first_examples(data, 1))


def test_missing_scikit_image_is_one_line(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"scikit-image.*locks/baselines\.txt"):
        check_classical("svm+hog", stack([noisy()]))


def test_the_table_needs_neither_scikit_learn_nor_jax():
    code = "import sys, dlfun.config.classical; print({'sklearn', 'jax', 'scipy'} & {*sys.modules})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_first_examples_are_those_that_the_flag_leaves(key):
    known = noisy()
    raw = Raw(known.train, known.test, known.spec, "noisy", "1", "none")
    options = DataOptions()
    whole = stack([datasets.split(raw, key, 0, options)])
    few = stack([datasets.split(raw, key, 0, dataclasses.replace(options, train_examples=17))])
    for ours, theirs in zip(
        jax.tree.leaves(first_examples(whole, 17)[1:]), jax.tree.leaves(few[1:]), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_curve_is_the_arm_run_on_each_number_of_examples():
    data = stack([noisy()])
    sizes = curve.ladder(data, 4)
    assert sizes == (15, 30, 60, 120)
    for name in ("tree+hog", "tree"):
        rows = curve.classical_curve(StudyOptions({}, (), seeds=2), name, data, sizes, {})
        assert [row["train_examples"] for row in rows] == [n for n in sizes for _ in range(2)]
        for row in rows:
            fewer = first_examples(data, row["train_examples"])
            alone = run_classical(name, fewer, [{}], 1, 0, True, first=row["replicate"]).rows[0]
            for column in ("train_accuracy", "test_accuracy", "model", "dataset"):
                assert row[column] == alone[column]
        assert set(row) == {
            "dataset",
            "model",
            "replicate",
            "train_examples",
            "train_accuracy",
            "test_accuracy",
        }


def test_hand_made_features_are_made_once_by_a_reader(monkeypatch):
    data, made = stack([noisy()]), []
    from dlfun.studies.baselines import feature_tables

    extract = feature_tables.extract
    monkeypatch.setattr(
        feature_tables, "extract", lambda *args: made.append(args[0]) or extract(*args)
    )
    read = Reader(data)
    for name in ("knn+hog", "tree+hog"):
        run_classical(name, data, [{}], 2, 0, True, read=read)
    assert made == ["hog"] * 3
