"""Records come back to: in plain Flax, with modules of the user's own, by calls and commands."""

import csv
import re
import runpy
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
import tensorflow_datasets as tfds
from flax import linen as nn
from scipy.special import softmax

import dlfun
from dlfun.cli import app, trained_model
from dlfun.cli.commands import export, predict, verify
from dlfun.config.study_request import study_options
from dlfun.records.recorded import left_behind, read_record
from dlfun.studies.reproducibility.arms import arms_of_training
from tests.data.test_prepared import prepare

ROOT = Path(__file__).resolve().parents[2]
SHORT = {"seeds": 2, "steps": 30, "evaluations": 1, "batch_size": 16}


def documented(name):
    """The blocks of code under the heading of the guide, those that name such a record or file."""
    section = (ROOT / "experiments/GUIDE.md").read_text().split("## Coming back to a record")[1]
    blocks = re.findall(r"```python\n(.*?)```", section.split("\n## ")[0], re.DOTALL)
    (block,) = [block for block in blocks if name in block]
    return block


def lines_of(rng, count):
    """Rows of two numbers, one of them far from 0, and a category, all of which tell the class."""
    size, colour = rng.normal(size=count), rng.choice(["red", "blue", "a=b"], count)
    year = 2e6 + rng.normal(size=count)
    answer = np.where(size + (colour == "red") + (year - 2e6) > 0.3, "yes", "no")
    return [dict(zip(("size", "colour", "year", "answer"), row, strict=True))
            for row in zip(size.tolist(), colour, year.tolist(), answer, strict=True)]  # fmt: skip


def save(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def texts(data_dir):
    """Short texts under a name of their own, prepared once; x outnumbers y in those of class 1."""
    rng = np.random.default_rng(4)
    labels = np.arange(80) % 2
    words = [
        "".join(rng.choice(["x", "y"], rng.integers(3, 12), p=[0.2 + 0.6 * one, 0.8 - 0.6 * one]))
        for one in labels
    ]
    F = tfds.features
    parts = {"train": slice(0, 60), "test": slice(60, 80)}
    columns = {part: {"x": words[rows], "y": labels[rows]} for part, rows in parts.items()}
    prepare(data_dir, {"x": F.Text(), "y": F.ClassLabel(num_classes=2)}, columns, name="my_texts")


@pytest.fixture(scope="module")
def runs(tmp_path_factory, data_dir):
    """A folder in which the documented lines find their records and files."""
    folder = tmp_path_factory.mktemp("back")
    rng = np.random.default_rng(7)
    save(folder / "people.csv", lines_of(rng, 90))
    save(folder / "new.csv", lines_of(rng, 6))
    if not (data_dir / "my_texts").exists():
        texts(data_dir)
    table = dlfun.load(folder / "people.csv", split="random")
    for name, model, data in (
        ("digits", dlfun.model("cnn", channels=(3,), learning_rate=0.02), dlfun.load("digits")),
        ("people", dlfun.model("bpnn", widths=(5,), learning_rate=0.02), table),
        ("texts", dlfun.model("rnn", widths=(4,), learning_rate=0.02), dlfun.load("my_texts")),
    ):
        dlfun.train(model, data, **SHORT).save(folder / "runs" / name)
    return folder


@pytest.mark.parametrize("name", ["digits", "people", "texts"])
def test_the_documented_lines_find_the_score_of_the_record(name, runs, monkeypatch):
    monkeypatch.chdir(runs)
    found = {}
    exec(documented(f"runs/{name}"), found)
    chance = max(np.bincount(found["test"].targets)) / len(found["test"].targets)
    assert found["right"] / len(found["test"].targets) > chance
    if name != "texts":
        given = found["test"].inputs + (
            0 if found["ready"].origin is None else found["ready"].origin
        )
        ready = found["ready"].inputs(given)
        logits = found["module"].apply(found["variables"], ready)
        np.testing.assert_allclose(logits, found["outputs"], atol=1e-4)
        said = found["study"].predict(given, member=1)
        np.testing.assert_allclose(said.probabilities, softmax(logits, axis=1), atol=1e-4)


def test_the_documented_lines_read_new_rows_as_predict_does(runs, monkeypatch, capsys):
    monkeypatch.chdir(runs)
    found = {}
    exec(documented("runs/people"), found)
    exec(documented("new.csv"), found)
    call(predict, "runs/people", "--inputs=new.csv", "--member=1")
    assert found["answers"] == [line.split(",")[1] for line in capsys.readouterr().out.split()[1:]]
    assert set(found["answers"]) == {"yes", "no"}


@pytest.fixture(autouse=True)
def no_second_start(monkeypatch):
    """JAX is set up once, by the tests."""
    monkeypatch.setattr(trained_model, "start_jax", lambda request: None)


def call(script, folder, *given):
    """Runs a script's main in this process."""
    words = [script.__name__, str(folder), *map(str, given)]
    check = getattr(script, "check", trained_model.check)
    script.main(app.parse(script.FLAGS, words, check=check, words="RUN_DIR"))


SOURCE = """
from pathlib import Path

from flax import linen as nn

import dlfun


class MixNet(nn.Module):
    width: int = 6

    @nn.compact
    def __call__(self, x, train: bool = False):
        x = nn.Dense(self.width)(x)
        return nn.Dense(2)(nn.tanh(nn.BatchNorm(use_running_average=not train)(x)))


class Needy(nn.Module):
    width: int

    def __call__(self, x):
        return x


Path(__file__).with_name("ran").touch()
wide = MixNet(9)
deep = nn.Sequential([MixNet(), nn.Dense(2)])
named = dlfun.model(MixNet(), name="mine")
number = 3


def made():
    return MixNet()
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A record of a module of the user's own and of softmax, on arrays; file, inputs, the study."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "net.py").write_text(SOURCE)
    code = {"__file__": str(folder / "net.py"), "__name__": "net"}
    exec(SOURCE, code)
    (folder / "ran").unlink()
    inputs = np.random.default_rng(0).normal(size=(90, 3))
    data = dlfun.from_arrays(inputs, inputs[:, 0] > inputs[:, 1], name="halves")
    model = dlfun.model(code["MixNet"](), name="mixnet", learning_rate=0.02)
    study = dlfun.compare([model, "softmax"], data, **SHORT)
    study.save(folder / "record")
    np.save(folder / "new.npy", inputs[:4])
    return folder, code["MixNet"], inputs[:4].astype(np.float32), study


def test_a_module_that_is_given_again_is_the_fresh_one(own, tmp_path, capsys):
    folder, mix_net, inputs, fresh = own
    read = dlfun.read(folder / "record", models=[mix_net(), "softmax"])
    for member in ("best", 1):
        said = [study.predict(inputs, model="mixnet", member=member) for study in (fresh, read)]
        np.testing.assert_array_equal(*(one.probabilities for one in said))
    variables = read.parameters("mixnet", 1)
    assert sorted(variables) == ["batch_stats", "params"]
    np.testing.assert_allclose(
        softmax(read.module("mixnet").apply(variables, inputs), axis=1),
        said[1].probabilities,
        atol=1e-5,
    )
    assert read.module("mixnet") == mix_net()
    assert "warning" not in capsys.readouterr().err
    folders = [
        study.export(tmp_path / str(i), model="mixnet") for i, study in enumerate((fresh, read))
    ]
    assert len({(one / "model.jax").read_bytes() for one in folders}) == 1
    kept = dlfun.read(folder / "record").parameters
    assert list(kept) == ["halves-mixnet", "halves-softmax"]
    head = kept("softmax", 1)["params"]["head"]["kernel"]
    np.testing.assert_array_equal(head, kept["halves-softmax"]["params/head/kernel"][1])
    with pytest.raises(KeyError):
        kept["halves-cnn"]


def test_models_of_the_table_need_nothing(own):
    folder, _, inputs, fresh = own
    read = dlfun.read(folder / "record")
    said = [study.predict(inputs, model="softmax").probabilities for study in (fresh, read)]
    np.testing.assert_array_equal(*said)
    with pytest.raises(dlfun.UserError, match=r"several models; give one: model=mixnet\|softmax"):
        read.predict(inputs)


def test_what_does_not_fit_is_said_with_the_remedy(own):
    folder, mix_net, inputs, _ = own
    record = folder / "record"
    other = nn.Sequential([mix_net(), nn.Dense(2)])
    cases = [
        ([], r"MixNet\(width=6\).*; give mixnet again: dlfun\.read\(.*, models=\[\.\.\.\]\)$"),
        ([mix_net(9)], r"parameter params/BatchNorm_0/bias \(and 6 more\) is \[6\] in the record, "
                       r"and is \[9\] in the module"),
        ([dlfun.model(other, name="MixNet")], r"params/\S+ .* is not there in the module"),
        ([dlfun.model(mix_net(), name="mine")], r"models: mine: .* but mixnet; dlfun\.model\("),
        ([mix_net(), mix_net(9)], "models: mixnet is given twice"),
        (["cnn"], "models: cnn: .* has no model of that name, but softmax; leave it out"),
        ([3], "a model is a name .* and not int"),
    ]  # fmt: skip
    for models, words in cases:
        with pytest.raises(dlfun.UserError, match=words) as error:
            dlfun.read(record, models=models).predict(inputs, model="mixnet")
        assert "\n" not in str(error.value)


def test_a_command_runs_the_file_that_it_is_given_and_no_other(own, capsys):
    folder, mix_net, inputs, _ = own
    record, new = folder / "record", f"--inputs={folder / 'new.npy'}"
    shutil.copy(folder / "net.py", record / "net.py")
    with pytest.raises(dlfun.UserError, match=r"give mixnet again: --module=FILE\.py:CLASS, which"):
        call(predict, record, new, "--model=mixnet")
    call(predict, record, new, "--model=softmax")
    capsys.readouterr()
    assert not (record / "ran").exists()
    wanted = dlfun.read(record, models=mix_net()).predict(inputs, model="mixnet")
    for what in ("MixNet", "made", "mixnet=%s:named"):
        address = what % (folder / "net.py") if "%" in what else f"{folder / 'net.py'}:{what}"
        call(predict, record, new, "--model=MixNet", f"--module={address}")
        rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
        found = [[float(cell) for cell in list(row.values())[-2:]] for row in rows]
        np.testing.assert_allclose(found, wanted.probabilities, rtol=1e-5)
    assert (folder / "ran").exists()
    assert not (record / "ran").exists()
    flags = shutil.copytree(record, folder / "harmful") / "config.flags"
    flags.write_text(f"--module={record}/net.py:MixNet\n")
    with pytest.raises(dlfun.UserError, match=r"config\.flags: .*module"):
        call(predict, record, new, "--model=MixNet", f"--flagfile={flags}")
    assert not (record / "ran").exists()


def test_other_code_with_the_same_parameters_is_doubted(own, capsys):
    folder = own[0]
    (folder / "other.py").write_text(SOURCE.replace("nn.tanh", "nn.relu"))
    for file, doubted in (("net.py", False), ("other.py", True)):
        address = f"--module={folder / file}:MixNet"
        call(
            predict, folder / "record", f"--inputs={folder / 'new.npy'}", "--model=mixnet", address
        )
        said = "warning: mixnet is not the code of the study" in capsys.readouterr().err
        assert said == doubted


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("net.py", r"must be FILE\.py:NAME"),
        ("gone.py:MixNet", "there is no such file"),
        ("net.py:Gone", "has nothing called Gone"),
        ("net.py:Needy", r"Needy\(\) fails \(.*width.*\); name an instance"),
        ("net.py:number", "number is no Flax Linen module"),
        ("net.py:wide", r"--module: mixnet is another module .* params/BatchNorm_0/bias"),
        ("net.py:named", r"--module: mine: .* but mixnet; --module=NAME=FILE\.py:CLASS gives it"),
        ("a b=net.py:MixNet", "a b is no name of a model"),
        ("bad.py:MixNet", r"fails when it is run \(ZeroDivisionError: division by zero\); mend it"),
    ],
)
def test_a_file_without_the_module_is_one_clear_line(address, why, own, monkeypatch):
    folder = own[0]
    monkeypatch.chdir(folder)
    (folder / "bad.py").write_text("1 / 0\n")
    with pytest.raises(dlfun.UserError, match=why) as error:
        call(predict, "record", "--inputs=new.npy", "--model=mixnet", f"--module={address}")
    assert "\n" not in str(error.value)


def test_a_module_that_cannot_be_exported_says_why(own, tmp_path, monkeypatch):
    pytest.importorskip("flatbuffers")
    folder = own[0]
    text = SOURCE.replace("x = nn.Dense", "x = x.reshape(len(x), -1)\n        x = nn.Dense")
    (folder / "flat.py").write_text(text)
    given = (
        f"--output_dir={tmp_path / 'out'}",
        "--model=mixnet",
        f"--module={folder}/flat.py:MixNet",
    )
    with pytest.raises(dlfun.UserError, match=r"x\.shape\[0\], not len\(x\), .*safetensors$"):
        call(export, folder / "record", *given)
    assert not (tmp_path / "out").exists()


def test_a_module_comes_back_with_the_numbers_of_its_study(own, tmp_path):
    """As verify has it: the arms that are trained again, beside the rows of the record."""
    folder, mix_net, _, _ = own
    save(tmp_path / "people.csv", lines_of(np.random.default_rng(3), 40))
    model = dlfun.model(mix_net(), learning_rate=0.03, optimizer="sgd")
    study = dlfun.train(model, dlfun.load(tmp_path / "people.csv"), **SHORT)
    words = ["verify", str(study.folder), f"--module={folder}/net.py:MixNet"]
    app.parse(verify.FLAGS, words, check=trained_model.check, words="RUN_DIR")
    request, record = (
        trained_model.request_in(study.folder, verify.FLAGS),
        read_record(study.folder),
    )
    assert request.models[0].options.hparams == model.options.hparams
    (arm,) = arms_of_training(request, study_options(request), record)
    assert (arm.settings.optimizer, float(arm.configurations[0].learning_rate)) == ("sgd", 0.03)
    (outcome,) = left_behind(record, [("people", "mixnet")], [arm.members])
    assert outcome.finals["test_accuracy"].tolist() == [r["test_accuracy"] for r in study.rows]


@pytest.mark.parametrize("search", ["pbt", "width"])
def test_members_of_searches_are_what_they_say(search):
    """Where widths are numbers, each is the network that was made in that size."""
    spaces = {
        "pbt": {"learning_rate": ("log", 1e-3, 0.1)},
        "width": {"width": [2, 4]},
    }
    given = {} if search != "pbt" else {"search": "pbt", "trials": 3, "rounds": 2}
    short = {**SHORT, "evaluations": 2, "seeds": 1, "batch_size": 4}
    model = dlfun.model("bpnn", widths=(4,))
    study = dlfun.sweep(model, "xor", spaces[search], **given, **short)
    inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    read = dlfun.read(study.folder)
    for member, row in enumerate(read.rows):
        logits = read.module(None, member).apply(read.parameters(None, member), inputs)
        said = read.predict(inputs, member=member).probabilities
        np.testing.assert_allclose(softmax(logits, axis=1), said, atol=1e-5)
        leaves = jax.tree.leaves(read.parameters(None, member)["params"])
        assert sum(leaf.size for leaf in leaves) == row["parameters"]


def test_each_fold_keeps_what_was_fitted_on_its_rows(tmp_path):
    save(tmp_path / "people.csv", lines_of(np.random.default_rng(5), 60))
    data = dlfun.load(tmp_path / "people.csv", split="kfold", folds=3)
    short = {name: value for name, value in SHORT.items() if name != "seeds"}
    study = dlfun.train("softmax", data, **short)
    read = dlfun.read(study.folder)
    for member in range(3):
        ready = read.preparation(member=member)
        assert ready.columns == (("size", ""), ("colour", "a=b"), ("colour", "blue"),
                                 ("colour", "red"), ("year", ""))  # fmt: skip
        split = data.split(member)
        train = split.train.inputs[:, [0, 4]] + ready.origin[[0, 4]]
        np.testing.assert_allclose(ready.mean[[0, 4]], train.mean(0), rtol=1e-6)
        np.testing.assert_allclose(ready.sd[[0, 4]], train.std(0), rtol=1e-3)
        stored = split.test.inputs + ready.origin
        logits = read.module(None, member).apply(
            read.parameters(None, member), ready.inputs(stored)
        )
        right = np.mean(np.argmax(logits, 1) == split.test.targets)
        assert right == pytest.approx(read.rows[member]["test_accuracy"], abs=1e-6)


def check_lesson(printed):
    """What the lesson prints: plain Flax finds the score of the record."""
    lines = printed.splitlines()
    assert [line.split()[:2] for line in lines[:4]] == [
        [name, what] for name in ("cnn", "mixnet") for what in ("says", "exported")
    ]
    assert lines[4] == "a vae makes (3, 8, 8, 1)"
    found, recorded = map(float, lines[5].split(" is "))
    assert found == pytest.approx(recorded, abs=1e-6)
    assert found > 0.2
    assert lines[6:] == ["went on to step 60", "side by side: cnn cnn+pretrained"]


def test_the_lesson_of_coming_back(capsys, tmp_path, monkeypatch):
    pytest.importorskip("flatbuffers")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    runpy.run_path(str(ROOT / "experiments" / "lessons" / "coming_back.py"), run_name="__main__")
    check_lesson(capsys.readouterr().out)


def test_permuted_columns_and_predicted_numbers_by_hand(tmp_path):
    """From the cells of the file to numbers in the user's unit, as the answers of the study are."""
    rows = lines_of(np.random.default_rng(6), 50)
    table = [{**row, "weight": 1e6 + 300 * row["size"]} for row in rows]
    save(tmp_path / "people.csv", table)
    data = dlfun.load(tmp_path / "people.csv", permute_features=True, target_column="weight")
    study = dlfun.train("softmax", data, **SHORT)
    ready = study.preparation(member=1)
    assert (ready.target, ready.task, ready.classes) == ("weight", "regression", ())
    plain = [[r[c] == k if k else r[c] for c, k in ready.columns] for r in table]
    plain = np.array(plain, float)
    assert sorted(ready.order) == list(range(len(ready.columns)))
    assert list(ready.order) != sorted(ready.order)
    inputs = ((plain - ready.mean) / ready.sd).astype(ready.dtype)
    before = plain[:, np.argsort(ready.order)]  # as predict takes them
    np.testing.assert_allclose(ready.inputs(before), inputs, atol=1e-4)
    outputs = study.module().apply(study.parameters(member=1), inputs)
    found = np.asarray(outputs, float) * ready.target_sd + ready.target_mean
    np.testing.assert_allclose(found, study.predict(before, member=1).predicted, rtol=1e-7)


def test_a_column_of_gaps_is_named_as_such(tmp_path):
    table = lines_of(np.random.default_rng(9), 40)
    for line in table[::5]:
        line["size"] = ""
    save(tmp_path / "people.csv", table)
    data = dlfun.load(tmp_path / "people.csv", missing="indicator")
    found = dlfun.train("softmax", data, seeds=1, steps=5).preparation()
    names = [f"{name}={one}" if one else name for name, one in found.columns]
    assert names == ["size", "size=missing", "colour=a=b", "colour=blue", "colour=red", "year"]
    filled = np.array([[np.nan, 1.0, 0, 1, 0, 2e6]])
    np.testing.assert_array_equal(found.inputs(filled)[0, :5], [0, 1, 0, 1, 0])
