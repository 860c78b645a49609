"""A comparison's protocol: tuned before it is confirmed, grown in looks, and judged."""

import csv
import dataclasses
import json

import jax
import numpy as np
import pytest

from dlfun.config.comparison_spec import Claim, declared_looks, delta_of
from dlfun.config.search_space import SPACES, Dimension
from dlfun.errors import UserError
from dlfun.records.outcome import extended
from dlfun.studies.comparison import frozen
from dlfun.studies.comparison.compare import Protocol, compare
from dlfun.studies.comparison.pilot import of_pilot
from dlfun.studies.comparison.plan import Need, with_seeds
from dlfun.studies.comparison.tuning import Tuning, choose, shut, tune
from dlfun.studies.comparison.variance import part_variance
from dlfun.studies.comparison.verdicts import Examined, Look, chance_columns, judge, metric_of
from dlfun.studies.population.arm import make_members
from dlfun.studies.population.study_data import load_all
from dlfun.studies.search.samplers import trials
from dlfun.training.checkpoints.store import Checkpoints
from dlfun.types import HParams
from tests.helpers import data_options, options, toy
from tests.records.described import undescribed

SPACE = {"learning_rate": Dimension("log", 1e-4, 1.0)}


def study(data_dir, models=("softmax", "perceptron"), **changes):
    usual = {"datasets": ("digits",), "data": data_options(data_dir), "batch_size": None}
    return options(models, **(usual | changes))


def tuning(study, count=5, seeds=2):
    made = {}
    for model, chosen in study.models.items():
        rate = 1e-4 if model == "softmax" else 0.1
        drawn = trials(SPACE if model == "softmax" else {}, count - 1, study.seed, model)
        made[model] = [
            (
                point,
                dataclasses.replace(chosen, hparams=HParams(**({"learning_rate": rate} | point))),
            )
            for point in ({}, *drawn)
        ]
    return Tuning(made, {"softmax": SPACE, "perceptron": {}}, seeds)


@pytest.fixture(scope="module")
def tuned(tmp_path_factory, data_dir):
    """A small tuned comparison: the folder of its record, and what compare returned."""
    folder = tmp_path_factory.mktemp("protocol") / "tuned"
    asked = study(data_dir, output_dir=str(folder))
    claim = Claim({"digits": 0.02})
    return folder, compare(asked, Protocol(claim, tuning(asked), flags=("--seeds=3",)))


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_and_column_is_described(tuned):
    assert undescribed(tuned[0]) == []


def test_the_best_trial_on_validation_is_frozen_and_confirmed(tuned):
    folder, found = tuned
    rows = [row for row in rows_of(folder / "tuning.csv") if row["model"] == "softmax"]
    assert len(rows) == 5 * 2
    assert not any(name.startswith("test_") for name in rows[0])
    scores = np.array([float(row["validation_accuracy"]) for row in rows]).reshape(5, 2).mean(1)
    best = int(np.argmax(scores))
    assert [int(row["trial"]) for row in rows if row["chosen"] == "true"] == [best] * 2
    contents = json.loads((folder / "frozen.json").read_text())
    assert best > 0  # a draw; what was given has no rate of its own
    rate = contents["configurations"]["digits"]["softmax"]["learning_rate"]
    assert rate == float(rows[2 * best]["learning_rate"])
    assert [row["drawn"] for row in rows] == ["false"] * 2 + ["true"] * 8
    assert contents["trials"] == {"softmax": 4, "perceptron": 0}
    pairs = json.loads((folder / "comparison.json").read_text())
    assert [pair["frozen_hash"] for pair in pairs] == [contents["hash"]]
    assert pairs[0]["protocol"] == "tuned"
    assert (pairs[0]["delta"], pairs[0]["delta_from"]) == (0.02, "given")
    assert pairs[0]["verdict"] == "no verdict"  # three seeds
    assert json.loads(json.dumps(found.pairs)) == pairs


def test_a_confirmation_trains_what_was_frozen(tuned, tmp_path, data_dir):
    folder, first = tuned
    contents = frozen.read_frozen(folder)
    point = contents["configurations"]["digits"]["softmax"]
    asked = study(data_dir, output_dir=str(tmp_path / "again"))
    choice = {
        "digits": {
            "softmax": dataclasses.replace(asked.models["softmax"], hparams=HParams(**point)),
            "perceptron": dataclasses.replace(
                asked.models["perceptron"], hparams=HParams(learning_rate=0.1)
            ),
        }
    }
    again = compare(asked, Protocol(Claim({"digits": 0.02}), choice=choice))
    assert [row["test_accuracy"] for row in again.rows] == [
        row["test_accuracy"] for row in first.rows
    ]


def test_tuning_has_no_test_split_and_keys_of_its_own(data_dir):
    asked = study(data_dir)
    loaded = load_all(asked)
    closed = shut(loaded["digits"])
    assert closed.test is None
    assert all(dataset.test is None for dataset in closed.datasets)
    streams = [
        make_members(dataclasses.replace(asked, tuning=t, seeds=4), "bpnn", [HParams()], 1).streams
        for t in (False, True)
    ]
    for name in ("init", "order", "noise", "evaluation"):
        keys = np.concatenate([jax.random.key_data(getattr(s, name)) for s in streams])
        assert len(np.unique(keys, axis=0)) == 8


def test_nothing_is_tuned_without_validation(data_dir):
    asked = study(data_dir, data=data_options(data_dir, validation_fraction=0.0))
    with pytest.raises(UserError, match="nothing to choose by"):
        tune(asked, tuning(asked), {})


def test_failed_and_tied_trials_are_chosen_last():
    def run(trial, value, parameters=9, status="ok"):
        return {
            "trial": trial,
            "status": status,
            "parameters": parameters,
            "validation_accuracy": value,
        }

    assert choose([run(0, 0.9), run(0, 0.9, status="failed"), run(1, 0.2), run(1, 0.2)]) == 1
    assert choose([run(0, 0.5), run(1, 0.5, 8), run(2, 0.5, 8)]) == 1
    losses = [
        {"trial": t, "status": "ok", "parameters": 1, "validation_loss": 3 - t} for t in (0, 1)
    ]
    assert choose(losses) == 1


def test_trials_are_drawn_for_each_model_from_its_space():
    drawn = trials(SPACES["bpnn"], 500, 0, "bpnn")
    rates = np.log10([point["learning_rate"] for point in drawn])
    assert -4 <= rates.min() < -3.9 < -1.1 < rates.max() <= -1
    assert abs(np.mean(rates) + 2.5) < 0.15
    assert drawn[:3] == trials(SPACES["bpnn"], 500, 0, "bpnn")[:3]
    assert drawn[0] != trials(SPACES["bpnn"], 500, 0, "cnn")[0]
    assert trials({}, 500, 0, "perceptron") == []


def test_a_changed_frozen_file_is_refused(tuned, tmp_path):
    folder, _ = tuned
    contents = json.loads((folder / "frozen.json").read_text())
    file = tmp_path / "frozen.json"
    for change, what in (({"n": 99}, "was changed"), ({"format": 2}, "version")):
        file.write_text(json.dumps(contents | change))
        with pytest.raises(UserError, match=what):
            frozen.read_frozen(tmp_path)
    file.write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        frozen.read_frozen(file)
    with pytest.raises(UserError, match=r"there is no frozen\.json"):
        frozen.read_frozen(tmp_path / "nothing")


def test_the_test_split_is_opened_once_with_a_seed(tuned, tmp_path):
    folder, _ = tuned
    contents = frozen.read_frozen(folder)
    assert len(frozen.read_openings(folder, contents["hash"])) == 1  # its own study
    assert frozen.add_opening(tmp_path, "a", 0, "first") == 1
    assert frozen.add_opening(tmp_path, "b", 0, "other") == 1
    done, again = str(tmp_path / "replication"), str(tmp_path / "again")
    assert frozen.add_opening(tmp_path, "a", 1, done) == 2
    assert frozen.add_opening(tmp_path, "a", 1, done) == 2  # it was stopped, and goes on
    (tmp_path / "replication").mkdir()
    assert frozen.add_opening(tmp_path, "a", 1, done) == 2  # a directory that took the name
    (tmp_path / "replication" / "config.flags").touch()
    with pytest.raises(UserError, match="was opened"):
        frozen.add_opening(tmp_path, "a", 1, again)


def test_a_confirmation_is_of_the_data_and_the_configurations_that_were_frozen(tuned, tmp_path):
    folder, _ = tuned
    contents = frozen.read_frozen(folder)
    (tmp_path / "frozen.json").write_text(json.dumps(contents))
    known = frozen.Frozen(str(tmp_path), contents)
    data = toy()._replace(name="digits", checksum=contents["datasets"]["digits"]["checksum"])
    store = Checkpoints(tmp_path / "r.unfinished", {})
    asked = options(("softmax",), output_dir=str(tmp_path / "r"), checkpoints=store)
    with pytest.raises(UserError, match="the data set digits was changed since"):
        frozen.confirm(known, Claim(), asked, [data._replace(checksum="other")])
    assert not (tmp_path / frozen.OPENINGS).exists()  # the test split stayed closed
    claim = frozen.confirm(known, Claim(), asked, [data])
    assert (claim.frozen_hash, claim.test_openings) == (contents["hash"], 1)
    store.open()
    (store.folder / "population").mkdir()  # something was done
    again = dataclasses.replace(asked, checkpoints=Checkpoints(tmp_path / "r.unfinished", {}))
    with pytest.raises(UserError, match="what is frozen was changed since it was begun"):
        frozen.confirm(known._replace(contents=contents | {"hash": "0"}), claim, again, [data])
    store.close()


def test_looks_add_seeds_and_equal_one_go(tmp_path, data_dir):
    claim = Claim({"digits": 0.0}, looks=(5, 7))
    grown = compare(study(data_dir, output_dir=str(tmp_path / "a")), Protocol(claim))
    whole = compare(study(data_dir, output_dir=str(tmp_path / "b"), seeds=7))
    key = [(row["model"], row["replicate"]) for row in whole.rows]
    assert [(row["model"], row["replicate"]) for row in grown.rows] == key
    for a, b in zip(grown.rows, whole.rows, strict=True):
        assert a["test_accuracy"] == pytest.approx(b["test_accuracy"], abs=0.006)
    assert [pair["look"] for pair in grown.pairs] == [2]
    assert grown.pairs[0]["ci_level"] > 0.95  # the first look spent some of the error
    with np.load(tmp_path / "a/parameters/digits-softmax.npz") as arrays:
        assert arrays["member"].tolist() == list(range(7))


def test_declared_looks():
    assert declared_looks(10, 80) == (10, 20, 40, 80)
    assert declared_looks(4, 5) == (4, 5)
    with pytest.raises(UserError, match="larger number"):
        declared_looks(10, 10)


def made_rows(model, scores, metric="test_accuracy", chance=0.1):
    return [
        {
            "model": model,
            "dataset": "d",
            "replicate": r,
            "status": "failed" if np.isnan(score) else "ok",
            metric: score,
            "chance": chance,
        }
        for r, score in enumerate(scores)
    ]


def judged(rows, claim=Claim(), labels=True, level=0.05):  # noqa: B008
    tested = Examined("official", 1000, 0.0, labels)
    rows = extended(rows, chance_columns(rows, tested, metric_of(rows, "test")))
    return judge(rows, "d", tested, claim, Look(1, level))


def test_folds_of_an_arm_are_told_from_chance_together():
    """One of 41 examples is within chance by itself, and no reason to leave a good fold out."""
    rows = [
        {
            "model": model,
            "dataset": "d",
            "replicate": fold,
            "fold": fold,
            "status": "ok",
            "chance": 0.69,
            "test_accuracy": value,
        }
        for model, values in (("good", (0.9, 0.8, 0.95, 0.9, 0.93)), ("idle", (0.7,) * 5))
        for fold, value in enumerate(values)
    ]
    tested = Examined("kfold", 41, 0.25, labels=True)
    found = [column["at_chance"] for column in chance_columns(rows, tested, "test_accuracy")]
    assert found == ["false"] * 5 + ["true"] * 5
    alone = [
        column["at_chance"]
        for column in chance_columns(rows, tested._replace(scheme="random"), "test_accuracy")
    ]
    assert "true" in alone[:5]


def test_runs_that_failed_or_stayed_at_chance_make_a_mixture():
    rng = np.random.default_rng(0)
    good = 0.9 + 0.01 * rng.normal(size=12)
    bad = good - 0.05 + 0.001 * rng.normal(size=12)
    stuck, failed = bad.copy(), bad.copy()
    stuck[3], failed[4] = 0.11, np.nan
    for worse, at_chance, n_failed in ((stuck, 1, 0), (failed, 0, 1), (bad, 0, 0)):
        rows = made_rows("good", good) + made_rows("worse", worse)
        (pair,) = judged(rows)
        assert pair["n_at_chance_b"] == at_chance
        assert pair["n_failed_b"] == n_failed
        assert pair["mixture"] is bool(at_chance + n_failed)
        assert (pair["a"], pair["verdict"]) == ("good", "better")
    json.dumps(pair, allow_nan=False)


def test_lower_is_better_where_the_metric_is_a_loss():
    rng = np.random.default_rng(1)
    low, high = rng.normal(1.0, 0.01, 12), rng.normal(1.2, 0.01, 12)
    rows = made_rows("high", high, "test_nats", 2.0) + made_rows("low", low, "test_nats", 2.0)
    (pair,) = judged(rows)
    assert (pair["a"], pair["winner"], pair["direction"]) == ("low", "low", "lower")
    assert pair["diff"] == pytest.approx(np.mean(high) - np.mean(low))
    assert pair["mean_a"] == pytest.approx(np.mean(low))


def test_pairs_are_in_the_order_of_their_arms_and_share_the_error_rate():
    rng = np.random.default_rng(2)
    rows = [
        row
        for name, mean in (("c", 0.7), ("a", 0.9), ("b", 0.8))
        for row in made_rows(name, rng.normal(mean, 0.01, 10))
    ]
    pairs = judged(rows)
    assert [(p["a"], p["b"]) for p in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert {p["ci_level"] for p in pairs} == {1 - 0.05 / 3}
    against = judged(rows, Claim(family="vs-reference", reference="c"))
    assert [(p["a"], p["b"]) for p in against] == [("a", "c"), ("b", "c")]
    assert against[0]["ci_level"] == 1 - 0.05 / 2


def test_delta_is_the_users_or_that_of_the_data_set():
    assert delta_of(Claim({"": 0.02, "mnist": 0.5}), "mnist", "test_accuracy") == (0.5, True)
    assert delta_of(Claim(), "digits", "test_accuracy") == (0.01, False)
    assert delta_of(Claim(), "digits", "test_elbo") == (0.5, False)
    assert delta_of(Claim(), "houses", "test_rmse", 50_000.0) == (5_000.0, False)


def test_a_source_that_is_not_used_moves_nothing(data_dir, monkeypatch):
    monkeypatch.setattr("dlfun.studies.comparison.variance.SEEDS", 3)
    asked = study(data_dir, ("softmax",), hparams=HParams(learning_rate=0.1))
    rows = part_variance(asked, load_all(asked), None)
    scores = {}
    for row in rows:
        scores.setdefault(row["source"], []).append(row["score"])
    assert list(scores) == ["init", "order", "noise", "all"]  # the official split is one for all
    assert np.std(scores["noise"]) == 0
    assert np.std(scores["order"]) > 0
    assert scores["noise"][0] == scores["order"][0] == scores["all"][0]


def test_a_pilot_gives_the_spread_of_paired_differences(tuned, tmp_path):
    folder, found = tuned
    metric, spreads = of_pilot(folder, "digits", ["softmax", "perceptron"], Claim())
    by_arm = {
        model: np.array([r["test_accuracy"] for r in found.rows if r["model"] == model])
        for model in ("softmax", "perceptron")
    }
    sd = np.std(by_arm["softmax"] - by_arm["perceptron"], ddof=1)
    from scipy.stats import chi2

    assert metric == "test_accuracy"
    assert spreads["softmax - perceptron"] == pytest.approx(sd * np.sqrt(2 / chi2.ppf(0.2, 2)))
    with pytest.raises(UserError, match="fewer than 2 seeds of cnn"):
        of_pilot(folder, "digits", ["softmax", "cnn"], Claim())
    with pytest.raises(UserError, match=r"holds no members\.csv"):
        of_pilot(tmp_path, "digits", ["softmax"], Claim())


def test_seeds_of_a_family_are_more_than_of_one_pair():
    one = with_seeds(Need("d", "test_accuracy", "pair", 0.01, 0.01), Claim(), 1)
    ten = with_seeds(Need("d", "test_accuracy", "pair", 0.01, 0.01), Claim(), 10)
    # The classical figure for a standardised difference of 1 is 10; the weaker of two labels is
    # taken, which costs one more.
    assert one.detect == 10 + 1
    assert ten.detect > one.detect
    assert with_seeds(Need("d", "test_loss", "pair", 0.0, 0.01), Claim(), 1).detect is None
