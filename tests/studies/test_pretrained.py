"""Arms that begin from a record's parameters: what they take, and beside what they are judged."""

import json
import shutil

import jax
import numpy as np
import pytest
from flax import linen as nn
from jax import numpy as jnp

import dlfun
from dlfun.cli import app
from dlfun.cli.commands import compare, train
from dlfun.errors import UserError
from dlfun.records.checksums import NAME
from dlfun.studies.population.pretrained import taken
from tests.helpers import toy

HIDDEN = ("params/hidden_0/bias", "params/hidden_0/kernel")
HEAD = ("params/head/bias", "params/head/kernel")
SMALL = dlfun.model("bpnn", widths=(5,), learning_rate=0.1, optimizer="sgd")
STILL = dlfun.model("bpnn", widths=(5,), learning_rate=0.0, optimizer="sgd")
SHORT = {"seeds": 3, "steps": 4, "evaluations": 2, "batch_size": 10}


def arrays(classes=3, seed=0, **options):
    """A small data set by value, of other examples for another seed."""
    data = toy("vector", classes, seed).train
    return dlfun.from_arrays(data.inputs, data.targets, name=f"toy{seed}", **options)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """The record that parameters come from; its best member is not its first."""
    folder = tmp_path_factory.mktemp("records") / "before"
    dlfun.train(SMALL, "vowels", output_dir=folder, seeds=3, steps=30, evaluations=1)
    return folder


def held(study, arm):
    """The parameters of an arm of a study, without the numbers of its members."""
    (name,) = (name for name in study.parameters if name.endswith(arm))
    return {n: v for n, v in study.parameters[name].items() if n != "member"}


def test_it_is_judged_beside_fresh_ones_of_the_same_seeds(record):
    before = dlfun.read(record)
    study = dlfun.compare([STILL], "vowels", initialize_from=record, **SHORT)
    assert [pair["n"] for pair in study.pairs] == [3]
    assert {row["model"] for row in study.rows} == {"bpnn", "bpnn+pretrained"}
    # Without a step of learning, all seeds keep what they began from: that of the best member.
    best = np.argmax(before.history["vowels/bpnn/validation_accuracy"][:, -1])
    for name, array in held(before, "bpnn").items():
        np.testing.assert_array_equal(held(study, "pretrained")[name], array[[best] * 3])
    # One that takes the parameters of the fresh seed 1 has its losses: the same data in the order.
    fresh = dlfun.train(SMALL, "vowels", **SHORT)
    start = dlfun.train(STILL, "vowels", **SHORT)
    again = dlfun.train(SMALL, "vowels", initialize_from=f"{start.folder}:1", **SHORT)
    (loss,), (own,) = (
        [v for n, v in one.history.items() if n.endswith("train_loss")] for one in (fresh, again)
    )
    np.testing.assert_array_equal(own[1], loss[1])
    assert not np.array_equal(own[0], loss[0])


def test_a_head_of_other_classes_stays_fresh(capfd):
    begun = dlfun.train(SMALL, arrays(), **SHORT)
    other = arrays(4, seed=1)
    study = dlfun.train(STILL, other, initialize_from=begun, **SHORT)
    fresh = dlfun.train(STILL, other, **SHORT)
    found, drawn = held(study, "bpnn+pretrained"), held(fresh, "bpnn")
    best = int(np.argmax(begun.history["toy0/bpnn/validation_accuracy"][:, -1]))
    for name in HIDDEN:
        np.testing.assert_array_equal(found[name], held(begun, "bpnn")[name][[best] * 3])
    for name in HEAD:
        np.testing.assert_array_equal(found[name], drawn[name])
    said = "took 2 of 4 arrays; fresh: head/bias (4 against 3), head/kernel (5x4 against 5x3)"
    assert said in capfd.readouterr().err
    facts = json.loads((study.folder / "environment.json").read_text())["initialized_from"]
    assert facts["arms"]["toy1/bpnn+pretrained"]["taken"] == list(HIDDEN)


class Net(nn.Module):
    """Two layers and running statistics, to be compared with plain Flax."""

    classes: int

    @nn.compact
    def __call__(self, x, train=False):
        x = nn.BatchNorm(use_running_average=not train)(nn.Dense(4)(x))
        return nn.Dense(self.classes)(nn.relu(x))


def test_own_modules_go_on_as_a_run_by_hand_with_those_variables():
    begun = dlfun.train(dlfun.model(Net(3), name="net"), arrays(), **SHORT)
    model, other = dlfun.model(Net(2), name="net"), arrays(2, seed=1)
    study = dlfun.train(model, other, initialize_from=f"{begun.folder}:2", **SHORT)
    own, old = held(study, "pretrained"), held(begun, "net")

    def of_record(path, leaf):
        name = "/".join(part.key for part in path)
        return leaf if "Dense_1" in name else jnp.asarray(old[name][2])

    run = dlfun.make_run(model, other, **{n: v for n, v in SHORT.items() if n != "seeds"})
    carry = run.init(run.hparams, run.streams(1))
    variables = {"params": carry.state.params, **carry.state.model_state}
    taken_over = jax.tree_util.tree_map_with_path(of_record, variables)
    state = carry.state._replace(params=taken_over.pop("params"), model_state=taken_over)
    carry = carry._replace(state=state)
    for _ in run.intervals:
        carry, _ = run.advance(carry, run.hparams, run.data)
    after = {"params": carry.state.params, **carry.state.model_state}
    for path, leaf in jax.tree_util.tree_flatten_with_path(after)[0]:
        name = "/".join(part.key for part in path)
        np.testing.assert_allclose(own[name][1], leaf, rtol=1e-4, atol=1e-5, err_msg=name)


def test_flags_replay_it_while_the_record_is_as_it_was(record, tmp_path):
    moved = shutil.copytree(record, tmp_path / "before")
    args = ["--model=bpnn", "--bpnn_widths=5", "--dataset=vowels", "--seeds=2", "--steps=2"]
    for name, given in (("a", [*args, f"--initialize_from={moved}:1"]), ("b", [])):
        given = given or [f"--flagfile={tmp_path / 'a' / 'config.flags'}"]
        app.parse(train.FLAGS, ["train", *given, f"--output_dir={tmp_path / name}"])
        train.main([])
    a, b = (dlfun.read(tmp_path / name) for name in "ab")
    assert all(np.array_equal(v, b.history[n]) for n, v in a.history.items())
    with (moved / NAME).open("a") as file:
        file.write("\n")
    replay = [f"--flagfile={tmp_path / 'a' / 'config.flags'}", f"--output_dir={tmp_path / 'c'}"]
    app.parse(train.FLAGS, ["train", *replay])
    with pytest.raises(UserError, match="is not the record that was meant"):
        train.main([])
    shutil.rmtree(moved)
    with pytest.raises(UserError, match="no such directory; put the record back"):
        train.main([])
    assert not (tmp_path / "c").exists()


REFUSED = {
    "holds no cnn": (dlfun.model("cnn"), "vowels", "", {}),
    "no weights fit": (dlfun.model("bpnn", widths=(7, 7)), "vowels", "", {}),
    "has the members 0, 1, 2": (SMALL, "vowels", ":9", {}),
    "learned from vowels, too, and under split=random": (SMALL, "random", "", {}),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_begin_from_it_is_refused(why, record):
    model, data, member, options = REFUSED[why]
    data = dlfun.load("vowels", split=data) if data == "random" else data
    with pytest.raises(UserError, match=why) as caught:
        dlfun.train(model, data, initialize_from=f"{record}{member}", **SHORT, **options)
    assert "\n" not in str(caught.value)


def test_a_study_that_tunes_fresh_networks_has_no_other(record):
    for given in ("--tune --delta=0.1", "--variance", "--curve"):
        with pytest.raises(UserError, match="trains fresh networks"):
            app.parse(compare.FLAGS, ["x", f"--initialize_from={record}", *given.split()])


def test_it_goes_on_as_the_longer_run(record):
    longer = dlfun.compare([SMALL], "vowels", initialize_from=record, **SHORT)
    half = SHORT | {"steps": 2, "evaluations": 1}
    begun = dlfun.compare([SMALL], "vowels", initialize_from=record, **half)
    found = dlfun.compare(continue_from=begun, steps="+2")
    assert all(v.tobytes() == longer.history[n].tobytes() for n, v in found.history.items())


def test_only_arrays_of_that_name_and_shape_are_taken():
    shapes = {f"params/{name}": (2,) for name in "abcdef"} | {"params/g": (2, 2)}
    found = taken(shapes, {"params/a": np.ones(2), "params/g": np.ones((2, 3)), "x": np.ones(2)})
    assert found.names == ("params/a",)
    assert found.words.endswith(
        "b (not there), c (not there), d (not there), e (not there), 2 more"
    )
