"""Populations: members are independent, layouts have no meaning, one program serves all."""

import re
from typing import NamedTuple

import jax
import numpy as np
import pytest

from dlfun import keys
from dlfun.errors import UserError
from dlfun.models import MODELS, RNN
from dlfun.studies.population import arm
from dlfun.studies.population.arm import make_members, resolve, streams_of
from dlfun.studies.population.assembly import assemble, population
from dlfun.studies.population.stacked import stack
from dlfun.training.layout import layout
from dlfun.training.population import Population
from dlfun.types import HParams, Layout
from tests.helpers import options, prepared, toy

SHAPES = {"rnn": RNN(widths=(4,))}


def trained(settings, data, members, shared):
    """Final parameters of every member, by way of a population shared out so."""
    people = population(settings, data.first.spec, shared)
    hparams, streams = people.place(members)
    carry = people.init(hparams, streams)
    train = people.place_data(data.tuning._replace(validation=None))
    for steps in people.run.intervals:
        carry, _ = people.advance(carry, hparams, train, steps)
    parameters = assemble(settings, data.first.spec).learner.parameters(carry.state)
    return jax.tree.map(lambda leaf: np.asarray(leaf)[: len(members.replicates)], parameters)


def some(members, rows):
    pick = lambda leaf: leaf[np.array(rows)]  # noqa: E731
    return members._replace(
        hparams=jax.tree.map(pick, members.hparams),
        streams=jax.tree.map(pick, members.streams),
        replicates=tuple(members.replicates[r] for r in rows),
    )


def largest_difference(a, b):
    """Relative to the largest entry of each array."""
    parts = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return max(float(np.abs(x - y).max() / max(np.abs(y).max(), 1e-12)) for x, y in parts)


@pytest.mark.parametrize("model", MODELS)
def test_a_layout_changes_nothing_float32(model):
    """Rule 2 of the design: 1e-4 after 40 steps of float32, whatever layout."""
    settings, data, members = prepared(
        model, shape=SHAPES.get(model), steps=40, hparams=HParams(learning_rate=1e-3)
    )
    in_turn = trained(settings, data, members, Layout(2, 1))
    vmapped = trained(settings, data, members, Layout(1, 2))
    assert largest_difference(in_turn, vmapped) < 1e-4


@pytest.mark.parametrize("model", MODELS)
def test_alone_equals_in_a_population_float64(model):
    """Rule 2 of the design: 1e-9 after 200 steps of float64."""
    with jax.enable_x64(True):
        settings, data, members = prepared(
            model,
            shape=SHAPES.get(model),
            steps=200,
            precision="float64",
            hparams=HParams(learning_rate=1e-3),
        )
        together = trained(settings, data, members, Layout(2, 2))
        alone = trained(settings, data, some(members, [1]), Layout(1, 1))
        assert jax.tree.leaves(alone)[0].dtype == np.float64
    assert largest_difference(jax.tree.map(lambda leaf: leaf[1:2], together), alone) < 1e-9


def test_one_program_for_twenty_members_of_four_learning_rates():
    data = stack([toy()])
    study = options(("bpnn",), seeds=5)
    settings = resolve(study, "bpnn", study.models["bpnn"], 70, [HParams()])
    people = Population(assemble(settings, data.first.spec).run, Layout(2, 10))
    for rates in ((0.1, 0.01, 0.001, 0.0001), (0.5, 0.05, 0.02, 0.2)):
        numbers = [HParams(learning_rate=rate) for rate in rates]
        members = make_members(study, "bpnn", numbers, 1)
        hparams, streams = people.place(members)
        carry = people.init(hparams, streams)
        for steps in people.run.intervals:
            carry, history = people.advance(carry, hparams, people.place_data(data.tuning), steps)
        losses = np.asarray(history["train_loss"]).reshape(4, 5)
        assert len(np.unique(losses)) == 20
    assert [program.traces for program in people.programs] == [1, 0, 1]


def test_a_diverging_member_is_frozen_and_changes_no_bit_of_the_others():
    data = stack([toy()])
    study = options(("bpnn",), seeds=2, steps=30)
    settings = resolve(study, "bpnn", study.models["bpnn"], 70, [HParams()])
    settings = settings.__class__(**{**vars(settings), "optimizer": "sgd"})
    people = population(settings, data.first.spec, Layout(1, 4))

    def history_and_carry(rate):
        members = make_members(study, "bpnn", [HParams(0.01), HParams(rate)], 1)
        hparams, streams = people.place(members)
        carry, parts = people.init(hparams, streams), []
        for steps in people.run.intervals:
            carry, history = people.advance(carry, hparams, people.place_data(data.tuning), steps)
            parts.append(np.asarray(history["train_loss"]))
        return np.stack(parts), carry

    healthy, calm = history_and_carry(0.01)
    broken, wild = history_and_carry(1e30)
    assert list(np.asarray(wild.failed_at) >= 0) == [False, False, True, True]
    assert list(np.asarray(calm.failed_at)) == [-1] * 4
    assert np.isnan(broken[-1, 2:]).all()
    np.testing.assert_array_equal(broken[:, :2], healthy[:, :2])
    for a, b in zip(jax.tree.leaves(wild.state), jax.tree.leaves(calm.state), strict=True):
        np.testing.assert_array_equal(a[:2], b[:2])
        assert np.isfinite(np.asarray(a, float)).all()


def test_replicates_are_paired_across_models():
    root = keys.root_key(3)
    a, b = (keys.replicate_streams(root, 4, model, 0) for model in ("cnn", "rnn"))
    data = lambda name: (jax.random.key_data(getattr(s, name)).tolist() for s in (a, b))  # noqa: E731
    for name in ("order", "evaluation"):
        assert len({tuple(d) for d in data(name)}) == 1
    for name in ("init", "noise"):
        assert len({tuple(d) for d in data(name)}) == 2
    other = keys.replicate_streams(root, 5, "cnn", 0)
    every = [tuple(jax.random.key_data(k).tolist()) for s in (a, other) for k in s[:4]]
    assert len(set(every)) == 8


def test_members_need_no_collectives_while_they_train():
    settings, data, members = prepared("bpnn")
    people = Population(assemble(settings, data.first.spec).run, Layout(2, 2))
    hparams, streams = people.place(members)
    carry = people.init(hparams, streams)
    tuning = people.place_data(data.tuning)
    (advance,) = people.programs[2:]
    text = advance.compiled(carry, hparams, tuning).as_text()
    assert "num_partitions=2" in text
    kinds = "all-reduce|all-gather|all-to-all|reduce-scatter|collective-[a-z]+"
    assert not re.findall(rf" (?:{kinds})(?:-start)?\(", text)


class Device(NamedTuple):
    process_index: int
    id: int


@pytest.mark.parametrize(
    ("count", "ids"), [(2, [0, 10]), (3, [0, 1, 10]), (4, [0, 1, 10, 11]), (5, [0, 1, 2, 10, 11])]
)
def test_every_process_gives_as_many_devices(count, ids, monkeypatch):
    devices = [Device(0, i) for i in range(3)] + [Device(1, 10 + i) for i in range(2)]
    monkeypatch.setattr(jax, "devices", lambda: devices)
    assert [device.id for device in layout.mesh_devices(count)] == ids


def test_a_layout_of_fewer_devices_than_processes(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(UserError, match=r"^--layout=1x5: fewer devices than the 2 processes;"):
        layout.check_layout(Layout(1, 5))
    assert layout.choose_layout("bpnn", None, 1).devices == 2


@pytest.mark.parametrize("own", [False, True])
def test_the_keys_of_many_replicates_are_those_of_each(monkeypatch, own):
    root, replicates = keys.root_key(3), np.arange(5, 9)
    alone = streams_of(root, replicates, "cnn", own)
    monkeypatch.setattr(arm, "MANY", 2)
    together = streams_of(root, replicates, "cnn", own)
    for one, other in zip(jax.tree.leaves(alone), jax.tree.leaves(together), strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert (one == other).all()
