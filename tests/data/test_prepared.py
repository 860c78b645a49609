"""Data sets that TFDS has prepared in the data folder, and that are not in the table."""

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from dlfun import data
from dlfun.cli import study_flags
from dlfun.data.tfds import prepared
from dlfun.data.tfds.prepare import quiet
from dlfun.errors import UserError
from dlfun.types import DataOptions

F = tfds.features
LABEL = F.ClassLabel(num_classes=3)
COUNT = 30
LABELS = np.arange(COUNT) % 3
RANDOM = np.random.default_rng(8)


def prepare(folder, features, splits, keys=("x", "y"), name="mine", version="1.0.0", config=None):
    """Prepares a data set as any program would: columns of each split, by feature."""

    class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version(version)
        BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=config)] if config else []

        def _info(self):
            return tfds.core.DatasetInfo(
                builder=self,
                features=F.FeaturesDict(features),
                supervised_keys=keys,
                disable_shuffling=True,
            )

        def _split_generators(self, dl_manager):
            return {split: self._generate_examples(columns) for split, columns in splits.items()}

        def _generate_examples(self, columns):
            for i, values in enumerate(zip(*columns.values(), strict=True)):
                yield i, dict(zip(columns, values, strict=True))

    Builder.name = name
    with quiet():
        Builder(data_dir=str(folder)).download_and_prepare(file_format="array_record")


def read(folder, name="mine"):
    return data.read(name, DataOptions(data_dir=str(folder)))


def numbers(*shape, kind=np.float32, count=COUNT):
    if np.dtype(kind).kind == "f":
        return RANDOM.normal(size=(count, *shape)).astype(kind)
    return RANDOM.integers(0, 200, (count, *shape)).astype(kind)


@pytest.mark.parametrize(
    ("shape", "kind", "modality", "likelihood", "scale"),
    [
        ((4,), np.float32, "vector", "gaussian", 1.0),
        ((5, 2), np.int16, "sequence", "gaussian", 1.0),
        ((4, 4, 3), np.uint8, "image", "bernoulli", 1 / 255),
        ((3, 4, 4, 1), np.uint8, "video", "bernoulli", 1 / 255),
    ],
)
def test_tensors_by_their_axes(tmp_path, shape, kind, modality, likelihood, scale):
    columns = {
        part: {"x": numbers(*shape, kind=kind, count=n), "y": LABELS[:n]}
        for part, n in (("train", 30), ("validation", 6), ("test", 9))
    }
    prepare(tmp_path, {"x": F.Tensor(shape=shape, dtype=kind), "y": LABEL}, columns)
    raw = read(tmp_path)
    for part, split in (("train", raw.train), ("validation", raw.validation), ("test", raw.test)):
        np.testing.assert_array_equal(split.inputs, columns[part]["x"])
        np.testing.assert_array_equal(split.targets, columns[part]["y"])
    spec = raw.spec
    assert (spec.shape, spec.modality, spec.task, spec.outputs) == (
        shape,
        modality,
        "classification",
        3,
    )
    assert (spec.likelihood, spec.scale) == (likelihood, pytest.approx(scale))
    assert spec.official_split == "as prepared"
    assert (raw.name, raw.version) == ("mine", "1.0.0")
    again = read(tmp_path)  # from the arrays beside the records
    assert again.checksum == raw.checksum
    assert again.spec == spec


def test_images_and_no_test_split(tmp_path):
    images = numbers(6, 5, 3, kind=np.uint8)
    columns = {"train": {"x": map(Image.fromarray, images), "y": LABELS}}
    prepare(tmp_path, {"x": F.Image(shape=(None, None, 3)), "y": LABEL}, columns)
    raw = read(tmp_path)
    both = np.concatenate([raw.train.inputs, raw.test.inputs])
    assert sorted(row.tobytes() for row in both) == sorted(row.tobytes() for row in images)
    assert np.bincount(raw.test.targets).tolist() == [2, 2, 2]
    np.testing.assert_array_equal(read(tmp_path).test.inputs, raw.test.inputs)
    assert raw.spec.official_split.startswith("there is no test split as prepared: one in five")
    assert raw.spec.shape == (6, 5, 3)


def test_a_validation_split_takes_the_place_of_a_test_split(tmp_path):
    columns = {
        "train": {"x": numbers(2), "y": LABELS},
        "validation": {"x": numbers(2, count=6), "y": LABELS[:6]},
    }
    prepare(tmp_path, {"x": F.Tensor(shape=(2,), dtype=np.float32), "y": LABEL}, columns)
    raw = read(tmp_path)
    np.testing.assert_array_equal(raw.test.inputs, columns["validation"]["x"])
    assert raw.validation is None
    assert "the validation split is for test" in raw.spec.official_split


def test_texts_become_bytes(tmp_path):
    texts = [f"naïve {'word ' * i}" for i in range(COUNT)]
    columns = {"train": {"x": texts, "y": LABELS}, "test": {"x": texts[:3], "y": LABELS[:3]}}
    prepare(tmp_path, {"x": F.Text(), "y": LABEL}, columns)
    raw = read(tmp_path)
    for split, count in ((raw.train, COUNT), (raw.test, 3)):
        for row, length, text in zip(split.inputs, split.lengths, texts[:count], strict=True):
            assert bytes(row[:length]) == text.encode()
            assert not row[length:].any()
    assert raw.spec.shape == (len(texts[-1].encode()),)
    assert (raw.spec.modality, raw.spec.vocabulary, raw.spec.padded) == ("text", 256, True)


@pytest.mark.parametrize("shape", [(), (2,)])
def test_floats_are_to_be_predicted(tmp_path, shape):
    columns = {"train": {"x": numbers(4), "y": numbers(*shape, kind=np.float64)}}
    target = F.Tensor(shape=shape, dtype=np.float64)
    prepare(tmp_path, {"x": F.Tensor(shape=(4,), dtype=np.float32), "y": target}, columns)
    raw = read(tmp_path)
    assert (raw.spec.task, raw.spec.outputs) == ("regression", 2 if shape else 1)
    assert raw.scaling.targets.sd.shape == (raw.spec.outputs,)  # to be fitted
    found = {row.tobytes(): y for row, y in zip(raw.train.inputs, raw.train.targets, strict=True)}
    found |= {row.tobytes(): y for row, y in zip(raw.test.inputs, raw.test.targets, strict=True)}
    for row, y in zip(columns["train"]["x"], columns["train"]["y"], strict=True):
        np.testing.assert_allclose(found[row.tobytes()], np.reshape(y, -1), rtol=1e-6)


VECTOR = F.Tensor(shape=(2,), dtype=np.float32)
MANY = F.Sequence(F.Tensor(shape=(), dtype=np.float32))
SIZES = [Image.fromarray(np.zeros((4 + i % 2, 4, 3), np.uint8)) for i in range(COUNT)]
REJECTED = [
    ({"x": VECTOR, "y": LABEL}, {"y": LABELS}, None, "has no labels: its supervised keys are None"),
    ({"x": VECTOR, "y": LABEL}, {"y": LABELS}, ("x", "x"), "has no labels"),
    ({"x": MANY, "y": LABEL}, {"y": LABELS}, ("x", "y"), "the input 'x' is Sequence"),
    (
        {"x": {"a": VECTOR, "b": VECTOR}, "y": LABEL},
        {"x": [{"a": row, "b": row} for row in numbers(2)], "y": LABELS},
        ("x", "y"),
        "the input 'x' is FeaturesDict",
    ),
    (
        {"x": VECTOR, "y": F.Tensor(shape=(), dtype=np.int64)},
        {"y": LABELS},
        ("x", "y"),
        "the target 'y' is Tensor",
    ),
    ({"x": VECTOR, "y": LABEL}, {"y": [-1, *LABELS[1:]]}, ("x", "y"), "labels such as -1 are"),
    (
        {"x": F.Image(shape=(None, None, 3)), "y": LABEL},
        {"x": SIZES, "y": LABELS},
        ("x", "y"),
        r"'x' has examples of 2 sizes, such as \(4, 4, 3\) and \(5, 4, 3\)",
    ),
    (
        {"x": F.Tensor(shape=(), dtype=np.float32), "y": LABEL},
        {"x": numbers(), "y": LABELS},
        ("x", "y"),
        "'x' has 0 axes",
    ),
]


@pytest.mark.parametrize(("features", "columns", "keys", "why"), REJECTED)
def test_what_is_not_understood_is_one_line(tmp_path, features, columns, keys, why):
    prepare(tmp_path, features, {"train": {"x": numbers(2)} | columns}, keys)
    with pytest.raises(UserError, match=why) as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)
    assert "mine" in str(caught.value)


def test_no_training_split(tmp_path):
    columns = {"x": numbers(2), "y": LABELS}
    prepare(tmp_path, {"x": VECTOR, "y": LABEL}, {"other": columns})
    with pytest.raises(UserError, match="mine has no training split, but other"):
        read(tmp_path)


def test_configs_and_versions(tmp_path):
    for config, version in (("small", "1.9.0"), ("small", "1.10.0"), ("large", "2.0.0")):
        columns = {"train": {"x": numbers(2), "y": LABELS}}
        features = {"x": VECTOR, "y": LABEL}
        if config == "large":
            with pytest.raises(UserError, match="unknown data set 'mine/large'"):
                read(tmp_path, "mine/large")
            assert read(tmp_path).version == "1.10.0"  # of the only config
        prepare(tmp_path, features, columns, version=version, config=config)
    assert read(tmp_path, "mine/small").version == "1.10.0"
    assert read(tmp_path, "mine/large").name == "mine/large"
    with pytest.raises(UserError, match="several configs; name one: mine/large, mine/small"):
        read(tmp_path)


def test_scripts_take_prepared_names(tmp_path):
    prepare(tmp_path, {"x": VECTOR, "y": LABEL}, {"train": {"x": numbers(2), "y": LABELS}})
    values = study_flags.study_flags("compare")
    values(["script", "--datasets=digits,mine", f"--data_dir={tmp_path}"])
    study_flags.check(values)
    values(["script", "--datasets=digits,mien", f"--data_dir={tmp_path}"])
    with pytest.raises(UserError, match="--datasets=digits,mien: unknown dataset 'mien'"):
        study_flags.check(values)


@pytest.mark.parametrize("name", ["..", "a/..", "a/b/c", "/etc", "", "a b", ".lock"])
def test_names_cannot_lead_elsewhere(tmp_path, name):
    assert prepared.find(name, DataOptions(data_dir=str(tmp_path))) is None


def test_a_feature_that_needs_tensorflow(tmp_path):
    prepare(tmp_path, {"x": VECTOR, "y": LABEL}, {"train": {"x": numbers(2), "y": LABELS}})
    path = tmp_path / "mine" / "1.0.0" / "features.json"
    text = path.read_text()
    assert "tensor_feature.Tensor" in text
    path.write_text(text.replace("tensor_feature.Tensor", "audio_feature.Audio"))
    with pytest.raises(UserError, match="cannot be read without TensorFlow"):
        read(tmp_path)


def test_a_table_name_prepared_without_a_test_split(tmp_path):
    features = {"image": F.Tensor(shape=(8, 8, 1), dtype=np.uint8), "label": LABEL}
    columns = {"image": numbers(8, 8, 1, kind=np.uint8), "label": LABELS}
    prepare(tmp_path, features, {"train": columns}, ("image", "label"), name="digits")
    with pytest.raises(UserError, match="prepared by another program, without a test split"):
        read(tmp_path, "digits")
