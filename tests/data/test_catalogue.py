"""Data sets of TFDS' catalogue: miniatures in the originals' own formats, and the real files."""

import csv
import gzip
import io
import itertools
import sys
import tarfile
import zipfile

import numpy as np
import pytest

from dlfun import data
from dlfun.data.catalog import binarized_mnist, cifar, mnist, reviews, tiny_shakespeare
from dlfun.errors import UserError
from dlfun.models import VAE
from dlfun.studies.population.arm import run_arm
from dlfun.studies.population.stacked import stack
from dlfun.types import DataOptions, HParams, Layout
from tests.data.conftest import idx
from tests.helpers import options, prepared

RANDOM = np.random.default_rng(5)


@pytest.fixture
def read_from(tmp_path):
    """Reads a data set, prepared from the files of a folder."""

    def read(name, folder=None, **more):
        manual = None if folder is None else str(folder)
        chosen = DataOptions(data_dir=str(tmp_path / "data"), manual_dir=manual, **more)
        raw = data.read(name, chosen)
        assert raw.name == name
        assert "tensorflow" not in sys.modules
        return raw

    return read


def tar(files, root=""):
    """A gzipped tar archive of files by name, in their order."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(root + name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def pairs(split):
    """Inputs and targets as text, in an order of their own: TFDS shuffles the examples."""
    rows = zip(np.asarray(split.inputs), split.targets, strict=True)
    return sorted((row.tobytes(), int(target)) for row, target in rows)


def expected(inputs, targets):
    return sorted((row.tobytes(), int(target)) for row, target in zip(inputs, targets, strict=True))


def digits(count, classes=10):
    images = RANDOM.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    return images, RANDOM.integers(0, classes, count).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "cls"), [("fashion_mnist", mnist.FashionMnist), ("kmnist", mnist.Kmnist)]
)
def test_data_of_the_form_of_mnist(expect, read_from, name, cls):
    sets = {"train": digits(12), "t10k": digits(7)}
    files = {}
    for part, (images, labels) in sets.items():
        files |= {f"{part}-images-idx3-ubyte.gz": idx(images)}
        files |= {f"{part}-labels-idx1-ubyte.gz": idx(labels)}
    raw = read_from(name, expect(cls, files))
    assert pairs(raw.train) == expected(*sets["train"])
    assert pairs(raw.test) == expected(*sets["t10k"])
    assert (raw.spec.shape, raw.spec.outputs, raw.version) == ((28, 28, 1), 10, "3.0.1")


@pytest.mark.parametrize(("config", "classes"), [("byclass", 62), ("balanced", 47)])
def test_emnist_is_a_zip_of_idx_files(expect, read_from, config, classes):
    stream, sets = io.BytesIO(), {}
    with zipfile.ZipFile(stream, "w") as pack:
        for other in ("byclass", "balanced"):
            for part in ("train", "test"):
                images, labels = sets[other, part] = digits(9, 47)
                stem = f"gzip/emnist-{other}-{part}"
                pack.writestr(f"{stem}-images-idx3-ubyte.gz", idx(images))
                pack.writestr(f"{stem}-labels-idx1-ubyte.gz", idx(labels))
    folder = expect(mnist.Emnist, {"gzip.zip": stream.getvalue()})
    raw = read_from("emnist" if config == "byclass" else f"emnist/{config}", folder)
    assert pairs(raw.train) == expected(*sets[config, "train"])
    assert pairs(raw.test) == expected(*sets[config, "test"])
    assert raw.spec.outputs == classes


def test_cifar10_has_its_colours_one_after_the_other(expect, read_from):
    images = {}
    files = {
        "batches.meta.txt": b"airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"  # noqa: E501
    }
    for name in (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"):
        images[name] = RANDOM.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
        records = [
            bytes([label]) + b"".join(image[:, :, colour].tobytes() for colour in range(3))
            for label, image in enumerate(images[name])
        ]
        files[name] = b"".join(records)
    archive = tar(files, "cifar-10-batches-bin/")
    raw = read_from("cifar10", expect(cifar.Cifar10, {"cifar-10-binary.tar.gz": archive}))
    train = np.concatenate([images[f"data_batch_{i}.bin"] for i in range(1, 6)])
    assert pairs(raw.train) == expected(train, [0, 1, 2] * 5)
    assert pairs(raw.test) == expected(images["test_batch.bin"], range(3))
    assert raw.spec.shape == (32, 32, 3)


def amat(images):
    stream = io.BytesIO()
    np.savetxt(stream, images.reshape(len(images), -1), fmt="%d")
    return stream.getvalue()


@pytest.fixture
def binarized(expect, read_from):
    sizes = {"train": 40, "valid": 6, "test": 8}
    images = {part: RANDOM.integers(0, 2, (n, 28, 28), dtype=np.uint8) for part, n in sizes.items()}
    files = {f"binarized_mnist_{part}.amat": amat(array) for part, array in images.items()}
    folder = expect(binarized_mnist.BinarizedMnist, files)
    return read_from("binarized_mnist", folder), images, folder


def test_binarized_mnist_has_three_splits_and_no_labels(binarized, read_from):
    raw, _, folder = binarized
    for split, part in ((raw.train, "train"), (raw.validation, "valid"), (raw.test, "test")):
        loaded = np.loadtxt(folder / f"binarized_mnist_{part}.amat", dtype=np.uint8)
        assert pairs(split) == expected(loaded.reshape(-1, 28, 28), np.zeros(len(loaded)))
    assert (raw.spec.task, raw.spec.outputs, raw.spec.scale) == ("generation", 0, 1)


def test_data_without_labels_are_for_generative_models(binarized, key):
    dataset = data.split(binarized[0], key, 0, DataOptions())
    words = "--model=cnn is for .* this data set has no labels; choose vae"
    with pytest.raises(UserError, match=words):
        run_of("cnn", dataset)
    rows = run_of("vae", dataset, VAE(widths=(4,), latent=2)).rows
    assert rows[0]["status"] == "ok"
    assert rows[0]["test_loss"] == pytest.approx(-rows[0]["test_elbo"])
    assert "test_accuracy" not in rows[0]
    ones = (1 + dataset.train.inputs.sum(0).astype(float)) / (2 + len(dataset.train.inputs))
    each = [
        np.where(image == 1, np.log(ones), np.log(1 - ones)).sum() for image in dataset.test.inputs
    ]
    assert data.chance(dataset) == pytest.approx(np.mean(each))
    assert rows[0]["test_elbo"] < 0  # both in nats of log-likelihood: more is better
    assert data.chance(dataset) < 0


def run_of(model, dataset, shape=None):
    settings, _, _ = prepared(model, dataset, shape, steps=3, seeds=1)
    study = options({model: settings.shape}, seeds=1)
    return run_arm(study, settings, stack([dataset]), [HParams(1e-3)], Layout(1, 1))


PLAY = "First Citizen:\nBefore we proceed any further, hear me speak.\n\n" * 40


def check_windows(raw, text):
    """The splits of a text are the published parts of it, window after window."""
    ends = [0, int(len(text) * 0.9)]
    ends += [ends[1] + int((len(text) - ends[1]) * 0.5), len(text)]
    parts = itertools.pairwise(ends)
    for split, (begin, end) in zip((raw.train, raw.validation, raw.test), parts, strict=True):
        part = text[begin:end]
        inputs = "".join(raw.spec.alphabet[i] for i in split.inputs.ravel())
        assert inputs[: len(part) - 1] == part[:-1]
        aims = split.targets.ravel()
        assert "".join(raw.spec.alphabet[i] for i in aims[: len(part) - 1]) == part[1:]
        assert set(aims[len(part) - 1 :]) <= {-1}
        assert split.inputs.shape[1:] == split.targets.shape[1:] == raw.spec.shape
    assert raw.spec.task == "next_token"
    assert raw.spec.outputs == raw.spec.vocabulary == len(raw.spec.alphabet) == 65


def test_tiny_shakespeare_is_one_text(expect, read_from):
    folder = expect(tiny_shakespeare.TinyShakespeare, {"input.txt": PLAY.encode()})
    check_windows(read_from("tiny_shakespeare", folder), PLAY)


def test_the_real_tiny_shakespeare(shared_data, read_from):
    folder = shared_data / "tiny_shakespeare"
    text = (folder / "input.txt").read_text()
    raw = read_from("tiny_shakespeare", folder)
    check_windows(raw, text)
    assert raw.spec.alphabet == "".join(sorted(set(text)))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (PLAY + "é" * 99, "not among the 65 of its alphabet: 'é'"),
        ("short " * 9, "a text of 48 tokens is shorter than a window of 100"),
    ],
)
def test_a_text_that_is_no_play(expect, read_from, tmp_path, text, why):
    folder = expect(tiny_shakespeare.TinyShakespeare, {"input.txt": text.encode()})
    with pytest.raises(UserError, match=why) as caught:
        read_from("tiny_shakespeare", folder)
    assert "\n" not in str(caught.value)
    assert [p.name for p in (tmp_path / "data").iterdir()] == [".lock.tiny_shakespeare"]


def texts_of(split):
    """The texts and labels that padded bytes stand for, in an order of their own."""
    ends = zip(split.inputs, split.lengths, split.targets, strict=True)
    assert all(not row[length:].any() for row, length, _ in ends)
    ends = zip(split.inputs, split.lengths, split.targets, strict=True)
    return sorted((bytes(row[:length]), int(target)) for row, length, target in ends)


def test_imdb_reviews_are_a_folder_a_class(expect, read_from):
    said = {
        "train/pos/0_9.txt": "Good. " * 300,
        "train/neg/0_2.txt": "Bad, naïve.\n",
        "train/unsup/0_0.txt": "Unlabelled.",
        "test/pos/1_10.txt": "Great!",
        "test/neg/1_1.txt": "Awful!",
        "train/pos/README": "Fine.",
    }
    files = {name: text.encode() for name, text in said.items()}
    archive = tar(files | {"imdb.vocab": b"the\n"}, "aclImdb/")
    raw = read_from("imdb_reviews", expect(reviews.ImdbReviews, {"aclImdb_v1.tar.gz": archive}))
    assert texts_of(raw.train) == sorted(
        [(b"Bad, na\xc3\xafve.", 0), (b"Fine.", 1), (("Good. " * 300).encode()[:1024], 1)]
    )
    assert texts_of(raw.test) == [(b"Awful!", 0), (b"Great!", 1)]
    assert (raw.spec.shape, raw.spec.vocabulary, raw.spec.padded) == ((1024,), 256, True)


def test_ag_news_are_rows_of_label_title_and_description(expect, read_from):
    rows = {
        "train": [(3, "Wall St. Bears", 'A "quoted", one\nof two lines'), (4, "Chips", "x" * 300)],
        "test": [(1, "Vote", ""), (2, "Goal", "In the last minute")],
    }
    files = {}
    for part, lines in rows.items():
        stream = io.StringIO(newline="")
        csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(lines)
        files[f"{part}.csv"] = stream.getvalue().encode()
    archive = tar(files | {"readme.txt": b"news"}, "ag_news_csv/")
    raw = read_from("ag_news_subset", expect(reviews.AgNewsSubset, {"ag_news_csv.tar.gz": archive}))
    for split, part in ((raw.train, "train"), (raw.test, "test")):
        wanted = [
            (f"{title} {text}".encode()[:256], label - 1) for label, title, text in rows[part]
        ]
        assert texts_of(split) == sorted(wanted)
    assert (raw.spec.shape, raw.spec.outputs) == ((256,), 4)


def test_a_wrong_checksum_of_an_archive(expect, read_from):
    folder = expect(reviews.AgNewsSubset, {"ag_news_csv.tar.gz": tar({"a": b"b"})})
    (folder / "ag_news_csv.tar.gz").write_bytes(gzip.compress(b"another"))
    with pytest.raises(
        UserError, match=r"ag_news_csv\.tar\.gz has a wrong checksum: .* replace it"
    ):
        read_from("ag_news_subset", folder)


@pytest.mark.parametrize(
    "name", ["cifar10", "emnist/letters", "binarized_mnist", "speech_commands"]
)
def test_missing_files_are_named(monkeypatch, tmp_path, read_from, name):
    monkeypatch.setattr(data.tfds.download, "answers", lambda url: False)
    with pytest.raises(UserError, match="is not prepared and cannot be downloaded from") as caught:
        read_from(name, tmp_path)
    for info in data.tfds.reading.place(
        name, data.DATASETS[name], DataOptions()
    ).cls.url_infos.values():
        assert info.filename in str(caught.value)
    assert "--manual_dir" in str(caught.value)
