"""A study that goes on from a record is the longer run."""

import re
import shutil

import numpy as np
import pytest

import dlfun
from dlfun.cli import app
from dlfun.cli.commands import compare, sweep, train
from dlfun.errors import UserError
from dlfun.records.checksums import NAME
from dlfun.studies.comparison import compare as module
from tests.helpers import toy

CONV = dict.fromkeys(("channels", "kernels"), (3,))
CONV |= dict.fromkeys(("strides", "padding", "pools"), (1,))
MODELS = {
    "sgd": (dlfun.model("softmax", optimizer="sgd"), {}),
    "adam": (dlfun.model("bpnn", widths=(4,), dropout_rate=0.2), {"input": "stream"}),
    "perceptron": (dlfun.model("perceptron"), {}),
    "its average": (dlfun.model("perceptron", averaged=True), {}),
    "batch norm": (dlfun.model("cnn", **CONV, normalization="batch"), {}),
    "vae": (dlfun.model("vae", widths=(4,), latent=2), {}),
}
SHORT = {"seeds": 2, "batch_size": 10}


def arrays(split="official"):
    """A small data set by value, whose classes differ in their mean."""
    data = toy("image")
    return dlfun.from_arrays(data.train.inputs, data.train.targets, name="toy", split=split)


def bits(study):
    """All that a study found, but for times."""
    kept = {f"{file}/{n}": v for file, own in study.parameters.items() for n, v in own.items()}
    rows = [{n: v for n, v in row.items() if "seconds" not in n} for row in study.rows]
    return {n: v.tobytes() for n, v in {**study.history, **kept}.items()} | {"rows": rows}


@pytest.mark.parametrize("kind", MODELS)
def test_it_has_the_bits_of_the_longer_run(kind):
    model, options = MODELS[kind]
    longer = dlfun.train(model, arrays(), steps=6, evaluations=3, **SHORT, **options)
    begun = dlfun.train(model, arrays(), steps=2, evaluations=1, **SHORT, **options)
    before = (begun.folder / NAME).read_text()
    halfway = dlfun.train(model, arrays(), continue_from=begun, steps="+2")
    found = dlfun.train(model, arrays(), continue_from=halfway.folder, steps=6)
    assert bits(found) == bits(longer)
    assert bits(found) != bits(halfway) != bits(begun)
    assert (begun.folder / NAME).read_text() == before


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """A record that flags make again, of six steps in three intervals."""
    folder = tmp_path_factory.mktemp("records") / "short"
    dlfun.train("softmax", "xor", steps=6, evaluations=3, seeds=2, output_dir=folder)
    return folder


def test_flags_and_calls_make_the_same_request(record, tmp_path):
    args = [f"--continue_from={record}", "--steps=+4", f"--output_dir={tmp_path / 'flags'}"]
    app.parse(train.FLAGS, ["train", *args])
    train.main([])
    called = dlfun.train(continue_from=record, steps="+4", output_dir=tmp_path / "call")
    by_flags = dlfun.read(tmp_path / "flags")
    assert bits(called) == bits(by_flags)
    lines = [(tmp_path / name / "config.flags").read_text() for name in ("flags", "call")]
    assert lines[0] == lines[1]
    assert {"--steps=10", "--evaluations=5"} <= set(lines[0].split())
    assert "continue" not in lines[0]  # it replays as the longer run


def test_folds_and_failed_runs_go_on():
    data = arrays("kfold")
    model = dlfun.model("softmax", learning_rate=1e38, optimizer="sgd")
    options = {"batch_size": 10}
    longer = dlfun.train(model, data, steps=8, evaluations=4, **options)
    begun = dlfun.train(model, data, steps=4, evaluations=2, **options)
    found = dlfun.train(model, data, continue_from=begun, steps="+4")
    assert {row["status"] for row in longer.rows} == {"failed"}
    assert bits(found) == bits(longer)


REFUSED = {
    "--steps=+3": "every 2 steps, .* give \\+2 or \\+4",
    "--steps=6": "more than 6 in all",
    "--steps=many": "so many more as \\+6",
    "": "say how many more steps",
    "--steps=+2 --seeds=3": "--seeds=3: .* was trained with --seeds=2",
    "--steps=+2 --dataset=parity": "--dataset=parity: .* --dataset=xor",
    "--steps=+2 --learning_rate=0.5": "--learning_rate=0.5: .* --learning_rate=0.003",
    "--steps=+2 --epochs=3": "leave --epochs out",
    "--steps=+2 --evaluations=3": "leave --evaluations out",
}


@pytest.mark.parametrize("given", REFUSED)
def test_what_is_not_the_longer_run_is_refused(given, record):
    with pytest.raises(UserError, match=REFUSED[given]) as caught:
        app.parse(train.FLAGS, ["train", f"--continue_from={record}", *given.split()])
    assert "\n" not in str(caught.value)


def copy_of(record, folder):
    """A record without checksums, to be changed."""
    shutil.copytree(record, folder)
    (folder / NAME).unlink()
    return folder


def without_state(folder):
    shutil.rmtree(folder / "state")


def other_data(folder):
    path = folder / "environment.json"
    path.write_text(re.sub(r'"checksum": "\w{4}', '"checksum": "0000', path.read_text()))


def other_form(folder):
    (path,) = (folder / "state").glob("*.npz")
    np.savez(path, **{**np.load(path), "format": np.array(99)})


def other_keys(folder):
    (path,) = (folder / "state").glob("*.npz")
    held = dict(np.load(path))
    np.savez(path, **held | {".streams.order": held[".streams.order"] + 1})


def falling(folder):
    for name in ("config.flags", "study.json"):
        path = folder / name
        path.write_text(path.read_text().replace("constant", "cosine"))


CHANGES = {
    "keeps no training state": without_state,
    "xor was changed": other_data,
    "has another form": other_form,
    "its random numbers are others": other_keys,
    "schedule=cosine each step depends": falling,
}


@pytest.mark.parametrize("why", CHANGES)
def test_a_record_that_cannot_go_on_says_why(why, record, tmp_path):
    folder = copy_of(record, tmp_path / "other")
    CHANGES[why](folder)
    with pytest.raises(UserError, match=why):
        dlfun.train(continue_from=folder, steps="+2", output_dir=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_other_kinds_of_study_are_told_how(record):
    with pytest.raises(UserError, match="record of train, and this is compare; continue it by"):
        app.parse(compare.FLAGS, ["x", f"--continue_from={record}", "--steps=+2"])
    assert "continue_from" not in sweep.FLAGS
    with pytest.raises(UserError, match="needs a model and data"):
        dlfun.train()


def test_a_comparison_goes_on():
    models = ["softmax", dlfun.model("bpnn", widths=(3,))]
    options = {"baselines": ["tree+raw"], "seeds": 2}
    longer = dlfun.compare(models, "xor", steps=4, evaluations=2, **options)
    begun = dlfun.compare(models, "xor", steps=2, evaluations=1, **options)
    found = dlfun.compare(continue_from=begun, steps="+2")
    assert bits(found) == bits(longer)
    assert found.pairs == longer.pairs


@pytest.mark.parametrize(("keep", "kept"), [("all", False), ("state", True), ("best", False)])
def test_only_what_is_small_is_kept_unless_it_is_asked_for(keep, kept, monkeypatch):
    monkeypatch.setattr(module, "KEPT_STATE", {"all": 10, "state": 1e9})
    study = dlfun.train("softmax", "xor", steps=2, seeds=2, keep=keep)
    assert (study.folder / "state").exists() == kept
