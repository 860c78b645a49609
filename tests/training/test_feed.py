"""A fed population against one with its data on the devices, and blocks against plain indexing."""

import dataclasses

import jax
import numpy as np
import pytest

from dlfun import keys
from dlfun.data.lazy import Rows, lazy, lazy_raw
from dlfun.data.reading import Raw
from dlfun.data.splitting import split as draw_split
from dlfun.studies.arm import make_members, resolve
from dlfun.studies.assemble import population
from dlfun.studies.stacked import Stacked, stack
from dlfun.training import feed
from dlfun.training.feed import Scoring, Training, lanes, prefetched
from dlfun.training.memory import bytes_needed
from dlfun.training.order import batch_indices
from dlfun.training.train import train
from dlfun.types import DataOptions, HParams, Layout, Spec, Split, TuneData
from tests.helpers import options, toy

NUMBERS = (HParams(1e-3, dropout_rate=0.3), HParams(1e-2, dropout_rate=0.1))
BATCH = 10 * 12 * 2 * 4 + 10 * 4
"""Bytes of a batch of the toy sequences with its targets."""


def arm(numbers=NUMBERS, data=None, **changes):
    """Settings, data and members: two configurations of a small BPNN, two replicates each."""
    data = data or stack([toy()])
    study = options(("bpnn",), **({"seeds": 2, "steps": 46, "evaluations": 2} | changes))
    examples = data.tuning.train.targets.shape[1]
    settings = resolve(study, "bpnn", study.models["bpnn"], examples, numbers)
    return settings, data, make_members(study, "bpnn", numbers, len(data.datasets))


def trained(given, layout, input, test=True):
    settings, data, members = given
    people = population(settings, data.first.spec, layout, input)

    def keep(carry):
        return jax.tree.map(np.asarray, (carry.state.params, carry.failed_at))

    found = train(people, members, data.tuning, data.test if test else None, keep, "toy")
    return people, found


def assert_same(fed, wanted, exactly=True):
    for a, b in zip(jax.tree.leaves(fed.kept), jax.tree.leaves(wanted.kept), strict=True):
        if exactly:
            np.testing.assert_array_equal(a, b)
        else:  # rule 2 of the design
            assert np.abs(a - b).max() <= 1e-4 * np.abs(b).max()
    for part in ("history", "test"):
        assert list(getattr(fed, part)) == list(getattr(wanted, part))
        for name, values in getattr(wanted, part).items():
            np.testing.assert_allclose(getattr(fed, part)[name], values, rtol=1e-5, atol=1e-6)


def test_fed_in_blocks_of_three_steps_is_bit_identical(monkeypatch):
    """Members share a stream per replicate; the last block is shorter; two lanes a device."""
    monkeypatch.setattr(feed, "BLOCK_BYTES", 2 * 3 * BATCH)
    given = arm()
    settings, data, members = given
    _, wanted = trained(given, Layout(2, 2), "memory")
    people, found = trained(given, Layout(2, 2), "stream")
    assert_same(found, wanted)
    assert people.learn.traces == 2
    assert [p.traces for p in (people.init, people.finish)] == [1, 1]
    assert people.score.traces == 0
    assert len(np.unique(found.history["train_loss"][:, -1])) == 4
    needed = bytes_needed(people, members, data.tuning, data.test)
    assert people.learn.traces == 2  # what was compiled to train serves the prediction
    assert needed > 2 * 3 * BATCH


def test_one_trace_however_many_blocks_and_chunks_of_members_equal_the_whole(monkeypatch):
    given = arm()
    _, wanted = trained(given, Layout(2, 1), "memory")
    monkeypatch.setattr(feed, "BLOCK_BYTES", 2 * BATCH)
    people, found = trained(given, Layout(2, 1, chunk=2), "stream", test=False)
    assert_same(found._replace(test=wanted.test), wanted, exactly=False)
    assert [program.traces for program in people.programs] == [1] * len(people.programs)


def test_a_member_that_fails_is_frozen_at_its_last_good_interval(monkeypatch):
    monkeypatch.setattr(feed, "BLOCK_BYTES", 3 * BATCH)
    numbers = [HParams(0.01), HParams(1e30)]
    settings, data, members = arm(numbers, seeds=1, steps=30)
    given = dataclasses.replace(settings, optimizer="sgd"), data, members
    _, wanted = trained(given, Layout(1, 2), "memory")
    _, found = trained(given, Layout(1, 2), "stream")
    assert list(found.kept[1] >= 0) == [False, True]
    assert_same(found, wanted)


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


def test_random_splits_are_fed_a_lane_for_each_replicate(monkeypatch):
    raw = lazy_raw(speakers()._replace(spec=toy().spec))
    key = keys.stream(keys.root_key(0), "split")
    data = stack([draw_split(raw, key, r, DataOptions(split="random")) for r in range(2)])
    monkeypatch.setattr(feed, "BLOCK_BYTES", 7 * BATCH)
    lean = jax.tree.map(np.asarray, (data.tuning, data.test))
    settings, _, members = arm(NUMBERS[:1], data, steps=14)
    _, wanted = trained((settings, Stacked(data.datasets, *lean), members), Layout(1, 2), "memory")
    _, found = trained((settings, data, members), Layout(1, 2), "stream")
    assert_same(found, wanted)


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
    order = jax.random.split(jax.random.key(3), 2)

    def rows(start, steps):
        return jax.vmap(lambda key: batch_indices(key, start, steps, 70, 10))(order)

    source = Training(train, np.zeros(2, int), rows, (4, 4, 2))
    every = np.asarray(rows(0, 10))
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


def test_the_training_split_is_never_put_on_a_device(monkeypatch):
    settings, data, members = arm(steps=4, seeds=1)
    tuning = jax.tree.map(
        lambda leaf: Rows((np.asarray(leaf)[0],), np.arange(leaf.shape[1])[None]), data.tuning
    )
    people = population(settings, data.first.spec, Layout(1, 2), "stream")
    placed = []
    original = jax.device_put
    monkeypatch.setattr(jax, "device_put", lambda x, at: placed.append(x) or original(x, at))
    found = train(people, members, tuning, None, lambda carry: carry.failed_at, "toy")
    assert np.isfinite(found.history["validation_loss"]).all()
    shapes = {leaf.shape[-3:] for leaf in jax.tree.leaves(placed) if leaf.ndim > 3}
    assert shapes == {(10, 12, 2), (23, 12, 2)}
    assert tuning.train.inputs.shape == (1, 70, 12, 2)


def test_lazy_leaves_what_is_not_there():
    split = lazy(Split(np.zeros((3, 2)), np.zeros(3, int)))
    assert split.lengths is None
    assert TuneData(split, None).validation is None
