"""Hand-made features against scikit-image, SciPy, scikit-learn and loops over examples."""

import dataclasses

import numpy as np
import pytest
from scipy import fft
from skimage import feature
from sklearn.feature_extraction.text import CountVectorizer

from dlfun.errors import UserError
from dlfun.studies.baselines import features
from dlfun.studies.baselines.features import HANDMADE, extract, handmade
from dlfun.types import Spec, Split


def draw(shape, n=6, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape)).astype(np.uint8)


def spec(shape, modality, **changes):
    return dataclasses.replace(Spec(shape, modality, "classification", 3), **changes)


def padded(shape, n=6, seed=0):
    """Floats with lengths, and the same with other numbers behind the ends."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n, *shape)).astype(np.float32)
    lengths = np.array([shape[0], 1, 2, 5, 3, 4], np.int32)[:n]
    other = inputs.copy()
    for row, length in zip(other, lengths, strict=True):
        row[length:] = 9
    return Split(inputs, np.zeros(n), lengths), Split(other, np.zeros(n), lengths)


def mean_and_sd(rows, width):
    return [np.zeros(width)] * 2 if len(rows) == 0 else [np.mean(rows, 0), np.std(rows, 0)]


def test_every_modality_but_vectors_has_features():
    assert set(HANDMADE) == {"image", "video", "speech", "text", "sequence"}
    assert handmade(spec((4,), "vector")) is None


@pytest.mark.parametrize(
    ("shape", "cell", "block"),
    [((8, 8, 1), 2, 2), ((28, 28, 1), 7, 2), ((64, 32, 3), 8, 2), ((3, 3, 1), 2, 1)],
)
def test_hog_of_images_is_that_of_scikit_image(shape, cell, block):
    inputs, known = draw(shape, 3), spec(shape, "image", scale=1 / 255)
    found = extract("hog", Split(inputs, np.zeros(3)), known)
    for row, image in zip(found, inputs, strict=True):
        wanted = feature.hog(
            image / 255,
            pixels_per_cell=(cell, cell),
            cells_per_block=(block, block),
            channel_axis=-1,
        )
        np.testing.assert_allclose(row, wanted, rtol=1e-4, atol=1e-5)
    assert found.dtype == np.float32


def test_hog_of_a_video_is_the_mean_and_spread_of_its_frames_and_of_their_changes():
    whole, other = padded((6, 8, 8, 1))
    known = spec((6, 8, 8, 1), "video")
    found = extract("hog", whole, known)
    np.testing.assert_array_equal(found, extract("hog", other, known))
    for row, video, length in zip(found, whole.inputs, whole.lengths, strict=True):
        each = np.stack(
            [
                feature.hog(f, pixels_per_cell=(2, 2), cells_per_block=(2, 2), channel_axis=-1)
                for f in video[:length]
            ]
        )
        width = each.shape[1]
        wanted = [*mean_and_sd(each, width), *mean_and_sd(np.diff(each, axis=0), width)]
        np.testing.assert_allclose(row, np.concatenate(wanted), rtol=1e-3, atol=1e-5)


def test_mfcc_statistics_are_those_of_each_recording_alone():
    whole, other = padded((9, 20))
    known = spec((9, 20), "speech", padded=True)
    found = extract("mfcc", whole, known)
    np.testing.assert_array_equal(found, extract("mfcc", other, known))
    assert found.shape == (6, 4 * 13)
    for row, frames, length in zip(found, whole.inputs, whole.lengths, strict=True):
        cepstra = fft.dct(frames[:length].astype(float), norm="ortho")[:, :13]
        edged = np.pad(cepstra, ((2, 2), (0, 0)), mode="edge")
        # The slope of a straight line through five points.
        slopes = [np.polyfit(np.arange(5), edged[t : t + 5], 1)[0] for t in range(length)]
        wanted = [*mean_and_sd(cepstra, 13), *mean_and_sd(slopes, 13)]
        np.testing.assert_allclose(row, np.concatenate(wanted), rtol=1e-3, atol=1e-5)


def test_ngrams_are_counts_that_do_not_read_on_behind_the_end(monkeypatch):
    # So many columns that no two n-grams share one: similarities are then those of the counts.
    monkeypatch.setattr(features, "COLUMNS", 2**18)
    words = ["  a b", "abc", "aab  ", "b"]
    ids = np.zeros((4, 6), np.uint8)
    for row, word in zip(ids, words, strict=True):
        row[: len(word)] = ["abc ".index(c) for c in word]
    lengths = np.array([len(word) for word in words], np.int32)
    known = spec((6,), "text", vocabulary=4, alphabet="abc ")
    found = extract("ngrams", Split(ids, np.zeros(4), lengths), known)
    texts = [word.replace(" ", "_") for word in words]
    vectorizer = CountVectorizer(analyzer="char", ngram_range=(1, 3))
    counts = vectorizer.fit_transform(texts).toarray().astype(float)
    counts /= np.linalg.norm(counts, axis=1)[:, None]
    np.testing.assert_allclose(found @ found.T, counts @ counts.T, rtol=1e-6)
    np.testing.assert_array_equal((found > 0).sum(1), (counts > 0).sum(1))
    whole = extract("ngrams", Split(ids, np.zeros(4)), known)
    assert not np.array_equal(whole, found)


def test_spectrum_is_that_of_each_sequence_without_its_padding():
    whole, other = padded((8, 2))
    known = spec((8, 2), "sequence")
    found = extract("spectrum", whole, known)
    np.testing.assert_array_equal(found, extract("spectrum", other, known))
    for row, steps, length in zip(found, whole.inputs, whole.lengths, strict=True):
        real = steps[:length].astype(float)
        centred = np.zeros((8, 2))
        centred[:length] = real - real.mean(0)
        turns = np.exp(-2j * np.pi * np.outer(np.arange(1, 5), np.arange(8)) / 8)
        wanted = [
            *mean_and_sd(real, 2),
            real.min(0),
            real.max(0),
            *mean_and_sd(np.abs(np.diff(real, axis=0)), 2),
            np.abs(turns @ centred).reshape(-1),
        ]
        np.testing.assert_allclose(row, np.concatenate(wanted), rtol=1e-3, atol=1e-5)


def test_raw_inputs_are_what_the_linear_networks_read():
    ids = np.array([[1, 0, 2], [2, 2, 0]], np.uint8)
    found = extract("raw", Split(ids, np.zeros(2)), spec((3,), "text", vocabulary=3))
    np.testing.assert_array_equal(found, np.eye(3, dtype=np.float32)[ids].reshape(2, 9))
    pixels = draw((4, 4, 1))
    found = extract("raw", Split(pixels, np.zeros(6)), spec((4, 4, 1), "image", scale=1 / 255))
    np.testing.assert_allclose(found, pixels.reshape(6, -1) / 255, rtol=1e-6)


def test_features_of_other_data_are_refused():
    with pytest.raises(UserError, match=r"\+mfcc.*text.*write \+ngrams"):
        extract("mfcc", Split(draw((5,)), np.zeros(6)), spec((5,), "text", vocabulary=256))
