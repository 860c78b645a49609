"""Users' own data: read as they are, split by a fixed rule, and refused in one clear line."""

import wave
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from dlfun import data
from dlfun.cli import app
from dlfun.data import sampling, splitting, user_files
from dlfun.data.spectrogram import log_mel
from dlfun.data.user_files import parts
from dlfun.errors import UserError
from dlfun.models import MODELS
from dlfun.preparation import LogMel
from dlfun.studies.population.assembly import assemble
from dlfun.studies.population.study_data import check_files, load_all
from dlfun.types import DataOptions, Settings, Split
from tests.helpers import options

RATE = 8000


def read(path, **changes):
    return data.read(str(path), DataOptions(**changes))


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save_npz(folder, name="own.npz", **arrays):
    np.savez(folder / name, **arrays)
    return folder / name


def save_csv(folder, *lines, name="own.csv"):
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / name


def save_images(folder, sizes=((4, 6),), count=3, classes=("cat", "dog"), suffix="png"):
    """Images of random pixels, the sizes [height, width, channels] going round."""
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            image = pixels(*sizes[i % len(sizes)], seed=10 * number + i)
            Image.fromarray(image).save(folder / name / f"{i}.{suffix}")
    return folder


def save_wav(path, samples, rate=RATE, channels=1, width=2):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())


def noise(count, seed=0):
    return (3000 * numbers(count, seed=seed)).clip(-32768, 32767).astype("<i2")


def save_recordings(folder, counts=(800, 1000), rates=(RATE,)):
    """Two classes with a recording of each number of samples."""
    for number, name in enumerate(("no", "yes")):
        for i, count in enumerate(counts):
            rate = rates[i % len(rates)]
            save_wav(folder / name / f"{i}.wav", noise(count, 10 * number + i), rate)
    return folder


@pytest.mark.parametrize(
    ("shape", "modality"),
    [((5,), "vector"), ((5, 2), "sequence"), ((4, 6, 3), "image"), ((3, 4, 6, 1), "video")],
)
@pytest.mark.parametrize("compact", [False, True])
def test_arrays_come_back_as_they_are(tmp_path, shape, modality, compact):
    make = pixels if compact else numbers
    arrays = {"x_train": make(12, *shape), "y_train": np.arange(12) % 3}
    arrays |= {"x_test": make(4, *shape, seed=1), "y_test": np.array([2, 1, 0, 2], np.uint8)}
    raw = read(save_npz(tmp_path, **arrays))
    expected = arrays["x_train"]
    if compact and modality == "sequence":  # [n, height, width] of bytes are images
        expected, shape, modality = expected[..., None], (*shape, 1), "image"
    np.testing.assert_array_equal(raw.train.inputs, expected)
    np.testing.assert_array_equal(raw.test.targets, arrays["y_test"])
    assert raw.train.inputs.dtype == (np.uint8 if compact else np.float32)
    assert raw.train.targets.dtype == raw.test.targets.dtype == np.int32
    assert (raw.spec.shape, raw.spec.modality, raw.spec.outputs) == (shape, modality, 3)
    assert raw.spec.scale * 255 == (1 if compact else 255)
    assert raw.spec.likelihood == ("bernoulli" if compact else "gaussian")
    assert (raw.name, raw.version, raw.classes) == ("own", "own", ("0", "1", "2"))
    assert raw.spec.official_split == "as given"


def test_floats_are_numbers_to_predict_and_texts_are_classes(tmp_path):
    x, y = numbers(10, 4), numbers(10, seed=2)
    raw = read(save_npz(tmp_path, inputs=x, targets=y, test_inputs=x[:3], test_targets=y[:3]))
    assert (raw.spec.task, raw.spec.outputs, raw.classes) == ("regression", 1, ())
    np.testing.assert_array_equal(raw.train.targets, y[:, None])
    drawn = splitting.split(raw, jax.random.key(0), 0, DataOptions(validation_fraction=0))
    mean = np.mean(y, dtype=float)
    assert data.chance(drawn) == pytest.approx(np.sqrt(np.mean((y[:3] - mean) ** 2)))
    raw = read(save_npz(tmp_path, inputs=x, targets=np.stack([y, -y], 1)))
    assert raw.spec.outputs == 2
    names = np.array(["b", "a", "c"] * 3 + ["a"])
    tested = {"x_test": x[:1], "y_test": names[2:3]}
    raw = read(save_npz(tmp_path, x_train=x, y_train=names, x_val=x, y_val=names, **tested))
    assert raw.classes == ("a", "b", "c")
    np.testing.assert_array_equal(raw.train.targets[:4], [1, 0, 2, 1])
    np.testing.assert_array_equal(raw.validation.targets, raw.train.targets)
    np.testing.assert_array_equal(raw.test.targets, [2])


def test_inputs_alone_are_for_generative_models(tmp_path):
    images = pixels(20, 4, 6)
    raw = read(save_npz(tmp_path, x_train=images[:16], x_test=images[16:]))
    assert (raw.spec.task, raw.spec.outputs, raw.classes) == ("generation", 0, ())
    np.testing.assert_array_equal(raw.test.inputs[..., 0], images[16:])
    raw = read(save_npz(tmp_path, inputs=images))
    assert (len(raw.train.inputs), len(raw.test.inputs)) == (16, 4)
    settings = Settings("softmax", MODELS["softmax"].settings())
    with pytest.raises(UserError, match=r"--model=softmax is for .* has no labels; choose vae"):
        assemble(settings, raw.spec)


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_no_bound_of_numbers_is_held_against_one_of_pixels(tmp_path, scale):
    """A density depends on the unit; and what is not between 0 and 1 is no probability."""
    raw = read(save_npz(tmp_path, inputs=scale * np.random.default_rng(0).random((40, 3))))
    assert np.isnan(data.chance(data.split(raw, jax.random.key(0), 0, DataOptions())))


def test_a_fifth_is_held_out_by_a_fixed_rule(tmp_path):
    targets = np.repeat([0, 1, 2], [25, 10, 5])
    inputs = np.arange(40.0)[:, None]
    raw = read(save_npz(tmp_path, inputs=inputs, targets=targets))
    # The rule in plain Python: in each class, examples in the order of their random numbers are
    # spread evenly over [0, 1), and the first eight places of all are for test.
    uniforms = np.random.Generator(np.random.PCG64(0)).random(40)
    np.testing.assert_array_equal(sampling.uniforms(40), uniforms)
    places = []
    for label in (0, 1, 2):
        rows = sorted(np.flatnonzero(targets == label), key=lambda row: uniforms[row])
        places += [((i + uniforms[row]) / len(rows), row) for i, row in enumerate(rows)]
    test = sorted(row for _, row in sorted(places)[:8])
    np.testing.assert_array_equal(raw.test.inputs[:, 0], test)
    np.testing.assert_array_equal(raw.train.inputs[:, 0], sorted(set(range(40)) - set(test)))
    np.testing.assert_array_equal(np.bincount(raw.test.targets), [5, 2, 1])
    assert "fixed rule" in raw.spec.official_split


@pytest.mark.parametrize("sizes", [(2, 2), (3, 2), (2, 2, 2), (40, 2)])
def test_every_class_is_learned_from(sizes):
    targets = np.repeat(np.arange(len(sizes)), sizes)
    whole = Split(np.zeros((len(targets), 1)), targets)
    splits = parts.hold_out(whole, "own.npz", [str(i) for i in range(len(sizes))])
    assert len(set(splits["train"].targets.tolist())) == len(sizes)
    assert len(splits["test"].targets) >= 1


def test_a_table_is_encoded_by_its_training_rows(tmp_path):
    random = np.random.default_rng(0)
    ages, colours = random.normal(40, 9, 30), random.choice(["red", "blue", "white"], 30)
    kinds = random.choice(["x", "y"], 30)
    lines = [f"{a},{k},{c},7" for a, k, c in zip(ages, kinds, colours, strict=True)]
    path = save_csv(tmp_path, "\ufeffage,kind,colour, constant", *lines, "")
    raw = read(path, target_column="kind")
    assert (raw.classes, raw.spec.shape) == (("x", "y"), (5,))
    assert read(path, target_column="kind").checksum == raw.checksum
    whole = np.searchsorted(["x", "y"], kinds)
    again = parts.hold_out(Split(np.arange(30)[:, None], whole), path, ("x", "y"))
    train, test = (again[name].inputs[:, 0] for name in ("train", "test"))
    scaler = StandardScaler().fit(ages[train, None])
    one_hot = OneHotEncoder(sparse_output=False).fit(colours[:, None])
    for rows, split in ((train, raw.train), (test, raw.test)):
        np.testing.assert_array_equal(split.targets, whole[rows])
        expected = [scaler.transform(ages[rows, None]), one_hot.transform(colours[rows, None])]
        expected = np.concatenate([*expected, np.zeros((len(rows), 1))], axis=1)
        standard = raw.scaling.fitted(raw.train.inputs, raw.train.targets).inputs
        np.testing.assert_allclose(standard.standardised(split.inputs), expected, atol=1e-6)
    assert raw.train.inputs.dtype == np.float32


@pytest.mark.parametrize(
    ("cells", "task", "outputs"),
    [
        (["3", "9", "-1"] * 4, "classification", 3),
        ([str(i) for i in range(101)], "regression", 1),
        (["3.0", "9.0", "1.0"] * 4, "regression", 1),
        (["1", "2", "many"] * 4, "classification", 3),
    ],
)
def test_the_target_of_a_table_is_what_it_looks_like(tmp_path, cells, task, outputs):
    path = save_csv(tmp_path, "a,b", *(f"{i},{cell}" for i, cell in enumerate(cells)))
    raw = read(path)
    assert (raw.spec.task, raw.spec.outputs) == (task, outputs)
    if cells[2] == "-1":
        assert raw.classes == ("-1", "3", "9")


def test_a_place_whose_name_is_no_text_is_refused(tmp_path, monkeypatch):
    place = tmp_path / "caf\udce9"
    place.mkdir()
    save_csv(place, "x,y", *TABLE)
    monkeypatch.chdir(place)
    with pytest.raises(UserError, match=r"caf.udce9.own\.csv' is no text in UTF-8"):
        data.read("own.csv", DataOptions())


def test_a_class_whose_name_is_no_text_is_refused(tmp_path):
    """No record could keep it: of a folder, of an array, of a column."""
    for name in ("caf\udce9", "dog"):  # as Python names the byte e9
        (tmp_path / "pets" / name).mkdir(parents=True)
    with pytest.raises(UserError, match=r"pets: 'caf.udce9' is no text in UTF-8; rename it"):
        read(tmp_path / "pets")
    texts = np.array(["dog", "caf\udce9"] * 5)
    with pytest.raises(UserError, match=r"arrays, the target: 'caf.udce9' is no text in UTF-8"):
        user_files.read_arrays(
            {"train_inputs": np.arange(10.0)[:, None], "train_targets": texts},
            "arrays",
            DataOptions(),
        )


def test_images_of_a_folder(tmp_path):
    folder = save_images(tmp_path / "my pets!", count=5)
    (folder / ".hidden").mkdir()
    (folder / "cat" / ".DS_Store").touch()
    (folder / "cat" / "Thumbs.db").touch()
    (folder / "README.md").touch()
    raw = read(folder)
    assert (raw.name, raw.classes) == ("my_pets_", ("cat", "dog"))
    assert (raw.spec.modality, raw.spec.shape, raw.spec.outputs) == ("image", (4, 6, 1), 2)
    assert (len(raw.train.targets), len(raw.test.targets)) == (8, 2)
    stored = {(0, i): pixels(4, 6, seed=i) for i in range(5)}
    stored |= {(1, i): pixels(4, 6, seed=10 + i) for i in range(5)}
    for split in (raw.train, raw.test):
        for image, label in zip(split.inputs, split.targets, strict=True):
            same = [key for key, array in stored.items() if (array == image[..., 0]).all()]
            assert len(same) == 1
            assert same[0][0] == label
            del stored[same[0]]
    assert not stored


def test_a_folder_with_splits_and_one_colour_image_is_all_colour(tmp_path):
    save_images(tmp_path / "train", sizes=((4, 6), (4, 6, 3)))
    save_images(tmp_path / "test", count=1, classes=("dog",), suffix="jpg")
    raw = read(tmp_path)
    assert raw.spec.shape == (4, 6, 3)
    np.testing.assert_array_equal(raw.train.targets, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(raw.test.targets, [1])
    np.testing.assert_array_equal(raw.train.inputs[1], pixels(4, 6, 3, seed=1))
    np.testing.assert_array_equal(raw.train.inputs[0], pixels(4, 6)[..., None].repeat(3, -1))


def test_recordings_become_spectrograms_with_lengths(tmp_path):
    raw = read(save_recordings(tmp_path, counts=(800, 1000, 900)))
    frames = LogMel(RATE).frames(np.array([800, 1000, 900]))
    assert (raw.spec.modality, raw.spec.padded, raw.spec.shape) == ("speech", True, (frames[1], 40))
    assert sorted([*raw.train.lengths, *raw.test.lengths]) == sorted([*frames] * 2)
    for split in (raw.train, raw.test):
        for example, label, length in zip(*split[:3], strict=True):
            i = int(np.flatnonzero(frames == length)[0])
            alone = noise((800, 1000, 900)[i], 10 * int(label) + i)
            expected, _ = log_mel(alone[None], np.array([len(alone)]), LogMel(RATE))
            np.testing.assert_allclose(example[:length], expected[0], atol=1e-4)
            assert not example[length:].any()


def test_other_options_work_on_own_data(tmp_path):
    path = save_npz(tmp_path, inputs=numbers(20, 6), targets=np.arange(20) % 2)
    plain, permuted = read(path), read(path, permute_features=True)
    assert plain.checksum != permuted.checksum
    np.testing.assert_array_equal(np.sort(permuted.train.inputs), np.sort(plain.train.inputs))
    assert (permuted.train.inputs != plain.train.inputs).any()
    one, other = (
        data.split(plain, jax.random.key(0), r, DataOptions(split="random")) for r in (0, 1)
    )
    assert len(one.test.targets) == 4
    assert (one.test.inputs != other.test.inputs).any()


def broken_npz(folder):
    (folder / "own.npz").write_bytes(b"PK\x03\x04 and no more")
    return folder / "own.npz"


def cut_npz(folder):
    path = save_npz(folder, inputs=numbers(50, 9), targets=np.arange(50) % 2)
    path.write_bytes(path.read_bytes()[:900])
    return path


def npy_as_npz(folder):
    with (folder / "own.npz").open("wb") as file:
        np.save(file, numbers(3, 2))
    return folder / "own.npz"


def npz(**arrays):
    return lambda folder: save_npz(folder, **arrays)


def csv(*lines):
    return lambda folder: save_csv(folder, *lines)


def raw_csv(content):
    def make(folder):
        (folder / "own.csv").write_bytes(content)
        return folder / "own.csv"

    return make


def with_file(name, content=b"", make=save_images):
    """A good folder, and in it a file that is not."""

    def spoilt(folder):
        make(folder)
        (folder / name).write_bytes(content)
        return folder

    return spoilt


def with_wav(samples, **form):
    def spoilt(folder):
        save_wav(save_recordings(folder) / "yes" / "9.wav", samples, **form)
        return folder

    return spoilt


def cut_file(make, name, keep):
    def spoilt(folder):
        path = make(folder) / name
        path.write_bytes(path.read_bytes()[:keep])
        return folder

    return spoilt


def deep_image(folder):
    save_images(folder)
    Image.fromarray(pixels(4, 6).astype(np.uint16) * 257).save(folder / "cat" / "9.png")
    return folder


X, Y = numbers(6, 3), np.array([0, 1, 2] * 2)
TABLE = [f"{i},{'ab'[i % 2]}" for i in range(8)]

BAD = {
    "broken npz": (broken_npz, r"own\.npz cannot be read as \.npz \(.+\); write it with numpy"),
    "cut npz": (cut_npz, "cannot be read as"),
    "an npy": (npy_as_npz, "cannot be read as"),
    "objects": (npz(inputs=X, targets=np.array([None] * 6)), "without arrays of Python objects"),
    "no labels": (npz(inputs=X, y=Y), "holds inputs but no targets: its train split has no label"),
    "no test labels": (npz(inputs=X, targets=Y, test_inputs=X), "its test split has no labels"),
    "other names": (npz(a=X, b=Y), "must hold inputs and targets, .*; it holds a, b"),
    "nothing": (npz(), "it holds nothing"),
    "empty": (npz(inputs=X[:0], targets=Y[:0]), "the inputs of the train split are empty"),
    "counts": (npz(inputs=X, targets=Y[:5]), "the train split has 6 inputs and 5 targets"),
    "shapes": (
        npz(inputs=X, targets=Y, test_inputs=X[:, :2], test_targets=Y),
        r"the inputs of the test split are float32 \[2\] each, and those of .* float32 \[3\]",
    ),
    "not finite": (
        npz(inputs=X * np.inf, targets=Y),
        "18 numbers that are not finite in float32 in the",
    ),
    "text inputs": (npz(inputs=np.array(["a"] * 6), targets=Y), "inputs must be numbers, not <U1"),
    "many axes": (npz(inputs=numbers(6, 1, 1, 1, 1, 1), targets=Y), "with 1 to 4 axes each"),
    "one-hot": (npz(inputs=X, targets=np.eye(6, dtype=int)), "must be class ids"),
    "negative": (npz(inputs=X, targets=Y - 1), "labels must be 0, 1, 2 ...; there is -1"),
    "a gap": (npz(inputs=X, targets=Y * 2), "labels must be 0 to 2 .* 1 is missing .* there is 4"),
    "outside": (
        npz(inputs=X, targets=Y, test_inputs=X, test_targets=Y + 1),
        "the test split has labels outside the classes 0 to 2 of the training split: 3",
    ),
    "outside names": (
        npz(inputs=X, targets=Y.astype(str), test_inputs=X, test_targets=(Y + 1).astype(str)),
        "labels that the training split does not have: 3",
    ),
    "one class": (npz(inputs=X, targets=Y * 0), "all examples are of one class"),
    "one example": (npz(inputs=X[:1], targets=numbers(1)), "holds 1 example; at least 2"),
    "a class of one": (npz(inputs=X, targets=np.array([0] * 5 + [1])), "class 1 has one example"),
    "empty cell": (csv("a,b", *TABLE, "3,"), "own.csv, line 10: the cell of column b is empty"),
    "few cells": (csv("a,b", *TABLE, "3"), "line 10: 1 cell, and line 1 names 2 columns"),
    "one column": (csv("a|b", "1|x", "2|y"), r"has one column only: a\|b; commas, semicolons or"),
    "two separators": (
        csv("a;b,c", "1;2,3"),
        r"by commas \(2 columns\) or semicolons \(2 columns\); give --separator=comma",
    ),
    "two marks": (
        csv("a;b;c", "1,5;2.5;x", "2;3;y"),
        r"with a comma \(line 2: '1,5' in column a\) and a point \(line 2: '2.5' in column b\)",
    ),
    "thousands": (
        csv("a\tb", "12\tx", "1,234\ty"),
        "line 3: '1,234' in column a may have a decimal comma or part thousands",
    ),
    "same names": (csv("a,a", "1,x"), "line 1: every column needs a name of its own; see 'a'"),
    "numbers as names": (csv("7,7", "1,x"), "see '7'; if it is an example, put a line of names"),
    "no name": (csv(",a,b", *TABLE), r"line 1: column 1 has no name; .*take it out \(pandas and R"),
    "few semicolons": (csv("a;b", "1;x", "2"), "1 cell, .* names 2 columns; semicolons part"),
    "a long cell": (csv("a,b", f"{'x' * 150_000},y"), "more than 131,072 characters.; shorten"),
    "one class, not 0": (npz(inputs=X, targets=Y * 0 + 1), "all examples are of one class"),
    "no rows": (csv("a,b"), "must hold a line of column names, and an example"),
    "nan": (csv("a,b", *TABLE, "nan,a"), "line 10: the cell of column a holds 'nan', which says"),
    "huge": (csv("a,b", *TABLE, "1e39,a"), "'1e39' in column a is not a finite number"),
    "mostly numbers": (csv("a,b", *TABLE, "x,a"), "line 10: 'x' in column a is not a number, as"),
    "many texts": (
        csv("a,b", *(f"name{i},x" for i in range(51))),
        "column a holds 51 different texts, and only up to 50 .*line 2: 'name0'",
    ),
    "many classes": (
        csv("a,b", *(f"1,name{i}" for i in range(101))),
        "column b holds 101 different texts, and only up to 100",
    ),
    "whole numbers": (
        csv("a,b", "1,1", "2,2", "3,3"),
        "class 1 has one example; .* .--target_type=number",
    ),
    "no encoding": (raw_csv(b"a,b\n1,\x81\n"), "in UTF-8 .*; save it in UTF-8"),
    "no end of a quote": (raw_csv(b'a,b\n1,"x\n'), "cannot be read as .csv in UTF-8"),
    "image sizes": (
        lambda folder: save_images(folder, sizes=((4, 6), (4, 5))),
        r"cat.1\.png is of 5 x 4 pixels and .*cat.0\.png of 6 x 4; make all images one size",
    ),
    "no image": (with_file("dog/0.png", b"text"), r"dog.0\.png is no image by its content"),
    "cut image": (cut_file(save_images, "dog/0.png", 60), r"dog.0\.png cannot be read as an image"),
    "deep image": (deep_image, r"cat.9\.png has more than 8 bits a channel"),
    "other files": (with_file("dog/a.txt"), r"dog.a\.txt is no png, jpg or wav"),
    "no classes": (lambda folder: folder, "must hold a folder of images or recordings for each"),
    "one folder": (lambda folder: save_images(folder, classes=("cat",)), "are of one class"),
    "few images": (lambda folder: save_images(folder, count=1), "class cat has one example"),
    "both kinds": (with_file("cat/a.wav"), "is an image and .* a recording; part the two"),
    "rates": (
        lambda folder: save_recordings(folder, rates=(8000, 16000)),
        r"no.1\.wav has 16000 samples a second and .*no.0\.wav 8000; make all",
    ),
    "empty recording": (with_wav(noise(0)), r"yes.9\.wav is an empty recording"),
    "short recording": (with_wav(noise(80)), r"yes.9\.wav is a recording of 10 ms, and .* 25"),
    "stereo": (with_wav(noise(800), channels=2), "has 2 channels of 16 bits"),
    "8 bits": (with_wav(noise(800), width=1), "has 1 channel of 8 bits"),
    "no wav": (with_file("yes/0.wav", b"RIFF", save_recordings), "cannot be read as wav"),
    "cut wav": (cut_file(save_recordings, "yes/0.wav", 1001), "ends before its last sample"),
    "no such file": (lambda folder: folder / "own.npz", r"own\.npz: there is no such file"),
    "other suffix": (lambda folder: (folder / "a.txt", (folder / "a.txt").touch())[0], "own data"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_data_are_refused_in_one_line(case, tmp_path, capsys):
    make, expected = BAD[case]
    path = make(tmp_path)
    assert app.guarded(lambda: read(path)) == app.BAD_INPUT
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    with pytest.raises(UserError, match=expected) as caught:
        read(path)
    assert str(tmp_path) in str(caught.value)


def test_an_unknown_target_column_is_named_with_the_nearest(tmp_path):
    path = save_csv(tmp_path, "age,kind", *TABLE)
    with pytest.raises(UserError, match="unknown column 'kimd'; did you mean 'kind'"):
        read(path, target_column="kimd")


def test_a_folder_class_that_was_never_trained(tmp_path):
    save_images(tmp_path / "train")
    save_images(tmp_path / "test", classes=("cow",))
    with pytest.raises(UserError, match=r"cow: .*train has no such class"):
        read(tmp_path)
    (tmp_path / "train" / "cow").mkdir()
    with pytest.raises(UserError, match=r"cow holds no png, jpg or wav"):
        read(tmp_path)


def test_two_data_sets_of_one_name_cannot_be_in_a_study(tmp_path):
    paths = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        path = save_npz(tmp_path / name, inputs=numbers(20, 6), targets=np.arange(20) % 2)
        paths.append(str(path))
    assert set(load_all(options(("bpnn",), datasets=(paths[0],)))) == {"own"}
    with pytest.raises(UserError, match=r"b.own\.npz: the study already has .* the name own"):
        load_all(options(("bpnn",), datasets=tuple(paths)))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("猫.csv", "猫"),
        ("狗.csv", "狗"),
        ("हिन्दी.csv", "हिन्दी"),
        ("😀.npz", "😀"),
        ("Cafe\u0301.csv", "Caf\u00e9"),
        ("a b.csv", "a_b"),
        ("a=1,b:2.csv", "a_1_b_2"),
        (".hidden.csv", "hidden"),
        ("...", "own"),
        ("con.csv", "con"),
    ],
)
def test_the_name_of_own_data_is_readable_in_any_script(file, name):
    assert user_files.name_of(Path("/data") / file) == name


def test_long_names_stay_apart_and_leave_room_for_the_names_of_files():
    files = [Path(f"{letter * 70}{end}.csv") for letter in "x猫" for end in ("y" * 60, "z" * 60)]
    names = [user_files.name_of(file) for file in files]
    assert len(set(names)) == 4
    assert all(len(name.encode()) <= 100 for name in names)
    assert names[0].startswith("x" * 70)


def test_data_sets_in_other_scripts_are_two_in_one_study(tmp_path):
    paths = [str(save_csv(tmp_path, "age,kind", *TABLE, name=f"{n}.csv")) for n in "猫狗"]
    assert set(load_all(options(("bpnn",), datasets=tuple(paths)))) == {"猫", "狗"}


@pytest.mark.parametrize("names", [("Digits", "digits"), ("STRASSE", "straße")])
def test_data_sets_whose_files_differ_in_capitals_alone_are_refused(tmp_path, names):
    paths = [str(save_csv(tmp_path, "age,kind", *TABLE, name=f"{n}.csv")) for n in names]
    with pytest.raises(UserError, match=f"{names[0]}/bpnn and {names[1]}/bpnn would have files"):
        load_all(options(("bpnn",), datasets=tuple(paths)))


def test_arms_whose_files_would_have_one_name_are_refused():
    with pytest.raises(UserError, match=r"a-b/c and a/b-c would have files of one name"):
        check_files(["a-b", "a"], ["c", "b-c"])


def test_a_recording_that_is_far_longer_than_the_others_is_told(tmp_path):
    folder = save_recordings(tmp_path / "words", (800, 1000, 900))
    assert not data.read(str(folder), DataOptions()).doubts
    save_wav(folder / "no" / "long.wav", noise(3 * RATE, 5))
    (doubt,) = data.read(str(folder), DataOptions()).doubts
    assert "long.wav lasts 2.98 s and half of the recordings 0.09 s at most; all are" in doubt


def test_recordings_that_do_not_fit_the_memory_are_refused(tmp_path, monkeypatch):
    folder = save_recordings(tmp_path / "words", (800, 20_000))
    monkeypatch.setattr("dlfun.host_memory.free_bytes", lambda: 3 * 4 * 4 * 248 * 40 - 1)
    why = r"4 spectrograms as long as that of .*no/1\.wav, 2\.5 s, would take 0\.45 MiB of memory"
    with pytest.raises(UserError, match=why) as caught:
        data.read(str(folder), DataOptions())
    assert "\n" not in str(caught.value)
