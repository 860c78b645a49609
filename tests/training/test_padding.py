"""Members with splits of different sizes: each learns and scores as it would alone."""

import dataclasses

import jax
import numpy as np
import pytest

from dlfun.models import BPNN
from dlfun.studies.population.arm import make_members, resolve
from dlfun.studies.population.assembly import population
from dlfun.studies.population.stacked import fewest, mean_count, one_of, stack
from dlfun.training.order import batch_indices, permutation
from dlfun.training.train import Callbacks, train
from dlfun.types import HParams, Layout, Split, TuneData
from tests.helpers import options, toy

SIZES = ((61, 17, 9), (70, 23, 31), (52, 23, 14))
"""Examples to learn from, held out and tested on, of three replicates."""


@pytest.fixture(scope="module")
def datasets():
    whole = toy()
    parts = ("train", "validation", "test")
    return [
        whole._replace(
            **{
                name: Split(*(leaf[-count:] for leaf in getattr(whole, name)[:2]))
                for name, count in zip(parts, sizes, strict=True)
            }
        )
        for sizes in SIZES
    ]


def trained(datasets, first, count, input="memory", data=None):
    """What is left of so many replicates from the first one on."""
    data = data or stack(datasets)
    study = options({"bpnn": BPNN((8,))}, first=first, seeds=count, steps=24, evaluations=2)
    settings = resolve(study, "bpnn", study.models["bpnn"], 52, [HParams(0.1)])
    settings = dataclasses.replace(settings, optimizer="sgd")
    members = make_members(study, "bpnn", [HParams(0.1)], len(datasets))
    people = population(settings, data.first.spec, Layout(1, count), input)
    callbacks = Callbacks(lambda carry: jax.tree.map(np.asarray, carry.state.params))
    return train(people, members, data.tuning, data.test, "toy", callbacks)


@pytest.fixture(scope="module")
def padded(datasets):
    return trained(datasets, 0, 3)


@pytest.mark.parametrize("replicate", range(3))
def test_a_member_equals_the_same_one_alone_without_padding(datasets, padded, replicate):
    alone = trained(datasets[replicate : replicate + 1], replicate, 1)
    count = SIZES[replicate][2]
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a[replicate], b[0], rtol=1e-4, atol=1e-6),
        padded.kept,
        alone.kept,
    )
    for part in ("history", "test"):
        for name, values in getattr(padded, part).items():
            own = getattr(alone, part)[name]
            np.testing.assert_allclose(values[replicate], own[0], rtol=1e-4, err_msg=name)
    said = padded.predictions["predicted"]
    assert said.shape == (3, 31)
    np.testing.assert_array_equal(said[replicate, :count], alone.predictions["predicted"][0])


@pytest.mark.parametrize("input", ["memory", "stream"])
def test_whatever_stands_in_padding_is_seen_by_nobody(datasets, padded, input):
    data = stack(datasets)

    def poisoned(split):
        inputs = np.where(split.real[..., None, None], split.inputs, np.nan)
        return split._replace(inputs=inputs, targets=np.where(split.real, split.targets, 2))

    tuning = TuneData(poisoned(data.tuning.train), poisoned(data.tuning.validation))
    found = trained(datasets, 0, 3, input, data._replace(tuning=tuning, test=poisoned(data.test)))
    same = np.testing.assert_array_equal
    jax.tree.map(same, found.kept, padded.kept)
    same(found.history["train_loss"], padded.history["train_loss"])
    for part in ("history", "test"):
        for name, values in getattr(found, part).items():
            assert np.isfinite(values).all(), name
            np.testing.assert_allclose(values, getattr(padded, part)[name], rtol=1e-5)


def test_a_known_number_of_examples_and_a_traced_one_have_the_same_order():
    key = jax.random.key(3)
    for examples, start in ((70, 0), (52, 13)):
        known = batch_indices(key, start, 9, examples, 10)
        traced = jax.jit(lambda n, start=start: batch_indices(key, start, 9, n, 10))(examples)
        np.testing.assert_array_equal(traced, known)
    epoch = np.asarray(permutation(key, 0, 52))
    np.testing.assert_array_equal(batch_indices(key, 0, 5, 52, 10).ravel(), epoch[:50])


def test_splits_of_one_size_have_no_padding(datasets):
    data = stack(datasets)
    assert (fewest(data.tuning.train), mean_count(data.test)) == (52, 18)
    for at, sizes in enumerate(SIZES):
        parts = (data.tuning.train, data.tuning.validation, data.test)
        assert [len(one_of(part, at).targets) for part in parts] == list(sizes)
    assert stack([datasets[1]] * 2).test.real is None
