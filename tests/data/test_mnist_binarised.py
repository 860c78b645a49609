"""Binarised MNIST, by the reading of the real files and on a miniature of them."""

import numpy as np
import pytest
from scipy import stats

from dlfun import data, types
from dlfun.data.catalog import mnist_binarised
from dlfun.data.catalog.mnist_binarised import binarise
from dlfun.data.tfds.idx import read_idx


def test_a_pixel_is_one_as_often_as_it_is_grey():
    grey = np.broadcast_to(np.arange(256, dtype=np.uint8), (2000, 1, 256))
    drawn = binarise(grey, 0)[:, 0, :, 0]
    assert set(np.unique(drawn)) == {0, 1}
    assert not drawn[:, 0].any()
    assert drawn[:, 255].all()
    between = np.arange(1, 255) / 255
    z = (drawn[:, 1:255].mean(axis=0) - between) / np.sqrt(between * (1 - between) / 2000)
    assert stats.kstest(z, "norm").pvalue > 0.001
    neighbours = np.corrcoef(drawn[:, 100:140].T) - np.eye(40)
    assert np.abs(neighbours).max() < 0.12  # each pixel has a uniform of its own


def test_the_draw_is_fixed_and_each_file_has_its_own():
    grey = np.full((3, 4, 4), 128, np.uint8)
    np.testing.assert_array_equal(binarise(grey, 0), binarise(grey, 0))
    assert (binarise(grey, 0) != binarise(grey, 1)).any()
    assert (binarise(grey, 0)[0] != binarise(grey, 0)[1]).any()


def test_miniature_files(miniature, tmp_path, monkeypatch):
    monkeypatch.setattr(mnist_binarised, "LEARNED", 20)
    folder, arrays = miniature
    options = types.DataOptions(data_dir=str(tmp_path / "data"), manual_dir=str(folder))
    raw = data.read("mnist_binarised", options)
    assert [len(s.targets) for s in (raw.train, raw.validation, raw.test)] == [20, 10, 10]
    images = np.concatenate([raw.train.inputs, raw.validation.inputs])
    np.testing.assert_array_equal(images, binarise(arrays["train-images-idx3-ubyte.gz"], 0))
    np.testing.assert_array_equal(raw.test.inputs, binarise(arrays["t10k-images-idx3-ubyte.gz"], 1))
    np.testing.assert_array_equal(raw.train.targets, np.arange(20) % 10)
    np.testing.assert_array_equal(raw.validation.targets, np.arange(20, 30) % 10)
    assert raw.spec.likelihood == "bernoulli"
    assert raw.spec.shape == raw.train.inputs.shape[1:] == (28, 28, 1)
    assert raw.train.inputs.dtype == np.uint8


@pytest.mark.slow
def test_the_real_files(shared_data, tmp_path):
    folder = shared_data / "mnist"
    options = types.DataOptions(data_dir=str(tmp_path), manual_dir=str(folder))
    raw = data.read("mnist_binarised", options)
    sizes = [len(s.targets) for s in (raw.train, raw.validation, raw.test)]
    assert sizes == [50_000, 10_000, 10_000]
    grey, ones = read_idx(folder / "t10k-images-idx3-ubyte.gz") / 255, raw.test.inputs[..., 0]
    # As many ones as grey levels add up to, within four standard deviations, and where they are.
    deviation = np.sqrt(np.sum(grey * (1 - grey)))
    assert abs(ones.sum() - grey.sum()) < 4 * deviation
    assert np.abs(ones.mean(axis=0) - grey.mean(axis=0)).max() < 0.02
