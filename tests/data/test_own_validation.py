"""A validation file of one's own, in each kind of data; MedMNIST's arrays; resized images."""

import numpy as np
import pytest
from PIL import Image

import dlfun
from dlfun import data, keys
from dlfun.data.user_files.inputs import source_of
from dlfun.data.user_files.read_inputs import read_given
from dlfun.errors import UserError
from dlfun.learners.prepare import seen
from dlfun.studies.call import data_values
from dlfun.types import DataOptions
from tests.data.test_own import (
    noise,
    numbers,
    pixels,
    read,
    save_csv,
    save_images,
    save_npz,
    save_recordings,
)


def split(path, replicate=0, **options):
    key = keys.stream(keys.root_key(0), "split")
    return data.split(read(path, **options), key, replicate, DataOptions(**options))


def rows(count, first=0, words="ab"):
    return [f"{i + first}.5,{words[i % len(words)]},{'yn'[i % 2]}" for i in range(count)]


def in_table(folder, options):
    path = save_csv(folder, "x,kind,y", *rows(20))
    held = save_csv(folder, "y,x,kind", "n,40.5,c", "y,41.5,a", name="held.csv")
    found = split(path, validation=str(held), **options)
    assert read(path).classes == found.classes
    inputs = seen(found.validation.inputs, found.spec, found.scaling)
    assert inputs[:, 1:].tolist() == [[0, 0, 0], [1, 0, 0]]  # no training row has c
    return found, [0, 1]


def in_npz(folder, options):
    path = save_npz(folder, inputs=numbers(20, 3), targets=np.arange(20) % 2)
    held = save_npz(folder, "held.npz", x_val=numbers(3, 3, seed=1), y_val=np.array([1, 0, 0]))
    found = split(path, validation=str(held), **options)
    np.testing.assert_array_equal(found.validation.inputs, numbers(3, 3, seed=1))
    return found, [1, 0, 0]


def in_folder(folder, options):
    path = save_images(folder / "own", count=10)
    held = save_images(folder / "held", count=2)
    found = split(path, validation=str(held), **options)
    stored = [np.asarray(Image.open(file)) for file in sorted(held.rglob("*.png"))]
    np.testing.assert_array_equal(found.validation.inputs[..., 0], stored)
    return found, [0, 0, 1, 1]


@pytest.mark.parametrize("case", [in_table, in_npz, in_folder])
@pytest.mark.parametrize(
    "options", [{"validation_fraction": 0.0}, {"split": "kfold", "folds": 5}, {"split": "random"}]
)
def test_a_validation_file_is_the_validation_split_of_each_replicate(case, options, tmp_path):
    found, targets = case(tmp_path, options)
    assert found.validation.targets.tolist() == targets
    assert (len(found.train.targets), len(found.test.targets)) == (16, 4)


TABLE = ("x,kind,y", *rows(20))
BAD = {
    "a column": (("x,kin,y", "1,a,y"), "has no column kind, which .*; did you mean 'kin'"),
    "a class": (("x,kind,y", "1,a,x"), r"held\.csv, line 2: 'x' in column y is none of the class"),
    "a number": (("x,kind,y", "z,a,y"), r"held\.csv, line 2: 'z' in column x is not a number"),
    "a gap": (("x,kind,y", "1,,y"), r"held\.csv, line 2: the cell of column kind is empty"),
    "a point": (("x;kind;y", "1,250;a;y"), r"held\.csv, line 2: '1,250' in column x may have a"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_validation_file_that_does_not_fit_is_one_line(case, tmp_path):
    held, words = BAD[case]
    path = save_csv(tmp_path, *TABLE)
    with pytest.raises(UserError, match=words) as error:
        read(path, validation=str(save_csv(tmp_path, *held, name="held.csv")))
    assert "\n" not in str(error.value)


def test_a_validation_file_goes_with_one_data_set_of_its_kind(tmp_path):
    path, arrays = save_csv(tmp_path, *TABLE), save_npz(tmp_path, inputs=numbers(9, 2))
    for name, given, words in (
        (path, arrays, "must be a .csv file, as .*own.csv is"),
        (path, tmp_path / "none.csv", "there is no such file or folder"),
        (path, path, "is the data set itself; name another, or leave it out"),
        (
            "digits",
            path,
            "none of the data sets is a .csv or .npz file or a folder of cla",
        ),
    ):
        with pytest.raises(UserError, match=rf"^validation=.*: {words}"):
            dlfun.load(name, validation=given)
    with pytest.raises(UserError, match=r"missing=mean: none of the data sets is a \.csv file"):
        dlfun.load(arrays, missing="mean")
    with pytest.raises(UserError, match="resize=8x8: none of the data sets is a folder"):
        dlfun.from_arrays(numbers(9, 2), resize=(8, 8))
    own = save_npz(tmp_path, "b.npz", inputs=numbers(9, 2), x_val=numbers(9, 2))
    with pytest.raises(UserError, match=r"validation: .*b\.npz holds x_val already; leave one out"):
        dlfun.load(own, validation=arrays)


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 3)])
def test_arrays_of_medmnist_are_read_as_they_come(shape, tmp_path):
    counts = {"train": 12, "val": 4, "test": 5}
    given = {f"{part}_images": pixels(n, *shape, seed=n) for part, n in counts.items()}
    labels = np.arange(12, dtype=np.uint8)[:, None] % 3
    given |= {f"{part}_labels": labels[:n] for part, n in counts.items()}
    path = save_npz(tmp_path, **given)
    raw = read(path)
    assert raw.spec.shape == (28, 28, 3 if len(shape) == 3 else 1)
    assert (raw.spec.task, raw.spec.outputs, raw.spec.official_split) == (
        "classification",
        3,
        "as given",
    )
    for part, own in (("train", raw.train), ("val", raw.validation), ("test", raw.test)):
        np.testing.assert_array_equal(own.inputs.reshape(-1, *shape), given[f"{part}_images"])
        np.testing.assert_array_equal(own.targets, given[f"{part}_labels"][:, 0])
    assert len(split(path).validation.targets) == 4
    found = read_given([path], source_of(raw))
    np.testing.assert_array_equal(found.inputs, raw.test.inputs)


def test_what_of_medmnist_is_not_learned_is_one_line(tmp_path):
    several = np.eye(4, dtype=np.uint8) + np.eye(4, k=1, dtype=np.uint8)
    path = save_npz(tmp_path, train_images=pixels(4, 28, 28), train_labels=several)
    with pytest.raises(UserError, match=r"say which of 4 labels each example has, and a model lea"):
        read(path)
    volumes = save_npz(tmp_path, train_images=pixels(4, 8, 8, 8), train_labels=np.arange(4) % 2)
    with pytest.raises(UserError, match=r"\[4, 8, 8, 8\] are volumes, .* as \[4, 8, 8, 8, 1\]"):
        read(volumes)


SIZES = ((9, 12), (20, 16), (8, 8, 3))


def test_images_of_several_sizes_are_brought_to_one_as_pillow_does(tmp_path):
    path = save_images(tmp_path / "own", sizes=SIZES, count=6)
    with pytest.raises(UserError, match=r"make all images one size, or give --resize=12x9"):
        read(path)
    raw = read(path, resize=(10, 6))
    assert raw.spec.shape == (6, 10, 3)
    assert raw.preparation.resize == (10, 6)
    files = sorted(path.rglob("*.png"))
    made = {
        Image.open(file).resize((10, 6), Image.Resampling.BILINEAR).convert("RGB").tobytes()
        for file in files
    }
    stored = np.concatenate([raw.train.inputs, raw.test.inputs])
    assert {image.tobytes() for image in stored} == made
    again = read_given(files, source_of(raw)).inputs
    assert sorted(x.tobytes() for x in again) == sorted(x.tobytes() for x in stored)
    ramp = np.repeat(np.arange(0, 240, 2, dtype=np.uint8)[None], 60, 0)
    Image.fromarray(ramp).save(tmp_path / "new.png")
    small = read_given([tmp_path / "new.png"], source_of(raw)).inputs[0, 3, :, 0]
    means = ramp[0].reshape(10, 12).mean(1)  # of all pixels that one stands for, not of two
    np.testing.assert_allclose(small[1:-1], means[1:-1], atol=1)


def test_recordings_are_not_resized(tmp_path):
    assert noise(4).dtype == np.int16
    with pytest.raises(UserError, match=r"--resize=8x8: .*\.wav is a recording, and no image"):
        read(save_recordings(tmp_path), resize=(8, 8))


def test_data_of_a_study_were_read_in_one_way(tmp_path):
    path = save_csv(tmp_path, *TABLE)
    other = save_csv(tmp_path, *TABLE, name="other.csv")
    xor, own = dlfun.load("xor"), dlfun.load(path, missing="mean", ignore_columns="x")
    for order in ([xor, own], [own, xor]):
        found = data_values(order)
        assert (found["missing"], found["ignore_columns"]) == ("mean", ("x",))
    with pytest.raises(UserError, match=r"missing: .*own\.csv and .*other\.csv were loaded with"):
        data_values([own, dlfun.load(other, ignore_columns=["x"])])
