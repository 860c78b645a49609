"""Folds of cross-validation: those of scikit-learn in size, and each example tested once."""

from itertools import chain

import jax
import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

import dlfun
from dlfun import data
from dlfun.data import Raw
from dlfun.data.folds import dealt, dealt_whole
from dlfun.errors import UserError
from dlfun.keys import root_key, stream
from dlfun.types import DataOptions, Spec, Split

KEY = stream(root_key(0), "split")
COUNT = 203
RANDOM = np.random.default_rng(0)
CLASSES = np.sort(RANDOM.integers(0, 4, COUNT)).astype(np.int32)
NUMBERS = RANDOM.normal(size=(COUNT, 1)).astype(np.float32)
GROUPS = RANDOM.choice(17, COUNT, p=np.arange(1, 18) / 153)


def raw_of(targets, groups=None, task="classification") -> Raw:
    """Examples whose only input is their number, 150 of them published to learn from."""
    whole = Split(np.arange(COUNT)[:, None], targets)
    train, test = (Split(*(leaf[rows] for leaf in whole[:2])) for rows in (PUBLISHED, REST))
    together = None if groups is None else (groups[PUBLISHED], groups[REST])
    spec = Spec((1,), "vector", task, 4)
    return Raw(train, test, spec, "toy", "1.0.0", "sum", groups=together, grouped_by="clinic")


PUBLISHED, REST = slice(0, 150), slice(150, COUNT)

CASES = {
    "classes": (raw_of(CLASSES), {}, StratifiedKFold, None),
    "numbers": (raw_of(NUMBERS, task="regression"), {}, KFold, None),
    "groups": (raw_of(CLASSES, GROUPS), {"groups": "clinic"}, GroupKFold, GROUPS),
    "one group out": (
        raw_of(CLASSES, GROUPS),
        {"groups": "clinic", "folds": 17},
        GroupKFold,
        GROUPS,
    ),
}


def numbers(split: Split | None) -> list[int]:
    assert split is not None
    return [int(n) for n in split.inputs[:, 0]]


@pytest.mark.parametrize("case", CASES)
def test_folds_are_as_large_as_those_of_scikit_learn(case):
    raw, given, peer, groups = CASES[case]
    options = DataOptions(split="kfold", **{"folds": 8, "repeats": 1} | given)
    splits = [data.split(raw, KEY, r, options) for r in range(options.replicates)]
    ours = [numbers(one.test) for one in splits]
    assert sorted(chain(*ours)) == list(range(COUNT))
    targets = CLASSES if raw.spec.task == "classification" else NUMBERS
    folds = peer(len(ours)).split(np.zeros(COUNT), targets, groups)
    theirs = [rows.tolist() for _, rows in folds]
    assert list(map(len, ours)) == list(map(len, theirs))
    if case == "classes":
        for a, b in zip(ours, theirs, strict=True):
            assert np.bincount(CLASSES[a]).tolist() == np.bincount(CLASSES[b]).tolist()
    for one in splits:
        parts = numbers(one.train) + numbers(one.validation)
        assert sorted(parts + numbers(one.test)) == list(range(COUNT))
        if groups is not None:
            assert not set(groups[parts]) & set(groups[numbers(one.test)])


def test_repeats_deal_anew_and_nothing_but_the_key_and_the_repeat_counts():
    raw, options = CASES["classes"][0], DataOptions(split="kfold", folds=4, repeats=3)
    tested = [numbers(data.split(raw, KEY, r, options).test) for r in range(12)]
    for repeat in range(3):
        assert sorted(chain(*tested[4 * repeat : 4 * repeat + 4])) == list(range(COUNT))
    assert len({tuple(one) for one in tested}) == 12
    assert tested[5] == numbers(data.split(raw, KEY, 5, options).test)
    other = stream(root_key(1), "split")
    assert tested[5] != numbers(data.split(raw, other, 5, options).test)
    # The folds, and the draws of validation examples within them, have keys of their own.
    held = [numbers(data.split(raw, KEY, r, options).validation) for r in range(4)]
    assert len({tuple(one) for one in held}) == 4


def test_any_two_examples_are_as_often_in_one_fold_as_any_others():
    targets = np.repeat(np.arange(2), (8, 4))
    together = np.zeros((12, 12))
    for _ in range(4000):
        fold = dealt(targets, RANDOM.random(12), 4)
        together += fold[:, None] == fold
    rates = together / 4000
    np.testing.assert_allclose(rates[:8, :8][~np.eye(8, dtype=bool)], 1 / 7, atol=0.03)
    np.testing.assert_allclose(rates[8:, 8:][~np.eye(4, dtype=bool)], 0, atol=0)
    np.testing.assert_allclose(rates[:8, 8:], 1 / 4, atol=0.03)


def test_groups_of_one_size_go_to_folds_by_chance():
    groups = np.repeat(np.arange(4), 3)
    seen = {tuple(dealt_whole(groups, RANDOM.random(12), 2)[::3]) for _ in range(200)}
    assert {tuple(np.equal(fold, fold[0]).tolist()) for fold in seen} == {
        (True, True, False, False),
        (True, False, True, False),
        (True, False, False, True),
    }


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"folds": 18, "groups": "clinic"}, ("--folds=18", "17 groups of clinic", "17 or less")),
        ({"groups": "doctor"}, ("--groups", "unknown group 'doctor'", "clinic")),
        ({"folds": 17, "repeats": 2, "groups": "clinic"}, ("--repeats=2", "one way only")),
    ],
)
def test_what_groups_cannot_do_is_said_in_a_line(given, words):
    with pytest.raises(UserError) as caught:
        data.split(CASES["groups"][0], KEY, 17, DataOptions(split="kfold", **given))
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize("name", ["xor", "stdlib_text/next_character"])
def test_a_truth_table_and_a_text_have_no_folds(read, name):
    raw = read(name)
    with pytest.raises(UserError, match=r"--split=kfold: .*give --split=official"):
        data.split(raw, KEY, 0, DataOptions(split="kfold"))


def table_of(folder, groups="clinic"):
    lines = [
        f"{n},{c},{'yes' if y else 'no'}"
        for n, c, y in zip(range(COUNT), GROUPS, CLASSES % 2, strict=True)
    ]
    path = folder / "patients.csv"
    path.write_text("\n".join(["age,clinic,sick", *lines]))
    return str(path), DataOptions(split="kfold", folds=5, groups=groups)


def test_a_column_of_groups_is_no_input(tmp_path):
    path, options = table_of(tmp_path)
    raw = data.read(path, options)
    assert [feature.name for feature in raw.preparation.features] == ["age"]
    clinic = dict(zip(range(COUNT), GROUPS, strict=True))
    origin = raw.scaling.inputs.origin
    for replicate in range(5):
        one = data.split(raw, KEY, replicate, options)
        sides = [
            {clinic[round(float(age))] for age in (split.inputs + origin)[:, 0]}
            for split in (one.train, one.test)
        ]
        assert not sides[0] & sides[1]
    plain = data.read(path, DataOptions())
    assert raw.checksum != plain.checksum  # whose folds could be others


@pytest.mark.parametrize("groups", ["sick", "nobody"])
def test_a_column_of_groups_must_be_there_and_not_the_target(groups, tmp_path):
    path, options = table_of(tmp_path, groups)
    with pytest.raises(UserError, match=rf"--groups: .*unknown column '{groups}'.*age, clinic"):
        data.read(path, options)


def test_folds_come_from_the_stream_of_splits_alone(monkeypatch):
    raw, options = CASES["classes"][0], DataOptions(split="kfold", folds=4)
    keys, uniform = [], jax.random.uniform

    def drawn(key, *rest, **more):
        keys.append(tuple(jax.random.key_data(key).tolist()))
        return uniform(key, *rest, **more)

    monkeypatch.setattr(jax.random, "uniform", drawn)
    for replicate in range(4):
        data.split(raw, KEY, replicate, options)
    # The folds of the repeat, drawn again by each of its replicates, and their own validations.
    assert len(keys) == 8
    assert len(set(keys)) == 5


def test_arrays_say_their_groups_with_a_test_split_and_without(tmp_path):
    inputs = np.arange(COUNT, dtype=np.float32)[:, None]
    names = np.array([f"clinic {n}" for n in GROUPS])
    whole = {"inputs": inputs, "targets": CLASSES, "where": names}
    parts = {
        f"{part}_{what}": array[rows]
        for part, rows in (("train", PUBLISHED), ("test", REST))
        for what, array in whole.items()
    }
    options = DataOptions(split="kfold", folds=5, groups="where")
    for number, arrays in enumerate((whole, parts)):
        path = tmp_path / f"{number}.npz"
        np.savez(path, **arrays)
        raw = data.read(str(path), options)
        tested = []
        for replicate in range(5):
            one = data.split(raw, KEY, replicate, options)
            sides = [set(GROUPS[numbers(part)]) for part in (one.train, one.test)]
            assert not sides[0] & sides[1]
            tested += numbers(one.test)
        assert sorted(tested) == list(range(COUNT))
    given = dlfun.from_arrays(inputs, CLASSES, groups=names, split="kfold", folds=5)
    rows = [sorted(numbers(given.split(replicate).test)) for replicate in range(5)]
    first = data.read(str(tmp_path / "0.npz"), options)
    wanted = [numbers(data.split(first, KEY, replicate, options).test) for replicate in range(5)]
    assert rows == list(map(sorted, wanted))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (None, "holds no train_where"),
        (np.arange(10), r"shape \[10\], and there are 150 examples"),
    ],
)
def test_arrays_of_groups_must_be_there_and_of_each_example(names, words, tmp_path):
    arrays = {"train_inputs": NUMBERS[:150], "train_targets": CLASSES[:150]}
    arrays |= {"test_inputs": NUMBERS[150:], "test_targets": CLASSES[150:]}
    if names is not None:
        arrays |= {"train_where": names, "test_where": np.arange(53)}
    np.savez(tmp_path / "d.npz", **arrays)
    options = DataOptions(split="kfold", groups="where")
    with pytest.raises(UserError, match=words):
        data.read(str(tmp_path / "d.npz"), options)


def test_leaving_one_speaker_out_is_a_case_of_folds():
    raw = raw_of(CLASSES, GROUPS)._replace(grouped_by="speaker")
    folds = DataOptions(split="kfold", folds=17, groups="speaker")
    tested = [
        {tuple(numbers(data.split(raw, KEY, r, options).test)) for r in range(17)}
        for options in (folds, DataOptions(split="leave_one_speaker_out"))
    ]
    assert tested[0] == tested[1]
    assert len(tested[0]) == 17
