"""New inputs: the examples of a data set come back from files as the data set stores them."""

import dataclasses
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from dlfun import data
from dlfun.data.text import decode_text
from dlfun.data.user_files import inputs
from dlfun.data.user_files.inputs import Source
from dlfun.data.user_files.read_inputs import read_given
from dlfun.errors import UserError
from dlfun.types import DataOptions, Spec
from tests.data.test_own import noise, numbers, pixels, save_images, save_recordings, save_wav

PIXELS = Source(
    "faces",
    Spec((4, 6, 3), "image", "classification", 2, scale=1 / 255),
    np.dtype(np.uint8),
)
SEQUENCE = Source("lines", Spec((5, 1), "sequence", "classification", 2), np.dtype(np.float32))
TEXT = Source(
    "plays",
    Spec((4,), "text", "classification", 2, vocabulary=4, alphabet="abc\ufffd"),
    np.dtype(np.uint8),
)
BYTES = TEXT._replace(spec=Spec((6,), "text", "classification", 2, vocabulary=256))
REVIEWS = TEXT._replace(spec=Spec((6,), "text", "classification", 2, vocabulary=256, padded=True))


def source_of(path, **options):
    raw = data.read(str(path), DataOptions(**options))
    return raw, inputs.source_of(raw)


def saved(path, array=None, **arrays):
    np.save(path, array) if array is not None else np.savez(path, **arrays)
    return path


def written(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_arrays_in_three_kinds_of_file(tmp_path):
    stored = numbers(3, 5, 1)
    table = written(tmp_path / "a.csv", *(",".join(map(repr, r)) for r in stored[..., 0].tolist()))
    named = written(tmp_path / "b.csv", "a,b,c,d,e", *table.read_text().split())
    np.savez(tmp_path / "a.npz", inputs=stored.astype(np.float64), other=np.zeros(2))
    flat = saved(tmp_path / "a.npy", stored[..., 0])
    for path in (table, named, tmp_path / "a.npz", flat):
        found = read_given([path], SEQUENCE)
        np.testing.assert_array_equal(found.inputs, stored)
        assert found.inputs.dtype == np.float32
        assert found.names == ("0", "1", "2")
    one = read_given([saved(tmp_path / "one.npy", stored[1, :, 0])], SEQUENCE)
    np.testing.assert_array_equal(one.inputs, stored[1:2])


def test_images_come_back_in_the_range_that_is_stored(tmp_path):
    stored = pixels(2, 4, 6, 3)
    for name, image in zip("ba", stored, strict=True):
        Image.fromarray(image).save(tmp_path / f"{name}.png")
    found = read_given([tmp_path / "b.png", tmp_path / "a.png"], PIXELS)
    np.testing.assert_array_equal(found.inputs, stored)
    assert found.names == ("b.png", "a.png")
    np.testing.assert_array_equal(read_given([tmp_path], PIXELS).inputs, stored[::-1])
    grey = Spec((1, 3, 1), "image", "classification", 2, scale=1 / 16)
    Image.fromarray(np.array([[0, 127, 255]], np.uint8)).save(tmp_path / "grey.png")
    found = read_given([tmp_path / "grey.png"], PIXELS._replace(spec=grey))
    assert found.inputs.tolist() == [[[[0], [8], [16]]]]


def test_differences_may_be_negative(tmp_path):
    stored = np.array([[-16, 0, 16], [1, -1, 2]], np.int8)
    found = read_given([saved(tmp_path / "a.npy", stored.astype(float))], CHANGES).inputs
    np.testing.assert_array_equal(found, stored[None])
    whole = CHANGES._replace(spec=dataclasses.replace(CHANGES.spec, scale=1.0))
    assert (CHANGES.least, whole.least, PIXELS.least) == (-16, -128, 0)


def test_a_table_is_prepared_by_the_training_rows_of_the_other(tmp_path):
    random = np.random.default_rng(0)
    rows = [(f"{x:.3f}", c, c * 2) for x, c in zip(random.normal(3, 2, 40), "ab" * 20, strict=True)]
    first = written(tmp_path / "own.csv", "x,kind,y", *(",".join(row) for row in rows))
    raw, source = source_of(first)
    other = written(tmp_path / "new.csv", "kind,more,x", *(f"{k},0,{x}" for x, k, _ in rows))
    found = read_given([other], source).inputs
    stored = {tuple(row) for part in (raw.train, raw.test) for row in part.inputs.tolist()}
    assert {tuple(row) for row in found.tolist()} == stored
    np.testing.assert_array_equal(found, read_given([first], source).inputs)


def test_features_are_permuted_as_the_data_set(tmp_path):
    save_images(tmp_path / "own", count=3)
    raw, source = source_of(tmp_path / "own", permute_features=True)
    plain, _ = source_of(tmp_path / "own")
    found = read_given([saved(tmp_path / "a.npy", plain.train.inputs)], source).inputs
    np.testing.assert_array_equal(found, raw.train.inputs)
    assert (found != plain.train.inputs).any()


def test_columns_of_a_table_are_permuted_as_the_data_set(tmp_path):
    lines = [f"{i}.5,{'ab'[i % 2]},{1e9 + i},{i % 3 + 0.25},{'yn'[i % 2]}" for i in range(20)]
    path = written(tmp_path / "own.csv", "x,kind,when,z,y", *lines)
    raw, source = source_of(path, permute_features=True)
    found = read_given([path], source).inputs
    stored = np.concatenate([raw.train.inputs, raw.test.inputs])
    np.testing.assert_array_equal(sorted(found.tolist()), sorted(stored.tolist()))
    assert sorted(source.columns) == ["kind=a", "kind=b", "when", "x", "z"]
    assert source.columns != inputs.source_of(source_of(path)[0]).columns
    when = source.columns.index("when")
    np.testing.assert_array_equal(
        found[:, when] + source.scaling.inputs.origin[when], 1e9 + np.arange(20)
    )


def test_recordings_become_the_spectrograms_of_the_data_set(tmp_path):
    folder = save_recordings(tmp_path)
    raw, source = source_of(folder)
    found = read_given([folder / "no", folder / "yes"], source)
    whole = {row.tobytes() for part in (raw.train, raw.test) for row in part.inputs}
    assert {row.tobytes() for row in found.inputs} == whole
    assert sorted(found.lengths) == sorted([*raw.train.lengths, *raw.test.lengths])
    save_wav(tmp_path / "long.wav", noise(5000))
    long = read_given([tmp_path / "long.wav"], source)
    assert long.inputs.shape[1:] == raw.spec.shape
    assert long.lengths.tolist() == [raw.spec.shape[0]]


def test_texts_are_cut_or_padded(tmp_path):
    path = written(tmp_path / "a.txt", "abca", "xbcab")  # newlines are not in the alphabet
    found = read_given([path], TEXT)
    assert found.inputs.tolist() == [[0, 1, 2, 0], [3, 3, 1, 2]]
    assert found.names == ("a.txt:0", "a.txt:4")
    lines = read_given([written(tmp_path / "b.txt", "ab", "", "long text")], REVIEWS)
    assert lines.inputs.tolist() == [[97, 98, 0, 0, 0, 0], list(b"long t")]
    assert lines.lengths.tolist() == [2, 6]
    assert lines.names == ("b.txt:1", "b.txt:3")
    tokens = Spec((4,), "text", "next_token", 3, vocabulary=3, alphabet="abc")
    (tmp_path / "c.txt").write_text("abcabca")
    assert read_given([tmp_path / "c.txt"], TEXT._replace(spec=tokens)).inputs.tolist() == [
        [0, 1, 2, 0, 1, 2, 0]
    ]


BREAKS = "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e\r"
"""What Python, and no editor, takes for the end of a line."""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_end_with_line_feeds_alone(end, tmp_path):
    path, wide = (
        tmp_path / "a.txt",
        REVIEWS._replace(spec=dataclasses.replace(REVIEWS.spec, shape=(40,))),
    )
    texts = [f"a{BREAKS}b", "\x0c", "\ufeffc", "d"]
    path.write_bytes(f"\ufeff{end.join([*texts[:2], ' ', *texts[2:]])}{end}".encode())
    found = read_given([path], wide)
    said = [bytes(row[:n]).decode() for row, n in zip(found.inputs, found.lengths, strict=True)]
    assert said == texts
    assert found.names == ("a.txt:1", "a.txt:2", "a.txt:4", "a.txt:5")


def test_a_text_of_characters_keeps_all_but_its_mark(tmp_path):
    path, alphabet = tmp_path / "a.txt", f"a\n{BREAKS}"
    spec = Spec((4,), "text", "next_token", len(alphabet), vocabulary=9, alphabet=alphabet)
    path.write_bytes(f"\ufeffa{BREAKS}\r\na".encode())
    found = read_given([path], TEXT._replace(spec=spec))
    assert decode_text(found.inputs[0], alphabet) == f"a{BREAKS}\na"


def huge(path):
    """An archive whose array claims to hold a million GiB."""
    head = io.BytesIO()
    fake = {"descr": "<f4", "fortran_order": False, "shape": (2**48, 5, 1)}
    np.lib.format.write_array_header_1_0(head, fake)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inputs.npy", head.getvalue())
    return path


def short(path):
    np.save(path, numbers(4, 5, 1))
    path.write_bytes(path.read_bytes()[:-8])
    return path


def image(path, size):
    Image.new("L", size).save(path)
    return path


CHANGES = Source(
    "films",
    Spec((2, 3), "sequence", "classification", 2, scale=1 / 16),
    np.dtype(np.int8),
)

BAD = {
    "differences": (CHANGES, lambda f: saved(f / "a.npy", np.full((2, 3), -17)), "from -16 to 16"),
    "which": (
        SEQUENCE,
        lambda f: saved(f / "a.npy", np.array([[0.0] * 5, [np.inf] * 5])),
        "example 1 ",
    ),
    "typo first": (SEQUENCE, lambda f: written(f / "a.csv", "1,2,x,4,5", "1,2,3,4,5"), "line 1: "),
    "gap first": (SEQUENCE, lambda f: written(f / "a.csv", "1,,3,4,5", "1,2,3,4,5"), "line 1: "),
    "no file": (SEQUENCE, lambda f: f / "none.npy", "there is no such file"),
    "kind": (SEQUENCE, lambda f: written(f / "a.doc", "1"), "inputs are files of .csv"),
    "objects": (SEQUENCE, lambda f: saved(f / "a.npy", np.array([{}])), "Python objects"),
    "no inputs": (
        SEQUENCE,
        lambda f: saved(f / "a.npz", one=numbers(2, 5), two=numbers(2, 5)),
        "holds 2 arrays, none of them called inputs or .* or test_images; give one of these",
    ),
    "no array": (SEQUENCE, lambda f: written(f / "a.npy", "1, 2"), "cannot be read"),
    "no archive": (SEQUENCE, lambda f: written(f / "a.npz", "1, 2"), "cannot be read"),
    "cut": (SEQUENCE, lambda f: short(f / "a.npy"), "ends before its last number"),
    "huge": (SEQUENCE, lambda f: huge(f / "a.npz"), "ends before its last number"),
    "shape": (SEQUENCE, lambda f: saved(f / "a.npy", numbers(2, 6)), r"\[2, 6\], and lines needs"),
    "NaN": (SEQUENCE, lambda f: saved(f / "a.npy", np.full(5, np.nan)), "not finite"),
    "none": (SEQUENCE, lambda f: saved(f / "a.npy", np.zeros((0, 5))), "no examples"),
    "letters": (SEQUENCE, lambda f: saved(f / "a.npy", np.array(["a"] * 5)), "must be numbers"),
    "cells": (
        SEQUENCE,
        lambda f: written(f / "a.csv", "1,2,3,4,5", "1"),
        "line 2: 1 cell, and an example has 5 numbers",
    ),
    "text": (
        SEQUENCE,
        lambda f: written(f / "a.csv", "1,2,3,4,5", "1,2,3,4,x"),
        r"line 2: 'x' is not a number",
    ),
    "image": (SEQUENCE, lambda f: image(f / "a.png", (1, 5)), "takes no images"),
    "fractions": (PIXELS, lambda f: saved(f / "a.npy", numbers(2, 4, 6, 3)), "from 0 to 255"),
    "pixels": (PIXELS, lambda f: image(f / "a.png", (6, 5)), "6 x 5 pixels and must be of 6 x 4"),
    "lying": (PIXELS, lambda f: image(f / "a.png", (4, 6)), "4 x 6 pixels and must be of 6 x 4"),
    "ids": (TEXT, lambda f: saved(f / "a.npy", np.full((1, 4), 4)), "from 0 to 3"),
    "short text": (TEXT, lambda f: written(f / "a.txt", "ab"), "3 characters, and an example"),
    "short bytes": (
        BYTES,
        lambda f: written(f / "a.txt", "aé"),
        "has 4 bytes, and an example",
    ),
    "one byte": (
        BYTES,
        lambda f: written(f / "a.txt"),
        "has 1 byte, and an example",
    ),
    "blank": (REVIEWS, lambda f: written(f / "a.txt", " "), "holds no text"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_is_one_line(case, tmp_path):
    source, make, words = BAD[case]
    with pytest.raises(UserError, match=words) as error:
        read_given([make(tmp_path)], source)
    assert "\n" not in str(error.value)


def test_a_table_without_a_column_or_with_a_strange_text(tmp_path):
    rows = [f"{i},{'ab'[i % 2]},{'cd'[i % 2]}" for i in range(8)]
    _, source = source_of(written(tmp_path / "own.csv", "x,kind,y", *rows))
    with pytest.raises(UserError, match="has no column kind"):
        read_given([written(tmp_path / "a.csv", "x", "1")], source)
    with pytest.raises(UserError, match="line 2: 'z' in column kind is none of a, b"):
        read_given([written(tmp_path / "b.csv", "x,kind", "1,z")], source)
    with pytest.raises(UserError, match="line 2: 'z' in column x is not a number"):
        read_given([written(tmp_path / "c.csv", "x,kind", "z,a")], source)


def test_a_recording_of_another_rate_is_refused(tmp_path):
    _, source = source_of(save_recordings(tmp_path))
    save_wav(tmp_path / "a.wav", noise(800), 16000)
    with pytest.raises(UserError, match="has 16000 samples a second; resample it to the 8000"):
        read_given([tmp_path / "a.wav"], source)


def test_kinds_are_not_mixed(tmp_path):
    paths = [saved(tmp_path / "a.npy", np.zeros(5)), written(tmp_path / "a.csv", "1,2,3,4,5")]
    with pytest.raises(UserError, match="names 2 files"):
        read_given(paths, SEQUENCE)
