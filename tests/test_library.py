"""The public page of dlfun: complete, typed, lazy, and the same study as the scripts make."""

import ast
import csv
import dataclasses
import gc
import inspect
import json
import os
import re
import signal
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import ClassVar

import jax
import numpy as np
import pytest
from flax import linen as nn

import dlfun
from dlfun import api
from dlfun.cli import app, study_flags
from dlfun.cli.commands import compare as compare_script
from dlfun.cli.commands import sweep as sweep_script
from dlfun.config import keywords, parsers
from dlfun.config.model_value import Model, kinds_of
from dlfun.config.option_table import FIELDS
from dlfun.config.search_call import search_values
from dlfun.config.search_request import search_of
from dlfun.config.search_space import Dimension
from dlfun.config.study_request import study_options
from dlfun.models import MODELS
from dlfun.records import writer
from dlfun.records.study_file import as_json, read_request
from dlfun.studies import call
from dlfun.studies.comparison.protocol import protocol_of
from dlfun.studies.search.sweep import configurations_of
from dlfun.training.checkpoints.store import Checkpoints
from dlfun.training.population import Population
from dlfun.types import HPARAMS, DataOptions
from tests import notebook

ROOT = Path(__file__).resolve().parents[1]
TIMES = ("seconds", "compile_seconds")
SHORT = {"seeds": 3, "steps": 12, "evaluations": 3}


class Net(nn.Module):
    """A module such as users write, with Flax's own dropout and batch normalisation."""

    widths: tuple[int, ...] = (8,)

    @nn.compact
    def __call__(self, x, train: bool = False):
        x = x.reshape(len(x), -1)
        for width in self.widths:
            x = nn.relu(nn.BatchNorm(use_running_average=not train)(nn.Dense(width)(x)))
            x = nn.Dropout(0.2, deterministic=not train)(x)
        return nn.Dense(2)(x)


@pytest.fixture(scope="module")
def rings():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(150, 2))
    return dlfun.from_arrays(inputs, np.hypot(*inputs.T) > 1.1, name="rings")


@pytest.fixture(scope="module")
def own(rings):
    """A study of a module and of arrays by value."""
    net = dlfun.model(Net(), name="net", learning_rate=1e-2)
    return dlfun.train(net, rings, seeds=3, steps=150, evaluations=3)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A study with its record on disk."""
    folder = tmp_path_factory.mktemp("library") / "study"
    models = [dlfun.model("bpnn", widths=(5,), learning_rate=1e-2), "softmax"]
    data = dlfun.load("digits", train_examples=200)
    return dlfun.compare(models, data, delta=0.02, output_dir=folder, **SHORT)


def members(folder):
    with (folder / "members.csv").open(newline="") as file:
        return [{n: v for n, v in r.items() if n not in TIMES} for r in csv.DictReader(file)]


def imported_for_checkers():
    tree = ast.parse((ROOT / "dlfun" / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    return {name.name for line in block.body for name in line.names}


def test_the_page_is_complete_documented_and_typed():
    assert set(dlfun.__all__) == {*dlfun.PAGE, *dlfun.MODULES} == imported_for_checkers()
    assert {name for name, module in dlfun.PAGE.items() if module == "api"} == set(api.__all__)
    for name in dlfun.PAGE:
        found = getattr(dlfun, name)
        assert re.search(rf"\b{name}\b", str(dlfun.__doc__)), name
        assert inspect.getdoc(found)
        if inspect.isfunction(found):
            signature = inspect.signature(found)
            assert signature.return_annotation is not signature.empty
            for parameter in signature.parameters.values():
                assert parameter.annotation is not parameter.empty, (name, parameter)
            assert ">>> " in found.__doc__
    assert resources.files("dlfun").joinpath("py.typed").is_file()


def test_no_floor_stands_on_the_page():
    for path in (ROOT / "dlfun").rglob("*.py"):
        if path != ROOT / "dlfun" / "__init__.py":
            assert not re.search(r"dlfun\.api|dlfun import api", path.read_text()), path


def test_keywords_are_those_that_are_read():
    assert set(keywords.Options.__annotations__) == {
        *FIELDS,
        *("output_dir", "overwrite", "track", "track_members"),
    }
    assert set(keywords.RunOptions.__annotations__) < set(FIELDS)
    fields = {f.name for f in dataclasses.fields(DataOptions)}
    assert set(keywords.DataOptions.__annotations__) == fields
    shapes = {name for model in MODELS for name in kinds_of(Model(model))}
    assert set(keywords.ModelOptions.__annotations__) == shapes >= set(HPARAMS)
    for words in (keywords.Options, keywords.DataOptions):
        assert all(re.search(rf"\b{name}\b", words.__doc__) for name in words.__annotations__)


def test_import_is_lazy():
    heavy = ["jax", "flax", "optax", "scipy", "tensorflow_datasets", "matplotlib", "numpy", "orbax"]
    program = f"import sys, dlfun; dlfun.UserError; print(sorted(set({heavy}) & set(sys.modules)))"
    run = [sys.executable, "-c", program]
    assert subprocess.run(run, cwd=ROOT, capture_output=True, text=True).stdout == "[]\n"


USER = """
import dlfun

data: dlfun.Data = dlfun.load("mnist1d", validation_fraction=0.2)
cnn: dlfun.Model = dlfun.model("cnn", channels=(25, 25), learning_rate=1e-2)
study: dlfun.Study = dlfun.compare([cnn, "softmax"], data, seeds=5, delta=0.01)
swept = dlfun.sweep(cnn, data, {"learning_rate": [1e-3, 1e-2]}, augment={"shift": 2})
run: dlfun.PureRun = dlfun.make_run(cnn, "mnist1d", steps=300)


def accuracies(found: dlfun.Study) -> list[float]:
    return [float(row["test_accuracy"]) for row in found.rows]


def replay(folder: str) -> str:
    try:
        return str(dlfun.read(folder).report().path)
    except dlfun.UserError as error:
        return str(error)
"""
WRONG = """
import dlfun

dlfun.train("cnn", "xor", sedes=3)
dlfun.lod("xor")
dlfun.model("cnn", learning_rate="fast")
dlfun.train("cnn", "xor").rows.nothing
"""
CONFIG = """
[mypy]
strict = true
[mypy-dlfun.*]
follow_imports = silent
[mypy-jax.*,flax.*,optax.*,numpy.*,scipy.*,matplotlib.*,sklearn.*]
follow_imports = skip
"""


def test_a_checker_sees_the_types(tmp_path):
    for name, text in (("user.py", USER), ("wrong.py", WRONG), ("mypy.ini", CONFIG)):
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "mypy", "--cache-dir=/dev/null", "user.py", "wrong.py"]
    ran = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    lines = [line for line in ran.stdout.splitlines() if ": error:" in line]
    assert [line.split(":")[:2] for line in lines] == [["wrong.py", n] for n in "4567"], ran.stdout
    assert 'did you mean "seeds"?' in lines[0]


def test_a_comparison_is_that_of_the_script(compared, tmp_path):
    """The same rows and history by flags of the user's own, and by the record's."""
    named = ["--models=bpnn,softmax", "--datasets=digits", "--train_examples=200", "--delta=0.02"]
    shaped = ["--bpnn_widths=5", "--learning_rate=bpnn:0.01"]
    flags = [*named, *shaped, "--seeds=3", "--steps=12", "--evaluations=3"]
    replay = [f"--flagfile={compared.folder}/config.flags"]
    for name, given in (("flags", flags), ("replay", replay)):
        folder = tmp_path / name
        given = ["compare", *given, f"--output_dir={folder}"]
        app.parse(compare_script.FLAGS, given)
        compare_script.main(given)
        assert members(folder) == members(compared.folder)
        found = dlfun.read(folder)
        for metric, values in compared.history.items():
            np.testing.assert_array_equal(found.history[metric], values)
        assert found.pairs == compared.pairs
        names = {path.name for path in folder.iterdir()}
        assert names == {path.name for path in compared.folder.iterdir()}


def test_a_request_is_the_same_by_flags_by_keywords_and_from_its_record(tmp_path):
    cnn = dlfun.model("cnn", kernels=(3,), optimizer="adamw", activation="gelu", dense=(7, 3))
    rnn = dlfun.model("rnn", cell="lstm", bidirectional=False, gradient_clip=1.5)
    data = dlfun.load("digits", split="random", test_fraction=0.2, permute_features=True)
    given = {"epochs": 1.5, "augment": {"shift": 2}, "seed": 7, "memory_limit": "1.5GiB"}
    claimed = call.claim_values([cnn, rnn], [data], 0.1, "rnn", ["svm"])
    ours = call.request_of("compare", [cnn, rnn], [data], given, claimed)
    for theirs in by_flags_and_record(compare_script, ours, tmp_path):
        assert as_json(theirs) == as_json(ours)
        assert study_options(theirs) == study_options(ours)
        assert protocol_of(theirs) == protocol_of(ours)
        assert protocol_of(theirs).claim.reference == "rnn"


def test_the_request_for_a_sweep_makes_the_same_configurations(tmp_path):
    cnn, data = dlfun.model("cnn", learning_rate=0.5), dlfun.load("digits")
    grid = {
        "momentum": [0.1, 0.2],
        "channels": [(4,), (5, 6)],
        "objective": ["auto", "squared_error"],
    }
    asked = search_values(cnn, grid, None, {})
    ours = call.request_of("sweep", [cnn], [data], {"schedule": "cosine"}, asked)
    for theirs in by_flags_and_record(sweep_script, ours, tmp_path):
        assert as_json(theirs) == as_json(ours)
        assert configurations_of(theirs) == configurations_of(ours)
    assert len(configurations_of(ours)) == 8


def test_the_request_for_a_search_makes_the_same_search(tmp_path):
    rnn, data = dlfun.model("rnn", widths=(3, 4)), dlfun.load("digits")
    space = {"learning_rate": ("log", 1.23456789e-4, 0.1), "cell": ["gru", "lstm"]}
    asked = search_values(rnn, space, "tpe", {"trials": 5})
    ours = call.request_of("sweep", [rnn], [data], {}, asked)
    point = {"learning_rate": 0.5, "rnn_cell": "lstm"}
    for theirs in by_flags_and_record(sweep_script, ours, tmp_path):
        assert search_of(theirs) == search_of(ours)
        assert theirs.model_options("rnn", point) == ours.model_options("rnn", point)
    assert search_of(ours).space["learning_rate"] == Dimension("log", 1.23456789e-4, 0.1)


def by_flags_and_record(script, request, folder):
    """What a script makes of the lines of a request, and what its record says of it."""
    writer.write_request(folder, request)
    app.parse(script.FLAGS, ["script", f"--flagfile={folder}/config.flags"])
    return study_flags.request_of(script.FLAGS), read_request(folder)


BAD = [
    ("learning_rate", -1.0),
    ("learning_rate", float("nan")),
    ("dropout_rate", 1.0),
    ("optimizer", "adm"),
    ("seeds", 0),
    ("seeds", 2.5),
    ("steps", True),
    ("epochs", 0.0),
    ("schedule", "cosin"),
    ("keep", "some"),
    ("memory_limit", 5),
    ("validation_fraction", 1.0),
    ("augment", {"flop": 1.0}),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=str)
def test_a_bad_value_is_refused_in_the_words_of_its_flag(name, value):
    text = parsers.written(value)
    with pytest.raises(dlfun.UserError) as by_flag:
        app.parse(compare_script.FLAGS, ["compare", f"--{name}={text}"])
    if name in keywords.DataOptions.__annotations__:
        function, first = dlfun.load, ("digits",)
    elif name in keywords.ModelOptions.__annotations__:
        function, first = dlfun.model, ("bpnn",)
    else:
        function, first = dlfun.train, ("bpnn", "digits")
    with pytest.raises(dlfun.UserError) as by_call:
        function(*first, **{name: value})
    assert str(by_call.value) == str(by_flag.value).removeprefix("--")


class List(nn.Module):
    widths: list


UNFIT = [
    (lambda d: dlfun.model("cmm"), "unknown model 'cmm'; did you mean 'cnn'?"),
    (lambda d: dlfun.model("cnn", chanels=(3,)), "did you mean 'channels'?"),
    (lambda d: dlfun.model("cnn", channels=(3, 3), kernels=(1, 2, 3)), "or 2, as many as channels"),
    (lambda d: dlfun.model("cnn", name="mine"), "cnn has a name"),
    (lambda d: dlfun.model(Net(), name="cnn"), "name=cnn: is taken"),
    (lambda d: dlfun.model(List([{1}])), "give its fields hashable values"),
    (lambda d: dlfun.model(3), "or a Flax Linen module"),
    (lambda d: dlfun.load("digit"), "did you mean 'digits'?"),
    (lambda d: dlfun.load("digits", splt="random"), "did you mean 'split'?"),
    (lambda d: dlfun.train("cnn", d, sedes=2), "did you mean 'seeds'?"),
    (lambda d: dlfun.make_run("cnn", d, seeds=2), "unknown option of a run 'seeds'"),
    (lambda d: dlfun.train("cnn", d, steps=1, epochs=1), "steps=1 and epochs=1: give one of them"),
    (lambda d: dlfun.train("cnn", d, batch_size=999), "batch_size=999 is larger than"),
    (lambda d: dlfun.make_run("cnn", d, precision="float64"), "needs JAX's x64"),
    (lambda d: dlfun.train(dlfun.model(Net()), "digits"), "gives [3, 2] for inputs [3, 8, 8, 1]"),
    (lambda d: dlfun.compare(["cnn", "cnn"], d), "two models are called cnn"),
    (lambda d: dlfun.compare([], d), "there is no model"),
    (lambda d: dlfun.compare(["cnn"], d, seeds=1), "seeds=1 leaves nothing to compare by"),
    (lambda d: dlfun.compare(["cnn", "rnn"], d, reference="cn"), "did you mean 'cnn'?"),
    (lambda d: dlfun.compare(["cnn", "rnn"], d, delta=-1), "delta=-1: must be a number"),
    (lambda d: dlfun.compare(["cnn"], [d, dlfun.load("digits", split="random")]), "different ways"),
    (lambda d: dlfun.sweep("cnn", d, {}), "name something to try"),
    (lambda d: dlfun.sweep("cnn", d, {"learning_rate": [1, 1]}), "give each value once"),
    (lambda d: dlfun.sweep("cnn", d, {"learning_rate": ("log", 0, 1)}), "must start above 0"),
    (lambda d: dlfun.sweep("cnn", d, {"momentum": [0.1]}, search="grit"), "did you mean 'grid'?"),
    (lambda d: dlfun.sweep("cnn", d, {"channels": [(1,)]}, search="pbt"), "makes several programs"),
    (lambda d: dlfun.from_arrays(np.ones((3, 2)), [0, 1]), "3 inputs and 2 targets"),
    (lambda d: dlfun.read("/no/such/folder"), "no such directory"),
]


@pytest.mark.parametrize(("call", "hint"), UNFIT, ids=[hint[:30] for _, hint in UNFIT])
def test_what_does_not_fit_is_one_clear_line(call, hint, rings, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(dlfun.UserError, match=re.escape(hint)) as error:
        call(rings)
    assert "--" not in str(error.value)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_run_by_hand_is_the_run_of_the_study(compared):
    """A Python loop over the pure functions, for the last member; and all of them by vmap."""
    bpnn = dlfun.model("bpnn", widths=(5,), learning_rate=1e-2)
    data = dlfun.load("digits", train_examples=200)
    run = dlfun.make_run(bpnn, data, steps=12, evaluations=3)
    advance, found = jax.jit(run.advance), []
    carry = jax.jit(run.init)(run.hparams, run.streams(2))
    for _ in run.intervals:
        carry, history = advance(carry, run.hparams, run.data)
        found.append(float(history["validation_loss"]))
    theirs = compared.history["digits/bpnn/validation_loss"]
    np.testing.assert_allclose(found, theirs[2], rtol=1e-5)
    metrics, _ = jax.jit(run.score)(carry, run.hparams, run.test)
    row = next(r for r in compared.rows if (r["model"], r["replicate"]) == ("bpnn", 2))
    assert float(metrics["accuracy"]) == pytest.approx(row["test_accuracy"])
    streams = jax.tree.map(lambda *each: jax.numpy.stack(each), *map(run.streams, range(3)))

    @jax.jit
    def begin(hparams, streams):
        carry = jax.vmap(run.init, (None, 0))(hparams, streams)
        return jax.vmap(run.advance, (0, None, None))(carry, hparams, run.data)[1]

    first = begin(run.hparams, streams)
    np.testing.assert_allclose(first["validation_loss"], theirs[:, 0], rtol=1e-5)


def test_a_module_and_arrays_by_value(own, rings):
    assert np.mean([row["test_accuracy"] for row in own.rows]) > 0.75
    parameters = own.parameters["rings-net"]
    plain = Net().init(jax.random.key(0), np.zeros((1, 2), np.float32))
    flat = {"/".join(p.key for p in path): leaf for path, leaf in jax.tree.leaves_with_path(plain)}
    assert {n: a.shape[1:] for n, a in parameters.items() if n != "member"} == {
        name: leaf.shape for name, leaf in flat.items()
    }
    inputs = np.asarray(rings.raw.test.inputs)
    said = own.predict(inputs, member=1)
    tree = jax.tree.unflatten(jax.tree.structure(plain), [parameters[name][1] for name in flat])
    logits = Net().apply(tree, inputs)
    np.testing.assert_allclose(said.probabilities, jax.nn.softmax(logits), rtol=1e-4, atol=1e-6)
    right = np.mean(said.predicted == rings.raw.test.targets)
    assert right == pytest.approx(own.rows[1]["test_accuracy"])
    with pytest.raises(dlfun.UserError, match="needs \\[examples, 2\\]"):
        own.predict(inputs[:, :1])


class Dropped(nn.Module):
    @nn.compact
    def __call__(self, x, deterministic: bool):
        return nn.Dense(1)(nn.Dropout(0.5, deterministic=deterministic)(x))


def test_dropout_of_a_module_is_drawn_anew_each_step():
    """Each batch is all examples and the learning rate is 0: nothing but dropout moves the loss."""
    data = dlfun.from_arrays(np.ones((40, 5)), np.arange(40) % 2.0)
    still = dlfun.model(Dropped(), learning_rate=0.0)
    run = dlfun.make_run(still, data, steps=2, evaluations=2, batch_size=29)
    carry = jax.jit(run.init)(run.hparams, run.streams(0))
    advance, histories = jax.jit(run.advance), []
    for _ in run.intervals:
        carry, history = advance(carry, run.hparams, run.data)
        histories.append({name: float(value) for name, value in history.items()})
    first, second = histories
    assert first["train_loss"] != pytest.approx(second["train_loss"], rel=1e-4)
    assert first["validation_loss"] == second["validation_loss"]


def test_a_study_that_is_read_is_put_to_use_like_a_fresh_one(tmp_path):
    vae = dlfun.model("vae", widths=(8,), latent=2)
    data = dlfun.load("digits", train_examples=100)
    fresh = dlfun.compare([vae, "softmax"], data, seeds=2, steps=6, output_dir=tmp_path / "record")
    both, inputs = (fresh, dlfun.read(fresh.folder)), data.raw.test.inputs[:4]
    np.testing.assert_array_equal(*(s.predict(inputs, model="softmax").log_p for s in both))
    made = [study.sample(3, model="vae", seed=1) for study in both]
    np.testing.assert_array_equal(*made)
    assert made[0].shape == (3, 8, 8, 1)
    assert not np.array_equal(made[0], fresh.sample(3, model="vae", seed=2))
    files = [
        study.export(tmp_path / f"export {i}", model="softmax") for i, study in enumerate(both)
    ]
    assert len({(file / "model.jax").read_bytes() for file in files}) == 1
    for study in both:
        with pytest.raises(dlfun.UserError, match=r"makes nothing new: .*; model and dataset name"):
            study.sample(model="softmax")
        with pytest.raises(dlfun.UserError, match=r"model=rnn: unknown model 'rnn'"):
            study.predict(inputs, model="rnn")
        with pytest.raises(dlfun.UserError, match="format=tflite: unknown format 'tflite'"):
            study.export(tmp_path / "other", model="softmax", format="tflite")


def test_of_a_study_with_a_module_the_models_of_the_table_can_be_read(rings, tmp_path):
    net = dlfun.model(Net(), name="net")
    fresh = dlfun.compare([net, "softmax"], rings, seeds=2, steps=6, output_dir=tmp_path / "r")
    both, inputs = (fresh, dlfun.read(fresh.folder)), rings.raw.test.inputs[:3]
    np.testing.assert_array_equal(*(s.predict(inputs, model="softmax").log_p for s in both))
    with pytest.raises(dlfun.UserError, match=r"was made in Python with the model net, Net\("):
        both[1].predict(inputs, model="net")
    fresh.predict(inputs, model="net")


def test_no_flags_train_on_other_data_that_have_the_name_of_arrays(tmp_path):
    data = dlfun.from_arrays(np.eye(40, 2), np.arange(40) % 2, name="xor")
    study = dlfun.train("softmax", data, seeds=1, steps=2, output_dir=tmp_path / "r")
    with pytest.raises(dlfun.UserError, match=r"--flagfile=.*: is of the data set xor, arrays in"):
        app.parse(compare_script.FLAGS, ["compare", f"--flagfile={study.folder}/config.flags"])


@pytest.mark.parametrize("search", ["grid", "halving"])
def test_a_sweep_that_is_read_predicts_like_a_fresh_one(search, tmp_path):
    space = {"learning_rate": [0.1, 0.01], "widths": [(2,), (3,)]}
    if search == "halving":
        space = {"learning_rate": ("log", 1e-3, 0.1)}
    given = {"trials": 4, "seeds": 2, "steps": 10, "output_dir": tmp_path / "record"}
    fresh = dlfun.sweep("bpnn", "xor", space, search=search, **given)
    both = (fresh, dlfun.read(fresh.folder))
    np.testing.assert_array_equal(*(study.predict(np.eye(2)).log_p for study in both))


def test_a_record_says_what_no_flags_make(own, tmp_path):
    folder = own.save(tmp_path / "kept")
    lines = (folder / "config.flags").read_text().splitlines()
    assert lines[1] == (
        "# by value: the model net, Net(widths=(8,)); the data set rings, arrays in memory"
    )
    assert "--learning_rate=0.01" in lines
    with pytest.raises(dlfun.UserError, match=r"was made in Python with the model net, Net\("):
        read_request(folder)
    again = dlfun.read(folder)
    assert again.rows == own.rows
    assert repr(again) == repr(own)
    assert "rings" in again.report(tmp_path / "page.html").path.read_text()
    with pytest.raises(
        dlfun.UserError, match=r"give net again: dlfun\.read\(.*, models=\[\.\.\.\]\)$"
    ):
        again.predict(np.ones((1, 2)))
    with pytest.raises(dlfun.UserError, match="already holds a record"):
        own.save(folder)


def test_nothing_stays_on_disk_and_no_signal_is_taken(rings, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    study = dlfun.train("softmax", rings, **SHORT)
    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert study.folder.is_relative_to(tmp_path / "temporary")
    assert "rings: softmax, 3 members: 3/3 intervals" in capfd.readouterr().err
    del study
    gc.collect()
    assert [path.name for path in tmp_path.rglob("*")] == ["temporary"]


def test_an_interrupted_call_goes_on(rings, tmp_path, monkeypatch):
    """What was trained before the interruption is not trained again."""
    given = {"output_dir": tmp_path / "study", **SHORT}
    advance, calls = Population.advance, []

    def interrupted(self, *arguments):
        calls.append(arguments)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return advance(self, *arguments)

    monkeypatch.setattr(Population, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dlfun.compare(["softmax", "perceptron"], rings, **given)
    assert [path.name for path in tmp_path.iterdir()] == ["study.unfinished"]
    with pytest.raises(dlfun.UserError, match="is an unfinished study with"):
        dlfun.compare(["softmax", "perceptron"], rings, **given | {"steps": 13})
    study = dlfun.compare(["softmax", "perceptron"], rings, **given)
    assert len(calls) == 5 + 3  # softmax took 3, the perceptron 1 and the one that failed
    monkeypatch.undo()
    whole = dlfun.compare(["softmax", "perceptron"], rings, **SHORT)
    assert members(study.folder) == members(whole.folder)
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


class Block(nn.Module):
    """A part of a module: what it computes is not written in the module's own class."""

    scale: ClassVar[float] = 1.0

    @nn.compact
    def __call__(self, x):
        return self.scale * nn.Dense(4)(x)


class Built(nn.Module):
    """A module of parts."""

    @nn.compact
    def __call__(self, x):
        return nn.Dense(2)(Block()(x))


def test_a_module_whose_code_changed_is_another_study(rings, tmp_path, monkeypatch):
    """Also where the code of one of its parts did; what computes the same is the same."""

    def code(module):
        return call.code_of(
            call.request_of("train", [dlfun.model(module, name="net")], [rings], {})
        )

    plain = code(Built())
    assert list(plain) == ["net on rings"]
    assert code(Built()) == plain != code(Net())
    assert code(Net((3,))) != code(Net())
    assert call.code_of(call.request_of("train", [dlfun.model("cnn")], [rings], {})) == {}
    monkeypatch.setattr(Block, "scale", 2.0)
    assert code(Built()) != plain
    store = Checkpoints(tmp_path / "r.unfinished", {})
    store.depend_on("the code of net on rings", plain["net on rings"])
    store.open()
    (store.folder / "population").mkdir()  # something was done
    with pytest.raises(dlfun.UserError, match="the code of net on rings was changed since"):
        Checkpoints(tmp_path / "r.unfinished", {}).depend_on(
            "the code of net on rings", *code(Built()).values()
        )
    store.close()


def test_a_notebook_shows_a_table_in_which_text_is_escaped(own):
    row = {**own._texts[0], "model": "<b>bold</b>"}
    own.__dict__["_texts"], before = [row], own._texts
    try:
        shown = own._repr_html_()
    finally:
        own.__dict__["_texts"] = before
    assert "<td>&lt;b&gt;bold&lt;/b&gt;</td>" in shown
    assert "<b>" not in shown
    assert "<td>net</td>" in own._repr_html_()
    page = own.report()
    assert page._repr_html_().count("<iframe") == 1
    assert "<script" not in page._repr_html_()


def test_the_notebook_runs_and_shows_what_it_gives(tmp_path, monkeypatch):
    """Its code as it stands, on fewer seeds and steps; nothing is left on disk."""
    monkeypatch.chdir(tmp_path)
    stored = json.loads((ROOT / "experiments" / "lessons" / "first_study.ipynb").read_text())
    code = [c for c in stored["cells"] if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in code] == [*range(1, len(code) + 1)]
    short = [re.sub(r"steps=300", "steps=6", text) for text in notebook.code_of(stored)]
    found = notebook.run(re.sub(r"seeds=5", "seeds=3", text) for text in short)
    for cell, outputs in zip(code, found, strict=True):
        assert [shape_of(o) for o in cell["outputs"]] == [shape_of(o) for o in outputs]
        assert bool(outputs)
    assert not list(tmp_path.iterdir())


def shape_of(output):
    """The kinds of an output, and the first line of its text where that is a table's."""
    texts = output.get("data", {"text": output.get("text", [])})
    first = next(iter(texts.values()))[0].split()
    return sorted(texts), first if first[0] == "model" else None
