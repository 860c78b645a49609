"""Splits: stratified, nested, and a function of the key and the replicate alone."""

import itertools
from collections import Counter

import jax
import numpy as np
import pytest

from dlfun import data
from dlfun.config.options import DataOptions
from dlfun.data import Raw
from dlfun.errors import UserError
from dlfun.keys import root_key, stream
from dlfun.types import Spec, Split

KEY = stream(root_key(0), "split")
SIZES = (200, 100, 50, 10)


def labelled(count: int, classes: np.ndarray, first: int) -> Split:
    """Examples whose only input is their number, so that they can be followed."""
    return Split(np.arange(first, first + count)[:, None], classes.astype(np.int32))


@pytest.fixture
def raw():
    labels = np.repeat(np.arange(4), SIZES)
    train, test = (
        labelled(360, labels, 0),
        labelled(90, np.repeat(np.arange(4), 90 // 4 + 1)[:90], 360),
    )
    return Raw(train, test, Spec((1,), "vector", "classification", 4), "toy", "1.0.0", "sum")


def numbers(split: Split | None) -> list[int]:
    assert split is not None
    return [int(n) for n in split.inputs[:, 0]]


def test_every_prefix_is_stratified():
    targets = np.repeat(np.arange(4), SIZES)
    order = data.stratified_order(targets, np.random.default_rng(0).random(360))
    assert sorted(order) == list(range(360))
    for length in range(1, 361):
        counts = np.bincount(targets[order[:length]], minlength=4)
        wanted = np.array(SIZES) * length / 360
        assert np.abs(counts - wanted).max() < 2, length


def test_each_example_is_as_likely_as_any_to_be_held_out():
    targets = np.repeat(np.arange(2), (35, 5))
    random = np.random.default_rng(0)
    held = Counter()
    for _ in range(4000):
        held.update(data.stratified_order(targets, random.random(40))[:8].tolist())
    assert max(held.values()) < 4000 * 0.25
    assert min(held.values()) > 4000 * 0.15


def test_regression_is_a_plain_permutation():
    uniforms = np.random.default_rng(0).random(20)
    order = data.stratified_order(np.linspace(0, 1, 20)[:, None], uniforms)
    assert list(order) == sorted(range(20), key=lambda i: uniforms[i])


def test_official_split_is_the_same_for_each_replicate(raw):
    splits = [data.split(raw, KEY, replicate, DataOptions()) for replicate in (0, 1, 7)]
    for other in splits[1:]:
        assert numbers(other.validation) == numbers(splits[0].validation)
        assert numbers(other.train) == numbers(splits[0].train)
    first = splits[0]
    assert numbers(first.test) == list(range(360, 450))
    assert sorted(numbers(first.train) + numbers(first.validation)) == list(range(360))
    assert np.bincount(first.validation.targets).tolist() == [20, 10, 5, 1]


def test_official_split_depends_on_the_key(raw):
    other = data.split(raw, stream(root_key(1), "split"), 0, DataOptions())
    assert numbers(other.validation) != numbers(data.split(raw, KEY, 0, DataOptions()).validation)


def test_random_split_differs_with_each_replicate_and_replays(raw):
    options = DataOptions(split="random")
    one, two = data.split(raw, KEY, 0, options), data.split(raw, KEY, 1, options)
    assert set(numbers(one.test)) != set(numbers(two.test))
    assert numbers(one.test) == numbers(data.split(raw, KEY, 0, options).test)
    parts = numbers(one.train) + numbers(one.validation) + numbers(one.test)
    assert sorted(parts) == list(range(450))
    assert len(one.test.targets) == 90
    pooled = np.bincount(np.concatenate([raw.train.targets, raw.test.targets]))
    assert np.abs(np.bincount(one.test.targets) - pooled * 90 / 450).max() < 2


def test_a_random_split_may_be_of_another_size(raw):
    options = DataOptions(split="random", test_fraction=0.5, validation_fraction=0)
    drawn = data.split(raw, KEY, 0, options)
    assert (len(drawn.train.targets), len(drawn.test.targets)) == (225, 225)


def test_a_replicate_is_tested_on_one_speaker(raw):
    speakers = np.arange(450) % 5
    spoken = raw._replace(groups=(speakers[:360], speakers[360:]))
    options = DataOptions(split="leave_one_speaker_out")
    for replicate in (0, 3, 8):
        one = data.split(spoken, KEY, replicate, options)
        assert sorted(numbers(one.test)) == list(range(replicate % 5, 450, 5))
        assert len(one.train.targets) + len(one.validation.targets) == 360
    uneven = raw._replace(groups=(speakers[:360] // 2, speakers[360:]))
    sizes = [len(data.split(uneven, KEY, replicate, options).test.targets) for replicate in (0, 4)]
    assert sizes == [144 + 18, 18]


def test_lengths_go_with_their_examples(raw):
    whole = [split._replace(lengths=split.inputs[:, 0] + 7) for split in (raw.train, raw.test)]
    given = raw._replace(train=whole[0], test=whole[1])
    one = data.split(given, KEY, 0, DataOptions(split="random", train_examples=100))
    for part in (one.train, one.validation, one.test):
        np.testing.assert_array_equal(part.lengths, np.array(numbers(part)) + 7)


def test_a_published_validation_split_is_taken(raw):
    given = raw._replace(validation=raw.test)
    one = data.split(given, KEY, 0, DataOptions())
    assert numbers(one.validation) == numbers(raw.test)
    assert sorted(numbers(one.train)) == list(range(360))
    assert data.split(given, KEY, 0, DataOptions(validation_fraction=0)).validation is None


@pytest.mark.parametrize("split", ["official", "random"])
def test_inputs_keep_their_targets(raw, split):
    label_of = dict(zip(numbers(raw.train), raw.train.targets, strict=True))
    label_of |= dict(zip(numbers(raw.test), raw.test.targets, strict=True))
    drawn = data.split(raw, KEY, 2, DataOptions(split=split))
    for part in (drawn.train, drawn.validation, drawn.test):
        assert [label_of[n] for n in numbers(part)] == list(part.targets)


def test_fewer_training_examples_are_among_the_more(raw):
    chosen = [
        data.split(raw, KEY, 0, DataOptions(train_examples=count)) for count in (4, 40, 200, None)
    ]
    assert [len(one.train.targets) for one in chosen] == [4, 40, 200, 324]
    for fewer, more in itertools.pairwise(chosen):
        assert set(numbers(fewer.train)) < set(numbers(more.train))
        assert numbers(fewer.validation) == numbers(more.validation)
    counts = np.bincount(chosen[1].train.targets, minlength=4)
    assert np.abs(counts - np.array(SIZES) * 40 / 360).max() < 2


def test_no_validation_at_fraction_zero(raw):
    whole = data.split(raw, KEY, 0, DataOptions(validation_fraction=0))
    assert whole.validation is None
    assert sorted(numbers(whole.train)) == list(range(360))


def test_at_least_one_example_is_held_out(raw):
    tiny = data.split(raw, KEY, 0, DataOptions(validation_fraction=1e-6))
    assert len(tiny.validation.targets) == 1


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("split", ["official", "random"])
def test_a_truth_table_is_every_split(read, fraction, split):
    options = DataOptions(validation_fraction=fraction, split=split)
    table = data.split(read("xor"), KEY, 3, options)
    parts = [table.train, table.test] + ([table.validation] if fraction else [])
    assert (table.validation is None) == (fraction == 0)
    for part in parts:
        assert part.inputs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
        assert part.targets.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (DataOptions(train_examples=325), ("--train_examples=325", "324", "toy")),
        (DataOptions(train_examples=0), ("--train_examples=0", "324")),
        (DataOptions(split="random", test_fraction=0.001), ("--test_fraction=0.001", "450")),
        (DataOptions(test_fraction=0.5), ("--test_fraction=0.5", "--split=random")),
        (DataOptions(split="leave_one_speaker_out"), ("does not say who spoke", "official")),
        (DataOptions(split="kfold", folds=451), ("--folds=451", "450 examples", "450 or less")),
        (DataOptions(split="kfold", groups="speaker"), ("--groups=speaker", "belong together")),
        (DataOptions(split="random", folds=5), ("--folds=5", "--split=kfold")),
        (DataOptions(repeats=2), ("--repeats=2", "--split=kfold")),
        (DataOptions(train_examples=-3), ("--train_examples=-3", "324")),
        (DataOptions(validation_fraction=0.9999), ("--validation_fraction=0.9999", "360")),
        (DataOptions(validation_fraction=1.0), ("--validation_fraction=1", "below 1")),
        (DataOptions(validation_fraction=-0.1), ("--validation_fraction=-0.1", "at least 0")),
        (DataOptions(validation_fraction=float("nan")), ("--validation_fraction=nan",)),
        (DataOptions(split="randon"), ("unknown split 'randon'", "'random'")),
    ],
)
def test_errors_of_one_line(raw, options, words):
    with pytest.raises(UserError) as caught:
        data.split(raw, KEY, 0, options)
    assert all(word in str(caught.value) for word in words), caught.value
    assert "\n" not in str(caught.value)


def test_unknown_data_set():
    with pytest.raises(UserError, match="unknown data set 'mnst1d'; did you mean 'mnist1d'"):
        data.read("mnst1d", DataOptions())


def test_chance_of_classes(raw):
    assert data.chance(data.split(raw, KEY, 0, DataOptions())) == 23 / 90


def test_chance_of_numbers(read):
    drawn = data.split(read("adding"), KEY, 0, DataOptions())
    mean = drawn.train.targets.mean()
    assert data.chance(drawn) == pytest.approx(np.var(drawn.test.targets - mean), abs=1e-3)
    assert data.chance(drawn) == pytest.approx(1 / 6, abs=0.015)


def positions(raw: Raw) -> np.ndarray:
    """The training inputs as [n, positions, channels]."""
    channels = 1 if raw.spec.modality == "vector" else raw.spec.shape[-1]
    return np.asarray(raw.train.inputs).reshape(len(raw.train.inputs), -1, channels)


@pytest.mark.parametrize("name", ["mnist1d", "digits", "separable", "adding"])
def test_permuted_features(read, name):
    plain, permuted = read(name), read(name, permute_features=True)
    before, after = positions(plain), positions(permuted)
    columns = [column.tobytes() for column in np.moveaxis(before, 1, 0)]
    order = [columns.index(column.tobytes()) for column in np.moveaxis(after, 1, 0)]
    moved = np.mean(np.array(order) != np.arange(len(order)))
    assert len(set(order)) >= 0.8 * len(order)  # some pixels of the digits are always 0
    assert moved > 0.5
    np.testing.assert_array_equal(before[:, order], after)
    assert permuted.train.inputs.shape == plain.train.inputs.shape
    assert permuted.train.inputs.dtype == plain.train.inputs.dtype
    assert permuted.name == plain.name
    assert permuted.checksum != plain.checksum
    assert permuted.checksum == read(name, permute_features=True).checksum


def test_train_and_test_are_permuted_alike(read):
    plain, permuted = read("separable"), read("separable", permute_features=True)
    order = [np.flatnonzero(plain.train.inputs[0] == v)[0] for v in permuted.train.inputs[0]]
    np.testing.assert_array_equal(plain.test.inputs[:, order], permuted.test.inputs)


def test_a_split_is_the_same_under_another_default_generator(raw):
    with jax.default_prng_impl("rbg"):
        other = data.split(raw, KEY, 0, DataOptions())
    assert numbers(other.train) == numbers(data.split(raw, KEY, 0, DataOptions()).train)
