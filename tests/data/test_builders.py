"""What the data sets hold, against independent sources."""

import importlib
import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from dlfun import data
from dlfun.config.options import DataOptions

FROM_FILES = ("downloaded", "made from MNIST")
BUILT_IN = [
    name
    for name, row in data.DATASETS.items()
    if not any(words in row.summary for words in FROM_FILES)
]


def test_mnist1d_equals_the_published_arrays(read, shared_data):
    reference = np.load(shared_data / "mnist1d" / "mnist1d_reference.npz")
    raw = read("mnist1d")
    for split, part in ((raw.train, "train"), (raw.test, "test")):
        np.testing.assert_allclose(split.inputs[..., 0], reference[f"x_{part}"], atol=1e-6, rtol=0)
        np.testing.assert_array_equal(split.targets, reference[f"y_{part}"])
    assert raw.train.inputs.dtype == np.float32


def test_digits_are_those_of_scikit_learn_in_file_order(read):
    images, labels = load_digits(return_X_y=True)
    raw = read("digits")
    inputs = np.concatenate([raw.train.inputs, raw.test.inputs])
    assert inputs.dtype == np.uint8
    np.testing.assert_array_equal(inputs.reshape(1797, 64), images)
    np.testing.assert_array_equal(np.concatenate([raw.train.targets, raw.test.targets]), labels)
    assert (len(raw.train.targets), len(raw.test.targets)) == (898, 899)
    assert inputs.max() * raw.spec.scale == 1.0
    assert "file order" in raw.spec.official_split


@pytest.mark.parametrize(("name", "bits"), [("xor", 2), ("parity", 4), ("parity/8", 8)])
def test_parity_is_the_complete_table(read, name, bits):
    raw = read(name)
    rows = {
        tuple(row): label for row, label in zip(raw.train.inputs, raw.train.targets, strict=True)
    }
    assert len(rows) == len(raw.train.targets) == 2**bits
    assert all(label == sum(row) % 2 for row, label in rows.items())
    assert all(set(row) <= {0.0, 1.0} for row in rows)
    np.testing.assert_array_equal(raw.test.inputs, raw.train.inputs)
    assert raw.spec.truth_table


def brute_margin(example, label, separator):
    """How far the right class is ahead of its best rival, one example at a time."""
    scores = [float(np.dot(np.append(example, 1.0), unit)) for unit in separator.T]
    if len(scores) == 1:
        return scores[0] if label == 1 else -scores[0]
    return scores[label] - max(s for unit, s in enumerate(scores) if unit != label)


@pytest.mark.parametrize(
    ("name", "classes", "units"), [("separable", 2, 1), ("separable/five_classes", 5, 5)]
)
def test_separable_keeps_its_margin(read, name, classes, units):
    raw = read(name)
    assert raw.separator is not None
    assert raw.separator.shape == (11, units)
    assert np.linalg.norm(raw.separator) == pytest.approx(1)
    assert (len(raw.train.targets), len(raw.test.targets)) == (1000, 500)
    for split in (raw.train, raw.test):
        margins = [
            brute_margin(x, y, raw.separator)
            for x, y in zip(split.inputs, split.targets, strict=True)
        ]
        assert 0.1 <= min(margins) < 0.11
        assert np.bincount(split.targets, minlength=classes).min() > len(split.targets) / 15
    assert raw.spec.outputs == classes


def test_only_separable_data_has_a_separator(read):
    assert [name for name in BUILT_IN if read(name).separator is not None] == [
        "separable",
        "separable/five_classes",
    ]


@pytest.mark.parametrize(("name", "length"), [("adding", 50), ("adding/100", 100)])
def test_adding_sums_the_marked_values(read, name, length):
    raw = read(name)
    for split, count in ((raw.train, 10_000), (raw.test, 1_000)):
        values, markers = split.inputs[..., 0], split.inputs[..., 1]
        assert split.inputs.shape == (count, length, 2)
        assert set(np.unique(markers)) == {0.0, 1.0}
        assert (markers[:, : length // 2].sum(1) == 1).all()
        assert (markers[:, length // 2 :].sum(1) == 1).all()
        assert values.min() >= 0
        assert values.max() < 1
        np.testing.assert_allclose(split.targets[:, 0], (values * markers).sum(1), rtol=1e-6)
    assert np.mean((raw.test.targets - 1) ** 2) == pytest.approx(1 / 6, abs=0.015)
    assert not np.array_equal(raw.train.inputs[:1000, :, 0], raw.test.inputs[..., 0])


@pytest.mark.parametrize("name", BUILT_IN)
def test_spec_describes_the_arrays(read, name):
    raw = read(name)
    spec = raw.spec
    assert raw.name == name
    assert hash(spec) == hash(read(name).spec)
    assert spec.official_split
    for split in (raw.train, raw.test):
        assert split.inputs.shape[1:] == spec.shape
        if spec.task == "classification":
            assert split.targets.dtype == np.int32
            assert set(np.unique(split.targets)) == set(range(spec.outputs))
        elif spec.task != "regression":  # an id at each step
            assert split.targets.shape == split.inputs.shape
            assert split.targets.dtype == np.int32
        else:
            assert split.targets.shape == (len(split.inputs), spec.outputs)
            assert split.targets.dtype == np.float32
        if spec.likelihood == "bernoulli":
            assert split.inputs.min() * spec.scale >= 0
            assert split.inputs.max() * spec.scale <= 1


@pytest.mark.parametrize("name", ["mnist1d", "separable", "xor"])
def test_preparing_again_elsewhere_gives_the_same_data(read, tmp_path, name):
    again = data.read(name, DataOptions(data_dir=str(tmp_path)))
    assert again.checksum == read(name).checksum
    assert again.version == read(name).version


def test_the_table_costs_neither_tfds_nor_jax():
    line = (
        "import sys, dlfun.data; heavy = {'jax', 'tensorflow_datasets', 'scipy', 'sklearn'}; "
        "print(sorted(heavy & set(sys.modules)), len(dlfun.data.DATASETS))"
    )
    out = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == f"[] {len(data.DATASETS)}"


def test_tensorflow_plays_no_part(read):
    for name in BUILT_IN:
        read(name)
    for row in data.DATASETS.values():
        importlib.import_module(f"dlfun.data.catalog.{row.builder.partition(':')[0]}")
    assert "tensorflow" not in sys.modules
    assert importlib.util.find_spec("tensorflow") is None


def test_plain_tfds_reads_what_was_prepared(read, data_dir):
    read("parity")
    line = (
        "import sys, tensorflow_datasets as tfds; b = tfds.builder('parity', "
        "data_dir=sys.argv[1]); print(b.info.full_name, len(b.as_data_source()['train']), "
        "b.info.file_format.value)"
    )
    out = subprocess.run(
        [sys.executable, "-c", line, str(data_dir)], capture_output=True, text=True, check=True
    )
    assert out.stdout.split() == ["parity/4/1.0.0", "16", "array_record"]
