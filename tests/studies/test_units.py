"""Numbers to predict, in the user's unit: it decides nothing, and all answers are in it."""

import re

import numpy as np
import pytest
from sklearn.metrics import r2_score

import dlfun
from dlfun.inference.export import answers, check, exportable
from dlfun.inference.export_formats import FORMATS
from dlfun.inference.opened import Wanted, open_model
from dlfun.inference.sample import decode
from dlfun.learners.prepare import prepare
from dlfun.records.recorded import read_record
from dlfun.records.study_file import read_request
from dlfun.studies.baselines.estimators import scores

COUNT = 120
ONE, TWO, NOISE = np.random.default_rng(0).normal(size=(3, COUNT))
TARGET = 2 * ONE + TWO + ONE * TWO + 0.1 * NOISE
KEEP = {"seeds": 5, "steps": 40, "evaluations": 2, "keep": "all"}
SMALL = dlfun.model("bpnn", widths=(8,))
CHANGES = {"a house": (1e5, 2e5), "thousandths": (1e-3, 0.0), "far": (3.0, 1e6), "exact": (64, 0)}


def network_of(study, member):
    """The network of a study's only model, from its record."""
    record, request = read_record(study.folder), read_request(study.folder, data=False)
    return open_model(record, request, Wanted(member=member)).network


def table(folder, factor=1.0, offset=0.0, **options):
    """A .csv of two numbers, a text and a target; the unit of the first is changed alike."""
    columns = (factor * ONE + offset, TWO, np.array(list("abc"))[np.arange(COUNT) % 3])
    lines = zip(*(column.tolist() for column in (*columns, factor * TARGET + offset)), strict=True)
    path = folder / "t.csv"
    path.write_text("\n".join(["one,two,kind,y", *(",".join(map(str, line)) for line in lines)]))
    return dlfun.load(path, **options)


def arrays(folder, factor=1.0, offset=0.0, **options):
    """Arrays of two numbers to predict."""
    targets = np.stack([TARGET, ONE - TWO + 0.1 * NOISE], axis=1)
    inputs = np.stack([ONE, TWO], axis=1)
    return dlfun.from_arrays(inputs, factor * targets + offset, **options)


def compared(data):
    model = dlfun.model("softmax", learning_rate=0.1) if data.name == "t" else SMALL
    return dlfun.compare([model], data, baselines=["tree", "svm"], **KEEP)


def column(study, name):
    return np.array([row[name] for row in study.rows])


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The comparison of each kind of data in the unit they have."""
    folder = tmp_path_factory.mktemp("plain")
    return {make: compared(make(folder)) for make in (table, arrays)}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("make", [table, arrays])
def test_the_unit_decides_nothing(plain, tmp_path, make, change):
    factor, offset = CHANGES[change]
    before, after = plain[make], compared(make(tmp_path, factor, offset))
    close = 1e-6 if change == "exact" else 5e-3
    for name, times in (("rmse", factor), ("loss", factor**2), ("r2", 1.0)):
        for split in ("train", "test"):
            was, now = (column(study, f"{split}_{name}") for study in (before, after))
            np.testing.assert_allclose(now / times, was, rtol=close, atol=1e-4)
    for was, now in zip(before.pairs, after.pairs, strict=True):
        assert [now[n] for n in ("a", "b", "verdict")] == [was[n] for n in ("a", "b", "verdict")]
        assert now["metric"] == "test_rmse"
        assert now["delta"] == pytest.approx(factor * was["delta"], rel=1e-4)


@pytest.mark.parametrize("make", [table, arrays])
def test_delta_is_a_tenth_of_how_far_training_targets_vary(plain, tmp_path, make):
    train = make(tmp_path).split().train.targets.astype(float)
    wanted = 0.1 * np.sqrt(np.mean(train.var(0)))
    assert [pair["delta"] for pair in plain[make].pairs] == pytest.approx([wanted] * 3)


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("make", [table, arrays])
def test_what_is_predicted_scores_what_the_record_says(tmp_path, make, offset):
    data = make(tmp_path, 50.0, offset)
    study = dlfun.train(SMALL, data, **KEEP)
    standards, test = data.raw.scaling, data.raw.test
    inputs = test.inputs + (0 if standards.inputs is None else standards.inputs.origin)
    wanted = test.targets + standards.targets.origin
    for member in (0, 4):
        said = study.predict(inputs, member=member).predicted
        row = study.rows[member]
        loss = np.mean((said - wanted) ** 2)
        assert row["test_loss"] == pytest.approx(loss, rel=1e-4)
        assert row["test_rmse"] == pytest.approx(np.sqrt(loss), rel=1e-4)
        assert row["test_r2"] == pytest.approx(r2_score(wanted, said), rel=1e-4)


def test_each_replicate_is_standardised_by_its_own_rows_however_it_is_fed(tmp_path):
    data = table(tmp_path, 50.0, 7e5, split="random")
    whole, fed = (dlfun.train(SMALL, data, input=how, **KEEP) for how in ("memory", "stream"))
    for name in ("test_rmse", "test_r2", "validation_loss", "train_rmse"):
        np.testing.assert_allclose(column(fed, name), column(whole, name), rtol=1e-4)
    origins = data.raw.scaling.inputs.origin, data.raw.scaling.targets.origin
    for replicate, row in enumerate(whole.rows):
        dataset = data.split(replicate)
        train = dataset.train.targets.astype(float)
        np.testing.assert_allclose(dataset.scaling.targets.sd, train.std(0))
        said = whole.predict(dataset.test.inputs + origins[0], member=replicate).predicted
        wanted = dataset.test.targets + origins[1]
        assert row["test_rmse"] == pytest.approx(np.sqrt(np.mean((said - wanted) ** 2)), rel=1e-4)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_an_export_answers_in_the_users_unit(tmp_path, offset):
    data = table(tmp_path, 50.0, offset)
    study = dlfun.train(SMALL, data, **KEEP)
    network = network_of(study, "0")
    model, expected = exportable(network, "outputs")
    held = network.examples.inputs
    said = study.predict(held + data.raw.scaling.inputs.origin, member=0).predicted
    np.testing.assert_allclose(expected, said, rtol=1e-7)
    for kind in ("jax", "safetensors"):
        assert check(FORMATS[kind].write(model), kind, model, expected, "float32").examples > 0
        files = FORMATS[kind].write(model)
        np.testing.assert_allclose(FORMATS[kind].call(files, model), said, rtol=1e-6, atol=1e-3)
    assert model.variables["scaling/targets/sd"] == pytest.approx(data.split().scaling.targets.sd)


def test_an_export_far_from_0_tells_its_answers_apart(tmp_path):
    """float32 has steps of 128 there: they are differences, and export.json says from what."""
    data = table(tmp_path, 50.0, 1.7e9)
    study = dlfun.train(SMALL, data, **KEEP)
    network = network_of(study, "0")
    model, expected = exportable(network, "outputs")
    files = FORMATS["jax"].write(model)
    assert check(files, "jax", model, expected, "float32").difference < 1e-5
    about = answers(network, "outputs")
    added = float(re.search(r"add, in double precision, (\d+) to number 0", about)[1])
    held = network.examples.inputs + data.raw.scaling.inputs.origin
    said = FORMATS["jax"].call(files, model).astype(float) + added
    np.testing.assert_allclose(said, study.predict(held, member=0).predicted, atol=1e-3)
    assert np.ptp(said) > 50


def test_the_unit_of_the_target_decides_no_best_member_nor_a_vaes_loss(tmp_path):
    vae = dlfun.model("vae", widths=(8,), latent=2)
    studies = [dlfun.train(vae, table(tmp_path, unit), **KEEP) for unit in (1e-3, 1e3)]
    for study in studies:
        found = network_of(study, "best")
        assert found.rows == (int(np.argmin(column(study, "validation_rmse"))),)
    for name in ("train_loss", "validation_loss", "test_loss", "test_elbo"):
        np.testing.assert_allclose(*(column(study, name) for study in studies), rtol=5e-3)
    small, large = (column(study, "test_readout_loss") for study in studies)
    np.testing.assert_allclose(large / small, 1e12, rtol=5e-3)


def test_what_a_vae_makes_is_in_the_users_unit(tmp_path):
    data = table(tmp_path, 300.0, 1000.0)
    study = dlfun.train(dlfun.model("vae", widths=(8,), latent=2), data, **KEEP)
    assert {row["status"] for row in study.rows} == {"ok"}
    network = network_of(study, "0")
    made = decode(network, np.zeros((3, 2), np.float32))
    model = exportable(network, "decoder")[0]
    np.testing.assert_allclose(
        model.function(model.tree, np.zeros((3, 2), np.float32)), made, rtol=1e-5, atol=1e-3
    )
    files = FORMATS["jax"].write(model)
    np.testing.assert_allclose(
        FORMATS["jax"].call(files, model), model.function(model.tree, **model.arguments), rtol=1e-5
    )
    train = data.split().train.inputs
    np.testing.assert_allclose(made[:, 0].mean(), train[:, 0].mean(), atol=300)
    ready = prepare(train, data.spec, "float32", data.split().scaling)
    assert abs(float(ready[:, 0].mean())) < 1e-5  # its likelihood is that of standardised inputs


def test_numbers_of_a_stated_scale_stay_as_they_are():
    assert dlfun.load("adding").raw.scaling is None


def test_the_table_says_who_is_no_better_than_the_mean(plain, tmp_path):
    study = plain[table]
    still = dlfun.model("softmax", learning_rate=0.0)
    told = repr(dlfun.compare([still], table(tmp_path), baselines=["tree"], **KEEP))
    assert "softmax is no better than always saying the mean of the training targets." in told
    assert "R²" in told.splitlines()[0]
    assert "no better" not in repr(study)
    page = study.report(tmp_path / "page.html").path.read_text()
    assert "Always saying the mean of the training targets has" in page
    assert "R²" in page


def test_r2_is_the_mean_over_outputs_and_none_where_targets_do_not_vary():
    wanted = np.random.default_rng(1).normal(size=(30, 2)) * [1, 9] + 4
    said = wanted + 0.5
    found = scores(False, "test", said, wanted, measured=True)
    assert found["test_r2"] == pytest.approx(r2_score(wanted, said))
    wanted[:, 1] = 3.0
    assert np.isnan(scores(False, "test", said, wanted, measured=True)["test_r2"])


@pytest.mark.parametrize("factor", [1e-20, 1e20])
def test_numbers_whose_squares_float32_cannot_hold_are_refused(factor):
    with pytest.raises(dlfun.UserError, match="give them in another unit"):
        dlfun.from_arrays(ONE[:, None], factor * TARGET)


def test_inputs_as_they_are_stored_are_not_taken_for_inputs_in_their_unit(tmp_path):
    data = table(tmp_path, 1.0, 1e6)
    study = dlfun.train(SMALL, data, **KEEP)
    with pytest.raises(dlfun.UserError, match=r"column 0 lies far from 1000000, near which all"):
        study.predict(data.raw.test.inputs)
