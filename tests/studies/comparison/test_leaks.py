"""What is fitted is fitted on a replicate's training rows: wild rows elsewhere are not seen."""

import importlib.util

import jax
import numpy as np
import pytest
from PIL import Image

from dlfun import data
from dlfun.data import sampling, splitting
from dlfun.data.raw import Raw
from dlfun.data.user_files import read_arrays
from dlfun.learners.prepare import prepare_batch
from dlfun.studies.baselines.estimators import make
from dlfun.studies.baselines.feature_tables import Reader, first_examples
from dlfun.studies.baselines.features import handmade
from dlfun.studies.population.stacked import shut, stack
from dlfun.types import Batch, DataOptions, Split
from tests.data.test_own import save_wav
from tests.helpers import SHAPES, data_options, toy

COUNT = 40
CLASSES = np.arange(COUNT) % 2
NUMBERS = np.random.default_rng(0).normal(size=(COUNT, 2))
OPTIONS = DataOptions(split="random", validation_fraction=0.25, train_examples=15)


def wildly(values, row):
    """The same rows, one of them far from all others."""
    values = np.array(values)
    if row is not None:
        values[row] = 255 if values.dtype == np.uint8 else 1e6
    return values


def table(folder, row, numbers):
    """A .csv of a number, one that lies far from 0, a text and a target."""
    plain, target = (wildly(NUMBERS[:, i], row) for i in range(2))
    when = 1.7e9 + 100 * wildly(NUMBERS[:, 0], row)
    last = target if numbers else [("no", "yes")[i] for i in CLASSES]
    lines = zip(plain, when, ["abc"[i % 3] for i in range(COUNT)], last, strict=True)
    text = "\n".join(["plain,when,kind,target", *(",".join(map(str, line)) for line in lines)])
    (folder / "t.csv").write_text(text)
    return data.read(str(folder / "t.csv"), OPTIONS)


def arrays(shape, kind=np.float32, outputs=0, labels=True):
    """Arrays of this shape and type, with so many numbers to predict, or else with classes."""

    def read(folder, row):
        random = np.random.default_rng(1)
        inputs = (90 + 30 * random.normal(size=(COUNT, *shape))).astype(kind)
        found = {"train_inputs": wildly(inputs, row)}
        if labels:
            targets = wildly(NUMBERS[:, :outputs], row) if outputs else CLASSES
            found["train_targets"] = targets
        return read_arrays(found, "own", OPTIONS)

    return read


def images(folder, row):
    """A folder of images of two classes, in the order in which their files are read."""
    pixels = np.random.default_rng(2).integers(90, 150, (COUNT, 8, 8), dtype=np.uint8)
    for i, image in enumerate(wildly(pixels, row)):
        path = folder / "ab"[i >= COUNT // 2] / f"{i:02}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(path)
    return data.read(str(folder), OPTIONS)


def recordings(folder, row):
    """A folder of recordings of two classes."""
    waves = np.random.default_rng(3).normal(0, 300, (COUNT, 600))
    waves[row if row is not None else 0, : 0 if row is None else None] *= 50
    for i, wave in enumerate(waves):
        save_wav(folder / "ab"[i >= COUNT // 2] / f"{i:02}.wav", wave.astype(np.int16))
    return data.read(str(folder), OPTIONS)


def made(modality):
    """Data as builders leave them, one row of which is another."""

    def read(folder, row):
        source = toy(modality)
        pairs = ((source.train, 32), (source.test, 8))
        train, test = (Split(part.inputs[:n], part.targets[:n]) for part, n in pairs)
        rows = wildly(np.concatenate([train.inputs, test.inputs]), None)
        if row is not None:
            rows[row] = 3 if modality == "text" else wildly(rows, row)[row]
        train, test = train._replace(inputs=rows[:32]), test._replace(inputs=rows[32:])
        return Raw(train, test, source.spec, source.name, "1", "none")

    return read


KINDS = {
    "table of classes": lambda folder, row: table(folder, row, False),
    "table of numbers": lambda folder, row: table(folder, row, True),
    "vectors": arrays((3,)),
    "vectors to numbers": arrays((3,), outputs=1),
    "sequences to numbers": arrays((5, 2), outputs=2),
    "images to numbers": arrays((6, 6, 1), np.uint8, outputs=1),
    "images": arrays((6, 6), np.uint8),
    "videos": arrays((3, 6, 6, 1)),
    "no labels": arrays((4,), labels=False),
    "folder of images": images,
    "folder of recordings": recordings,
} | {f"built-in {modality}": made(modality) for modality in SHAPES}


def in_order(raw, kind):
    """For each row of all examples of a data set, where its source has it."""
    if kind.startswith("built-in"):
        return np.arange(COUNT)
    by_class = kind.startswith("folder")
    classes = np.arange(COUNT) // (COUNT // 2) if by_class else CLASSES
    wanted = raw.spec.task
    targets = NUMBERS[:, :1] if wanted == "regression" else classes
    rows = sampling.fifth(np.zeros(COUNT, int) if wanted == "generation" else targets)
    return np.concatenate([rows["train"], rows["test"]])


def places(raw):
    """Split -> which rows of all examples it holds; `beyond` are those after --train_examples."""

    def marked(split, start):
        return Split(np.arange(start, start + len(split.targets)), split.targets)

    count = len(raw.train.targets)
    marks = raw._replace(train=marked(raw.train, 0), test=marked(raw.test, count), scaling=None)
    found = splitting.split(marks, jax.random.key(0), 0, OPTIONS)
    known = {name: getattr(found, name).inputs for name in ("train", "validation", "test")}
    every = np.arange(count + len(raw.test.targets))
    return known | {"beyond": np.setdiff1d(every, np.concatenate([*known.values()]))}


def seen_in_training(raw):
    """Name -> all that a network or a classical arm is given of its training rows."""
    dataset = splitting.split(raw, jax.random.key(0), 0, OPTIONS)
    train, spec = dataset.train, dataset.spec
    scaling = jax.tree.map(jax.numpy.asarray, dataset.scaling)
    batch = Batch(train.inputs, train.targets, np.ones(len(train.targets)), scaling=scaling)
    found = {"inputs": prepare_batch(batch, spec, "float32").inputs, "targets": train.targets}
    if scaling is not None and scaling.targets is not None:
        found["targets"] = scaling.targets.standardised(train.targets)
    if spec.task not in ("classification", "regression"):
        return found
    own = handmade(spec)
    usable = own != "hog" or importlib.util.find_spec("skimage")
    for kind in ("raw", own) if own and usable else ("raw",):
        table = Reader(shut(stack([dataset])))(kind, 0).train
        estimator = make(f"knn+{kind}", {}, spec, len(table.targets), 0).fit(*table)
        found[f"features {kind}"] = estimator[:-1].transform(table.features)
        if spec.task == "regression":
            found[f"targets {kind}"] = estimator[-1].transformer_.transform(table.targets)
    return found


def same(one, other):
    """Whether two trainings see the same; numbers far from 0 may be stored less another origin."""
    assert one.keys() == other.keys()
    pairs = [(np.asarray(one[name], float), np.asarray(other[name], float)) for name in one]
    return all(np.allclose(a, b, rtol=1e-5, atol=1e-4) for a, b in pairs)


@pytest.mark.parametrize("kind", KINDS)
def test_training_does_not_see_what_is_wild_elsewhere(tmp_path, kind):
    folders = {name: tmp_path / name for name in ("plain", "train", "validation", "test", "beyond")}
    for folder in folders.values():
        folder.mkdir()
    raw = KINDS[kind](folders["plain"], None)
    order, rows, plain = in_order(raw, kind), places(raw), seen_in_training(raw)
    assert len(rows["beyond"]) > 0
    for name, folder in folders.items():
        if name != "plain":
            wild = KINDS[kind](folder, order[rows[name][0]])
            assert same(plain, seen_in_training(wild)) == (name != "train"), name


@pytest.mark.parametrize("name", ["digits", "mnist1d", "separable", "adding", "copy"])
def test_training_does_not_see_what_is_wild_elsewhere_in_generated_data(data_dir, name):
    raw = data.read(name, data_options(data_dir))
    rows, plain, count = places(raw), seen_in_training(raw), len(raw.train.targets)
    for part, wanted in rows.items():
        row = wanted[0]
        split = raw.train if row < count else raw.test
        inputs = wildly(split.inputs, None)
        inputs[row % count] = inputs.max() if raw.spec.vocabulary else wildly(inputs, 0)[0]
        wild = raw._replace(**{"train" if row < count else "test": split._replace(inputs=inputs)})
        assert same(plain, seen_in_training(wild)) == (part != "train"), part


def test_a_text_that_no_training_row_has_is_an_unknown_one(tmp_path):
    lines = [f"{i},{'ab'[i % 2]},{i * 0.5}" for i in range(COUNT)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["x,kind,y", *lines]))
    plain = data.read(str(path), OPTIONS)
    order, rows = in_order(plain, "table of numbers"), places(plain)
    last = order[rows["test"][0]]
    lines[last] = f"{last},new,{last * 0.5}"
    path.write_text("\n".join(["x,kind,y", *lines]))
    dataset = splitting.split(data.read(str(path), OPTIONS), jax.random.key(0), 0, OPTIONS)
    tables = Reader(stack([dataset]))("raw", 0)
    assert dataset.spec.shape == (4,)  # as wide as all rows need
    assert tables.train.features[:, 3].tolist() == [0.0] * 15
    assert tables.test.features[0, 1:].tolist() == [0.0, 0.0, 0.0]


def test_a_point_of_a_curve_is_standardised_by_its_own_examples(tmp_path):
    dataset = splitting.split(table(tmp_path, None, True), jax.random.key(0), 0, OPTIONS)
    few = first_examples(stack([dataset]), 6)
    for scaling in (few.first.scaling, jax.tree.map(lambda leaf: leaf[0], few.tuning.scaling)):
        rows = dataset.train.inputs[:6, 0].astype(float)
        np.testing.assert_allclose(scaling.inputs.mean[0], rows.mean())
        np.testing.assert_allclose(scaling.inputs.sd[0], rows.std())
        targets = dataset.train.targets[:6].astype(float)
        np.testing.assert_allclose(scaling.targets.sd, targets.std(0))
