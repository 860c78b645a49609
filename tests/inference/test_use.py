"""Trained models put to use: answers, ensembles, samples and exports of a small record."""

import csv
import json
import os
import shutil
import subprocess
import sys
import warnings
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from PIL import Image
from scipy.special import expit, log_softmax, softmax

from dlfun.cli import app, study_flags, trained_model
from dlfun.cli.commands import compare as compare_script
from dlfun.cli.commands import export, predict, sample, sweep
from dlfun.data.user_files.inputs import Given
from dlfun.errors import UserError
from dlfun.inference import export_formats
from dlfun.inference.decoding import classify, labels_of, log_probabilities, next_tokens
from dlfun.inference.export import exportable, loading
from dlfun.inference.members import Member, chosen_members
from dlfun.inference.predict import answer, calibrate_network, check_calibration, outputs_of
from dlfun.inference.sample import make_texts, prompt_ids, sampling_key
from dlfun.inference.trained_models import Network
from dlfun.models import RNN
from dlfun.studies.artifacts.data_preparation import read_again
from dlfun.studies.comparison.compare import compare
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.stacked import stack
from dlfun.studies.search.sweep import configurations_of
from dlfun.studies.search.sweep import sweep as run_sweep
from dlfun.types import Dataset, HParams, Settings, Spec, Split
from tests.records.described import undescribed

TINY = ("--steps=30", "--evaluations=3", "--batch_size=50")
MODELS = ("perceptron", "softmax", "cnn", "vae")


@pytest.fixture(scope="module")
def record(tmp_path_factory, data_dir):
    """A record of digits: four kinds of models, three seeds each."""
    folder = tmp_path_factory.mktemp("use") / "record"
    given = (*TINY, "--datasets=digits", f"--models={','.join(MODELS)}", "--seeds=3")
    shapes = ("--cnn_channels=4,4,4", "--vae_widths=16", "--vae_latent=3")
    words = ["compare", *given, *shapes, "--learning_rate=0.01", f"--output_dir={folder}"]
    app.parse(compare_script.FLAGS, words)
    compare(study_flags.study_options(compare_script.FLAGS))
    return folder


@pytest.fixture(scope="module")
def swept(tmp_path_factory, data_dir):
    """A record of a sweep over a shape and a number: two programs of four members each."""
    folder = tmp_path_factory.mktemp("use") / "swept"
    grid = ("--grid", "bpnn_widths=3,8", "--grid", "learning_rate=1e-4,1e-2")
    given = (*TINY, "--model=bpnn", "--dataset=digits", "--seeds=2", *grid)
    app.parse(sweep.FLAGS, ["sweep", *given, f"--output_dir={folder}"])
    options = study_flags.study_options(sweep.FLAGS)
    run_sweep(options, configurations_of(options.request))
    return folder


def test_every_file_and_column_is_described(record, swept):
    assert undescribed(record) + undescribed(swept) == []


def test_the_record_says_which_metric_chooses_the_best_member(record):
    found = json.loads((record / "environment.json").read_text())["ranked_by"]
    assert found == {f"digits/{model}": "validation_accuracy" for model in MODELS}


@pytest.fixture(autouse=True)
def no_second_start(monkeypatch):
    """JAX is set up once, by the tests."""
    monkeypatch.setattr(trained_model, "start_jax", lambda request: None)


def call(script, folder, *given):
    """Runs a script's main in this process."""
    words = app.parse(
        script.FLAGS, [script.__name__, str(folder), *given], check=script.check, words="RUN_DIR"
    )
    script.main(words)


def choice(folder, *given):
    values = trained_model.trained_flags(several=True)
    words = app.parse(
        values, ["use", str(folder), *given], check=trained_model.check, words="RUN_DIR"
    )
    with trained_model.chosen(values, words[1:], "use") as model:
        return model


def rows_of(folder):
    with (folder / "members.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def as_it_was(model):
    """The data set of a model, read again."""
    return read_again(model.kept, model.options, "this").first


def of_test(model):
    """The test split of the model's data set, as given inputs."""
    return Given.of(as_it_was(model).test)


@pytest.mark.parametrize("name", MODELS)
def test_a_member_says_what_it_said_when_it_was_tested(record, name):
    evidence = np.load(record / f"digits-{name}-evidence.npz")
    for member in (0, 2):
        model = choice(record, f"--model={name}", f"--member={member}")
        found = answer(model.network, of_test(model))
        np.testing.assert_array_equal(found.predicted, evidence["predicted"][member])
        if found.log_p is None:
            assert name == "perceptron"
        else:
            p = np.exp(found.log_p).max(-1)
            np.testing.assert_allclose(p, evidence["confidence"][member], atol=1e-3)


def test_best_is_best_on_validation(record):
    rows = [row for row in rows_of(record) if row["model"] == "cnn"]
    scores = [float(row["validation_accuracy"]) for row in rows]
    assert choice(record, "--model=cnn").network.rows == (int(np.argmax(scores)),)


def test_members_of_a_sweep_are_found_by_program_and_configuration(swept):
    rows = rows_of(swept)
    shapes = [int(row["bpnn_widths"]) for row in rows]
    for member in (1, 6):
        model = choice(swept, f"--member={member}")
        network = model.network
        assert network.variables["params"]["hidden_0"]["bias"].shape == (1, shapes[member])
        score = float(rows[member]["validation_accuracy"])
        held = model.validation("this")
        found = answer(network, Given.of(held)).predicted
        assert np.mean(found == held.targets) == pytest.approx(score)
    means = np.array([float(row["validation_accuracy"]) for row in rows]).reshape(4, 2).mean(1)
    best = int(np.argmax(means))
    assert choice(swept, "--member=ensemble").network.rows == (2 * best, 2 * best + 1)


def test_members_whose_sizes_are_numbers_answer_as_networks_of_those_sizes(tmp_path, data_dir):
    folder = tmp_path / "sized"
    grid = ("--grid", "width=3,8", "--grid", "depth=1,2", "--bpnn_widths=8,8")
    given = (*TINY, "--model=bpnn", "--dataset=digits", "--seeds=1", *grid)
    app.parse(sweep.FLAGS, ["sweep", *given, f"--output_dir={folder}"])
    options = study_flags.study_options(sweep.FLAGS)
    study = run_sweep(options, configurations_of(options.request))
    assert "one program of --bpnn_widths=8,8" in study.notes[-1]
    rows = rows_of(folder)
    for member, (width, depth) in enumerate([(3, 1), (3, 2), (8, 1), (8, 2)]):
        model = choice(folder, f"--member={member}")
        network, held = model.network, model.validation("this")
        found = answer(network, Given.of(held))
        score = float(rows[member]["validation_accuracy"])
        assert np.mean(found.predicted == held.targets) == pytest.approx(score)
        assert network.settings.shape.widths == (width,) * depth
        params = network.variables_of(0)["params"]
        assert len(params) == depth + 1
        hidden = np.asarray(held.inputs, float).reshape(len(held.inputs), -1) / 16
        for layer in [params[f"hidden_{i}"] for i in range(depth)]:
            assert layer["bias"].shape == (width,)
            hidden = np.maximum(hidden @ layer["kernel"] + layer["bias"], 0)
        logits = hidden @ params["head"]["kernel"] + params["head"]["bias"]
        np.testing.assert_array_equal(logits.argmax(-1), found.predicted)


def test_a_configuration_counts_by_its_mean_and_a_member_by_itself():
    scores = [0.9, 0.1, 0.6, 0.5]
    found = [Member(i, i % 2, 0, i, (0, i // 2), s) for i, s in enumerate(scores)]
    assert [one.row for one in chosen_members(found, "best")] == [0]
    assert [one.row for one in chosen_members(found, "ensemble")] == [2, 3]
    with pytest.raises(UserError, match="there are the members 0, 1, 2, 3"):
        chosen_members(found, "7")


def test_an_ensemble_averages_probabilities_and_says_how_far_members_disagree(record):
    model = choice(record, "--model=cnn", "--member=ensemble")
    found, outputs = answer(model.network, of_test(model), True), []
    for member in range(3):
        own = choice(record, "--model=cnn", f"--member={member}").network
        outputs.append(outputs_of(own, of_test(model))[0])
    p = softmax(np.array(outputs, float), -1)
    np.testing.assert_allclose(np.exp(found.log_p), p.mean(0), atol=1e-6)
    for i in range(0, p.shape[1], 50):
        votes = [p[m, i].argmax() for m in range(3)]
        others = sum(vote != found.predicted[i] for vote in votes)
        assert found.more["disagreement"][i] == pytest.approx(others / 3)
        entropies = [-(q * np.log(q)).sum() for q in (*p[:, i], p[:, i].mean(0))]
        information = entropies[-1] - np.mean(entropies[:-1])
        assert found.more["mutual_information"][i] == pytest.approx(information, abs=1e-6)


def test_one_member_alone_has_no_spread():
    outputs = np.random.default_rng(0).normal(size=(1, 5, 4, 3))
    given = Given(np.ones((5, 4), np.int32), ())
    alone = {
        "probabilities": classify(outputs[:, :, 0], True, True, 1.0).more,
        "votes": classify(outputs[:, :, 0], True, False, 1.0).more,
        "labels": labels_of(outputs, True).more,
        "tokens": {"d": next_tokens(outputs, given, True).more["disagreement"]},
    }
    assert all(alone.values())
    for more in alone.values():
        assert all(np.isnan(values).all() for values in more.values())
    same = np.repeat(outputs[:, :, 0], 2, axis=0)
    assert not any(values.any() for values in classify(same, True, True, 1.0).more.values())


def test_numbers_of_one_member_alone_have_no_spread(monkeypatch):
    spec = SimpleNamespace(task="regression")
    for count, spread in ((1, np.nan), (3, 0.0)):
        outputs = np.ones((count, 5, 2), np.float32)
        monkeypatch.setattr("dlfun.inference.predict.outputs_of", lambda *_, o=outputs: o)
        found = answer(SimpleNamespace(spec=spec), Given(np.ones((5, 1)), ()), True)
        np.testing.assert_array_equal(found.more["sd_1"], np.full(5, spread))


def test_mean_logits_of_linear_models_are_the_model_of_mean_parameters(record):
    model = choice(record, "--model=softmax", "--member=mean")
    found = log_probabilities(outputs_of(model.network, of_test(model)).astype(float), False)
    head = model.network.variables["params"]["head"]
    inputs = of_test(model).inputs.reshape(-1, 64) / 16
    logits = inputs @ head["kernel"].mean(0) + head["bias"].mean(0)
    np.testing.assert_allclose(found, log_softmax(logits.astype(float), -1), atol=1e-4)


def test_members_that_are_sure_of_different_classes_share_one_bit():
    sure = np.array([[[50.0, 0, 0]], [[0, 50.0, 0]]])
    found = classify(sure, True, True, 1.0)
    assert found.more["mutual_information"][0] == pytest.approx(np.log(2))
    assert found.more["disagreement"][0] == 0.5
    scores = np.array([[[1.0, 0, 0]], [[2.0, 0, 0]], [[0, 9.0, 0]]])
    voted = classify(scores, True, False, 1.0)
    assert (voted.predicted[0], voted.log_p) == (0, None)
    assert voted.more["disagreement"][0] == pytest.approx(1 / 3)
    assert classify(scores, False, False, 1.0).predicted[0] == 1


def test_a_temperature_is_fitted_on_validation(record):
    model = choice(record, "--model=softmax")
    network, held = model.network, model.validation("this")
    found = calibrate_network(network, held, False, "fit")
    logits, rows = outputs_of(network, Given.of(held))[0], np.arange(len(held.targets))
    grid = np.geomspace(0.05, 20, 600)
    losses = [-log_softmax(logits / t, -1)[rows, held.targets].mean() for t in grid]
    assert found.temperature == pytest.approx(grid[np.argmin(losses)], rel=0.02)
    assert found.before.nats == pytest.approx(-log_softmax(logits, -1)[rows, held.targets].mean())
    given = calibrate_network(network, held, False, 2.0)
    assert given.after.nats == pytest.approx(
        -log_softmax(logits / 2, -1)[rows, held.targets].mean(), rel=1e-5
    )
    apart = network._replace(splits=(0, 1), rows=(0, 1))
    with pytest.raises(UserError, match="from which others learned"):
        check_calibration(apart, "fit")
    scores = choice(record, "--model=perceptron").network
    with pytest.raises(UserError, match="gives no probabilities"):
        check_calibration(scores, "fit")


def test_predictions_are_written_as_a_table_and_as_json(record, tmp_path, capsys):
    test = as_it_was(choice(record, "--model=cnn")).test
    np.save(tmp_path / "new.npy", test.inputs[:4, ..., 0])
    given = ("--model=cnn", f"--inputs={tmp_path / 'new.npy'}", "--member=ensemble")
    (tmp_path / "link.csv").symlink_to("out.csv")
    call(predict, record, *given, f"--output={tmp_path / 'link.csv'}", "--temperature=fit")
    assert "ECE" in capsys.readouterr().err
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    call(predict, record, *given, "--format=jsonl", "--temperature=fit", "--keep_calibration")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == len(rows) == 4
    for row, line in zip(rows, lines, strict=True):
        p = {c: float(row[f"probability_{c}"]) for c in map(str, range(10))}
        assert p == line["probabilities"]
        assert sum(p.values()) == pytest.approx(1, abs=1e-5)
        assert row["predicted"] == line["predicted"] == max(p, key=p.get)
        assert float(row["mutual_information"]) == line["mutual_information"]
    kept = json.loads((record / "calibration.json").read_text())["digits/cnn/ensemble"]
    assert kept["fitted"]
    assert kept["examples"] == 90
    (record / "calibration.json").unlink()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((), r"several models; give one: --model=perceptron\|softmax"),
        (("--model=rnn",), "--model=rnn: unknown model 'rnn'"),
        (("--model=cnn", "--dataset=mnist"), "--dataset=mnist: unknown dataset"),
        (("--model=cnn", "--member=3"), "--member=3: there are the members 0, 1, 2"),
    ],
)
def test_an_unclear_choice_is_one_line(record, given, words):
    with pytest.raises(UserError, match=words):
        choice(record, *given)


def test_a_classical_model_is_refused_with_the_reason(record, tmp_path):
    copy = shutil.copytree(record, tmp_path / "copy")
    (copy / "checksums.txt").unlink()
    table = copy / "members.csv"
    last = [row for row in table.read_text().splitlines() if row.startswith("vae,")][-1]
    with table.open("a") as file:
        file.write(last.replace("vae,", "forest,", 1) + "\n")
    with pytest.raises(UserError, match=r"--model=forest: .* give --model=perceptron\|softmax"):
        choice(copy, "--model=forest")
    assert choice(copy, "--model=softmax").network.settings.model == "softmax"


def test_parameters_that_are_not_the_models_are_refused(record, tmp_path):
    copy = shutil.copytree(record, tmp_path / "copy")
    (copy / "checksums.txt").unlink()
    path = copy / "parameters/digits-softmax.npz"
    arrays = dict(np.load(path))
    np.savez(path, **{**arrays, "params/head/bias": arrays["params/head/bias"] * np.nan})
    with pytest.raises(UserError, match=r"digits-softmax\.npz: missing or damaged"):
        choice(copy, "--model=softmax")
    np.savez(path, **{**arrays, "params/head/kernel": arrays["params/head/kernel"][:, :-1]})
    with pytest.raises(UserError, match=r"digits-softmax\.npz: missing or damaged"):
        choice(copy, "--model=softmax")
    path.unlink()
    with pytest.raises(UserError, match="keeps no parameters of softmax"):
        choice(copy, "--model=softmax")


def test_samples_are_decoded_from_the_prior(record, tmp_path):
    given = ("--model=vae", "--count=12", "--seed=3", "--member=1")
    call(sample, record, *given, f"--output_dir={tmp_path / 'a'}")
    (tmp_path / "nowhere").mkdir()  # the data set itself is not read
    given += (f"--data_dir={tmp_path / 'nowhere'}",)
    call(sample, record, *given, f"--output_dir={tmp_path / 'b'}")
    assert not list((tmp_path / "nowhere").iterdir())
    with np.load(tmp_path / "a/samples.npz") as a, np.load(tmp_path / "b/samples.npz") as b:
        first = dict(a)
        np.testing.assert_array_equal(first["samples"], b["samples"])
    assert (tmp_path / "a/samples.png").stat().st_size > 10_000
    assert first["samples"].shape == (12, 8, 8, 1)
    assert first["traversals"].shape == (3, 10, 8, 8, 1)
    parameters = np.load(record / "parameters/digits-vae.npz")

    def layer(name, inputs):
        kernel, bias = (parameters[f"params/{name}/{part}"][1] for part in ("kernel", "bias"))
        return inputs @ kernel + bias

    ends = np.zeros((2, 3))
    ends[:, int(first["traversed"][0])] = (-3, 3)
    expected = expit(layer("likelihood", np.maximum(layer("decoder_0", ends), 0)))
    found = first["traversals"][0][[0, -1]].reshape(2, 64)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_flags_of_texts_are_refused_of_a_vae(record, tmp_path):
    with pytest.raises(UserError, match=r"--length is of texts .* vae on digits, member"):
        call(sample, record, "--model=vae", "--length=9", f"--output_dir={tmp_path / 'a'}")


def test_what_is_not_generative_is_refused(record):
    with pytest.raises(UserError, match="cnn on digits makes nothing new"):
        call(sample, record, "--model=cnn")


def toy_network(model, spec, shape, count=6, members=2):
    """A network of random parameters on random data of a spec."""
    random = np.random.default_rng(0)
    if spec.vocabulary:
        inputs = random.integers(0, spec.vocabulary, (count, *spec.shape)).astype(np.uint8)
    else:
        inputs = random.normal(size=(count, *spec.shape)).astype(np.float32)
    lengths = random.integers(2, 5, count).astype(np.int32) if spec.padded else None
    each = (count, *spec.shape[:1]) if spec.task == "next_token" else count
    split = Split(inputs, np.zeros(each, np.int32), lengths)
    data = stack([Dataset(split, split, split, spec, "toy", "1", "none")])
    settings = Settings(model, shape)
    learner = assemble(settings, spec).learner
    keys = jax.random.split(jax.random.key(0), members)
    states = [learner.parameters(learner.init(HParams(), key)) for key in keys]
    variables = jax.tree.map(lambda *leaves: np.stack(leaves), *states)
    rows = tuple(range(members))
    return Network(data, settings, rows, (0,) * members, variables, split)


TOKENS = Spec((5,), "text", "next_token", 4, vocabulary=4, alphabet="ab\nc")


def test_nats_of_a_text_and_its_next_token_by_a_loop():
    network = toy_network("rnn", TOKENS, RNN(widths=(3,), bidirectional=False))
    given = Given.of(network.data.first.test)
    found = answer(network, given)
    logits = outputs_of(network, given).astype(float).mean(0)
    for i, text in enumerate(given.inputs):
        said = [-log_softmax(logits[i, t])[text[t + 1]] for t in range(4)]
        assert found.more["nats_per_token"][i] == pytest.approx(np.mean(said))
        assert found.predicted[i, 0] == logits[i, 4].argmax()


def test_members_of_steps_disagree_as_a_loop_counts():
    outputs = np.random.default_rng(0).normal(size=(3, 4, 5, 4))
    given = Given(np.zeros((4, 5), np.uint8), tuple("abcd"))
    labels, tokens = labels_of(outputs, True), next_tokens(outputs, given, True)
    for i in range(4):
        others = [
            sum(outputs[m, i, t].argmax() != labels.predicted[i, t] for m in range(3)) / 3
            for t in range(5)
        ]
        assert labels.more["disagreement"][i] == pytest.approx(np.mean(others))
        assert tokens.predicted[i, 0] == labels.predicted[i, 4]
        assert tokens.more["disagreement"][i] == pytest.approx(others[4])
    assert "disagreement" not in labels_of(outputs, False).more


def test_texts_begin_with_their_prompt_and_differ_by_their_keys():
    network = toy_network("rnn", TOKENS, RNN(widths=(3,), bidirectional=False))
    key = sampling_key(network, 1)
    first, second = make_texts(network, 2, key, "cab", 1.0, 40)
    assert first[:3] == second[:3] == "cab"
    assert len(first) == 43
    assert first != second
    assert [first, second] == make_texts(network, 2, key, "cab", 1.0, 40)
    assert prompt_ids("", TOKENS.alphabet).tolist() == [2]
    with pytest.raises(UserError, match="not among the 4 of its alphabet: 'z'"):
        prompt_ids("z", TOKENS.alphabet)


@pytest.mark.parametrize("kind", ["jax", "stablehlo"])
def test_an_export_of_padded_examples_takes_their_lengths(kind):
    pytest.importorskip("flatbuffers")
    spec = Spec((5, 3), "speech", "classification", 3, padded=True)
    network = toy_network("rnn", spec, RNN(widths=(2,)))
    model, expected = exportable(network, "outputs")
    assert list(model.arguments) == ["inputs", "lengths"]
    form = export_formats.FORMATS[kind]
    files = form.write(model)
    np.testing.assert_allclose(form.call(files, model), expected, atol=1e-6)
    whole = dict(model.arguments) | {"lengths": np.full(6, 5, np.int32)}
    other = form.call(files, model._replace(arguments=whole))
    assert np.abs(other - expected).max() > 1e-3
    assert loading("onnx", model)[-1].endswith('{"inputs": inputs, "lengths": lengths})')


def exported(record, tmp_path, *given):
    call(export, record, *given, f"--output_dir={tmp_path / 'out'}")
    return tmp_path / "out", json.loads((tmp_path / "out/export.json").read_text())


@pytest.mark.parametrize("name", ["perceptron", "cnn", "vae"])
@pytest.mark.parametrize("kind", ["jax", "stablehlo", "safetensors"])
def test_an_export_is_checked_and_described(record, tmp_path, name, kind, capsys):
    if kind != "safetensors":
        pytest.importorskip("flatbuffers")
    else:
        pytest.importorskip("safetensors")
    folder, about = exported(record, tmp_path, f"--model={name}", f"--format={kind}")
    assert about["checked"]["difference"] < 1e-5
    assert about["checked"]["examples"] == 90
    assert about["takes"] == {"inputs": {"shape": ["batch", 8, 8, 1], "dtype": "uint8"}}
    assert about["gives"] == ("outputs" if name == "perceptron" else "logits")
    assert "round(pixel * 16 / 255)" in about["inputs are"]
    assert "largest difference from the original" in capsys.readouterr().out
    if kind == "safetensors":
        from safetensors.numpy import load_file

        kept = np.load(record / f"parameters/digits-{name}.npz")
        found = load_file(folder / "model.safetensors")
        assert set(found) == set(kept.files) - {"member"}
        for array, values in found.items():
            np.testing.assert_array_equal(values, kept[array][about["member"]])


def test_a_decoder_is_exported(record, tmp_path):
    pytest.importorskip("flatbuffers")
    folder, about = exported(record, tmp_path, "--model=vae", "--part=decoder")
    loaded = jax.export.deserialize(bytearray((folder / "model.jax").read_bytes()))
    assert about["takes"]["latents"]["shape"] == ["batch", 3]
    assert loaded.call(np.zeros((2, 3), np.float32)).shape == (2, 8, 8, 1)
    with pytest.raises(UserError, match="cnn has none"):
        call(export, record, "--model=cnn", "--part=decoder", f"--output_dir={tmp_path / 'no'}")


def test_onnx_gives_what_the_original_gives(record, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("jax2onnx")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the converter
        folder, about = exported(record, tmp_path, "--model=cnn", "--format=onnx", "--member=1")
    assert about["checked"]["difference"] < 1e-5
    session = runtime.InferenceSession(str(folder / "model.onnx"))
    evidence = np.load(record / "digits-cnn-evidence.npz")
    test = as_it_was(choice(record, "--model=cnn")).test
    for count in (1, 5):
        (found,) = session.run(None, {"inputs": test.inputs[:count]})
        np.testing.assert_array_equal(found.argmax(-1), evidence["predicted"][1][:count])


def test_an_export_that_is_off_leaves_nothing(record, tmp_path, monkeypatch):
    pytest.importorskip("flatbuffers")
    real = export_formats.FORMATS["jax"]
    for wrong in (1e-2, np.nan):
        off = real._replace(call=lambda files, model, by=wrong: real.call(files, model) + by)
        monkeypatch.setitem(export_formats.FORMATS, "jax", off)
        with pytest.raises(UserError, match="the export is off by"):
            exported(record, tmp_path, "--model=softmax")
        assert not list(tmp_path.iterdir())


def test_a_format_whose_package_is_missing_is_one_line(record, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(
        UserError, match=r"\(safetensors\) needs the extra export, .* -r locks/export\.txt"
    ):
        exported(record, tmp_path, "--model=softmax", "--format=safetensors")


STRANGER = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("dlfun", "experiments", "flax", "optax"):
            raise ImportError(name)

sys.meta_path.insert(0, Blocked())
import numpy as np
from jax import export
from PIL import Image

model = export.deserialize(bytearray(open("model.jax", "rb").read()))
images = [np.asarray(Image.open(path)) for path in sys.argv[1:]]
inputs = np.round(np.stack(images)[..., None] / 255 * 16).astype(np.uint8)
print(*np.asarray(model.call(inputs)).argmax(-1))
assert not {"dlfun", "flax"} & set(sys.modules)
"""


def test_an_exported_cnn_classifies_image_files_without_dlfun(record, tmp_path):
    pytest.importorskip("flatbuffers")
    folder, _ = exported(record, tmp_path, "--model=cnn", "--member=0")
    test = as_it_was(choice(record, "--model=cnn")).test
    for i in range(3):
        pixels = np.round(test.inputs[i, ..., 0] / 16 * 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    command = [sys.executable, "-c", STRANGER, "0.png", "1.png", "2.png"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ)
    assert ran.returncode == 0, ran.stderr
    expected = np.load(record / "digits-cnn-evidence.npz")["predicted"][0][:3]
    assert ran.stdout.split() == [str(label) for label in expected]
