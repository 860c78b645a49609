"""A fed population against one with its data on the devices, and blocks against plain indexing."""

import dataclasses

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from dlfun import keys
from dlfun.data.lazy import Rows, lazy, lazy_raw
from dlfun.data.raw import Raw
from dlfun.data.splitting import split as draw_split
from dlfun.models import BPNN, VAE
from dlfun.studies.population.arm import make_members, resolve
from dlfun.studies.population.assembly import population
from dlfun.studies.population.stacked import Stacked, stack
from dlfun.training.layout.memory import bytes_needed
from dlfun.training.run import joined
from dlfun.training.steps import Carry
from dlfun.training.streaming import feed
from dlfun.training.streaming.blocks import Batches, make_block_run
from dlfun.training.streaming.feed import Scoring, Training, lanes, prefetched
from dlfun.training.train import Callbacks, train
from dlfun.types import DataOptions, HParams, Layout, Learner, Spec, Split, Streams
from tests.helpers import options, prepared, toy

NUMBERS = (HParams(0.1, dropout_rate=0.3), HParams(0.01, dropout_rate=0.1), HParams(1e30))
BATCH = 10 * 12 * 2 * 4 + 10 * 4
"""Bytes of a batch of the toy sequences with its targets."""


def trained(settings, data, members, layout, input):
    people = population(settings, data.first.spec, layout, input)

    def keep(carry):
        return jax.tree.map(np.asarray, (carry.state.params, carry.failed_at))

    return people, train(people, members, data.tuning, data.test, "toy", Callbacks(keep))


def test_a_fed_population_equals_one_in_memory_to_the_last_bit(monkeypatch):
    """Three configurations, one of which fails, of four replicates with splits of their own.

    They are trained in two chunks of members on two devices, of which each needs the blocks of
    three replicates; blocks hold at most three of an interval's 23 steps.
    """
    key, raw = keys.stream(keys.root_key(0), "split"), lazy_raw(toy_raw())
    data = stack([draw_split(raw, key, r, DataOptions(split="random")) for r in range(4)])
    on_device = Stacked(data.datasets, *jax.tree.map(np.asarray, (data.tuning, data.test)))
    study = options({"bpnn": BPNN((8,))}, seeds=4, steps=46, evaluations=2)
    settings = resolve(study, "bpnn", study.models["bpnn"], 63, NUMBERS)
    settings = dataclasses.replace(settings, optimizer="sgd")
    members = make_members(study, "bpnn", NUMBERS, 4)
    layout = Layout(2, 3, chunk=6)
    _, wanted = trained(settings, on_device, members, layout, "memory")

    monkeypatch.setattr(feed, "BLOCK_BYTES", 3 * 3 * BATCH)
    original, placed = jax.device_put, []
    monkeypatch.setattr(jax, "device_put", lambda x, at: placed.append(x) or original(x, at))
    people, found = trained(settings, data, members, layout, "stream")

    jax.tree.map(np.testing.assert_array_equal, found.kept, wanted.kept)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found.kept))
    for part in ("history", "test"):
        fed, whole = getattr(found, part), getattr(wanted, part)
        assert list(fed) == list(whole)
        for name, values in whole.items():
            np.testing.assert_allclose(fed[name], values, rtol=1e-5, atol=1e-6)
    fed, whole = found.predictions, wanted.predictions
    np.testing.assert_array_equal(fed["predicted"], whole["predicted"])
    np.testing.assert_allclose(fed["confidence"], whole["confidence"], rtol=1e-5)
    assert whole["predicted"].shape == (12, 30)
    np.testing.assert_array_equal((whole["predicted"] < 0).all(1), wanted.kept[1] >= 0)
    np.testing.assert_array_equal(np.isnan(whole["confidence"]).all(1), wanted.kept[1] >= 0)
    right = [p == data.test.targets[i % 4] for i, p in enumerate(whole["predicted"][:8])]
    np.testing.assert_allclose(np.mean(right, axis=1), wanted.test["accuracy"][:8], rtol=1e-6)
    assert (found.kept[1] >= 0).tolist() == 8 * [False] + 4 * [True]
    assert len(np.unique(found.history["train_loss"][:8, -1])) == 8
    # Seven blocks of three steps in an interval, and one of two: two programs, however many.
    assert (people.init.traces, people.learn.traces, people.finish.traces) == (1, 2, 1)
    assert (people.measure.traces, people.close.traces, people.score.traces) == (1, 1, 0)
    assert (people.examine.traces, people.conclude.traces) == (1, 1)
    examples = {leaf.shape[-4:] for leaf in jax.tree.leaves(placed) if leaf.ndim > 3}
    assert examples == {(3, 10, 12, 2), (2, 10, 12, 2), (1, 7, 12, 2), (1, 30, 12, 2)}
    # All is compiled: to predict the memory costs nothing more.
    assert bytes_needed(people, members, data.tuning, data.test) > 3 * 3 * BATCH
    assert people.learn.traces == 2


def test_a_fed_split_is_examined_as_one_in_memory(monkeypatch):
    """Likelihood and active units of a VAE, by blocks of one batch each."""
    study = {"likelihood_samples": 3, "seeds": 2, "steps": 4, "evaluations": 2, "batch_size": 5}
    settings, data, members = prepared("vae", toy("image"), VAE((8,), 2), **study)
    monkeypatch.setattr(feed, "BLOCK_BYTES", 1)
    layout = Layout(1, 2)
    people, fed = trained(settings, data, members, layout, "stream")
    _, whole = trained(settings, data, members, layout, "memory")
    assert {"log_likelihood", "active_units"} <= set(fed.test)
    assert list(fed.test) == list(whole.test)
    for name, values in whole.test.items():
        np.testing.assert_allclose(fed.test[name], values, rtol=1e-5, err_msg=name)
    assert (people.measure.traces, people.examine.traces, people.conclude.traces) == (1, 1, 1)


def toy_raw():
    """The toy sequences as published: 70 examples to learn from, and 30."""
    made = toy()
    test = Split(*(leaf[:30] for leaf in made.test[:2]))
    return Raw(made.train, test, made.spec, "toy", "1", "none")


def speakers(n=48):
    """Examples of different length by four speakers."""
    rng = np.random.default_rng(1)

    def draw():
        inputs = rng.normal(size=(n, 12, 2)).astype(np.float32)
        lengths = rng.integers(4, 13, n).astype(np.int32)
        return Split(inputs, (np.arange(n) % 3).astype(np.int32), lengths)

    groups = (np.arange(n) % 4, np.arange(n) % 4)
    spec = Spec((12, 2), "speech", "classification", 3, padded=True)
    return Raw(draw(), draw(), spec, "toy", "1", "none", groups=groups)


@pytest.mark.parametrize("how", ["official", "random", "leave_one_speaker_out"])
def test_lazy_splits_hold_the_same_examples(how):
    raw = speakers()
    key = keys.stream(keys.root_key(0), "split")

    def stacked(raw) -> Stacked:
        return stack([draw_split(raw, key, r, DataOptions(split=how)) for r in range(2)])

    eager, views = stacked(raw), stacked(lazy_raw(raw))
    for a, b in zip(
        jax.tree.leaves((views.tuning, views.test)),
        jax.tree.leaves((eager.tuning, eager.test)),
        strict=True,
    ):
        assert isinstance(a, Rows)
        assert all(any(part is leaf for leaf in (*raw.train, *raw.test)) for part in a.parts)
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_array_equal(np.asarray(a), b)
        np.testing.assert_array_equal(np.asarray(a[1, 3:5]), b[1, 3:5])


def test_members_read_the_lane_of_their_replicate():
    for replicates, layout in [
        ([0, 1, 2, 0, 1, 2], Layout(2, 2)),
        ([0, 1, 2, 3, 4], Layout(2, 1, chunk=2)),
        ([3, 1, 3, 1, 2, 2, 0], Layout(1, 2, chunk=4)),
    ]:
        chunk = layout.chunk or len(replicates)
        shapes = set()
        for first in range(0, len(replicates), chunk):
            which, row = lanes(replicates, layout, first)
            each = len(row) // layout.devices
            read = [which[i // each, lane] for i, lane in enumerate(row)]
            own = replicates[first : first + chunk]
            assert read == own + [replicates[-1]] * (len(row) - len(own))
            shapes.add(which.shape)
        assert len(shapes) == 1


def test_blocks_are_pure_and_hold_the_batches_of_their_steps():
    train = stack([toy()]).tuning.train
    every = np.random.default_rng(0).integers(0, 70, (2, 10, 10))

    def rows(start, steps):
        return every[:, start : start + steps]

    source = Training(train, np.zeros(2, int), rows, (4, 4, 2))
    with prefetched(source) as blocks:
        fed = list(blocks)
    assert [block.targets.shape for block in fed] == [(2, 4, 10), (2, 4, 10), (2, 2, 10)]
    for leaf, parts in zip(train[:2], zip(*(b[:2] for b in fed), strict=True), strict=True):
        np.testing.assert_array_equal(np.concatenate(parts, axis=1), leaf[0][every])
    again = source[1]
    np.testing.assert_array_equal(again.inputs, fed[1].inputs)


@pytest.mark.parametrize(("count", "largest"), [(31, 2), (30, 9), (7, 1), (41, 4)])
def test_a_whole_split_is_fed_once_and_padding_weighs_nothing(count, largest):
    numbers = np.arange(2 * count).reshape(2, count)
    split = Split(numbers[..., None].astype(np.float32), numbers.astype(np.int32))
    source = Scoring(split, np.array([1, 0]), 10, largest)
    fed = [source[i] for i in range(len(source))]
    assert len({block.split.inputs.shape for block in fed}) == 1
    seen = [[], []]
    for block in fed:
        assert len(block.weight) <= largest
        for lane in range(2):
            seen[lane] += block.split.targets[lane][block.weight > 0].tolist()
    assert seen == [numbers[1].tolist(), numbers[0].tolist()]
    every = np.concatenate([block.number for block in fed])
    np.testing.assert_array_equal(every, np.arange(len(every)))


def test_each_batch_is_scored_with_the_key_of_its_number():
    def judge(state, batch, hparams, key):
        return {"chance": (jax.random.uniform(key), jnp.sum(batch.weight))}, {}

    learner = Learner(None, None, judge, None, None, None, None)
    evaluation = jax.random.key(5)
    carry = Carry(None, None, Streams(None, None, None, evaluation, None), None)
    block = Split(jnp.zeros((1, 2, 3)), jnp.zeros((1, 2, 3)))
    weight, number = jnp.ones((2, 3)), jnp.array([4, 9])
    found = make_block_run(learner).measure(
        carry, None, jnp.int32(0), block, Batches(weight, number)
    )
    wanted = [jax.random.uniform(jax.random.fold_in(evaluation, i)) for i in (4, 9)]
    np.testing.assert_array_equal(found["chance"][0], np.asarray(wanted))
    np.testing.assert_array_equal(found["chance"][1], [3, 3])


def test_spans_of_a_text_are_the_same_on_the_host():
    text = np.arange(2 * 700 * 4).reshape(2, 700, 4) % 7
    split = Split(text.astype(np.uint8), text.astype(np.int32))
    host, device = joined(split, np), joined(split)
    assert isinstance(host.inputs, np.ndarray)
    jax.tree.map(np.testing.assert_array_equal, host, jax.tree.map(np.asarray, device))


def test_lazy_leaves_what_is_not_there():
    split = lazy(Split(np.zeros((3, 2)), np.zeros(3, int)))
    assert split.lengths is None
