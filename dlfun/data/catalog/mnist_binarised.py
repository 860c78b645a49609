"""MNIST of black and white pixels, drawn once from its grey levels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from dlfun.data.catalog.mnist import Mnist
from dlfun.data.tfds.idx import read_idx
from dlfun.types import Spec

LEARNED = 50_000
"""Examples of the training files to learn from; those behind them are held out."""

DRAW = 2008
"""Root of the draws: the year in which MNIST was first binarised like this."""


def binarise(images: np.ndarray, file: int) -> np.ndarray:
    """Ones with the probability of each grey level over 255, by uniforms of a fixed seed.

    Args:
      images: uint8 [n, height, width].
      file: 0 of the training file, 1 of the test file; each has draws of its own.

    Returns:
      zeros and ones, uint8 [n, height, width, 1]; equal images give different ones.
    """
    random = np.random.Generator(np.random.PCG64([DRAW, file]))
    # An image at a time, as the uniforms of all would take half a gigabyte.
    drawn = [255 * random.random(image.shape) < image for image in images]
    return np.stack(drawn).astype(np.uint8)[..., None]


class MnistBinarised(Mnist):
    """Bernoulli draws of MNIST, split as Larochelle's are; those are data of their own."""

    name = "mnist_binarised"
    VERSION = tfds.core.Version("1.0.0")

    def spec(self) -> Spec:
        """What a model must know of the data."""
        return Spec(
            shape=(28, 28, 1),
            modality="image",
            task="classification",
            outputs=10,
            likelihood="bernoulli",
            official_split="the first 50,000 of MNIST's training file to learn from, its last "
            "10,000 held out, and its test file",
        )

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Tensor(shape=(28, 28, 1), dtype=np.uint8, encoding="zlib"),
            "label": tfds.features.ClassLabel(num_classes=10),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description="MNIST, each pixel drawn once: 1 with the probability of its grey level.",
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "label"),
            homepage=Mnist.URL,
            citation="Salakhutdinov, R. and Murray, I. (2008). On the quantitative analysis of "
            "deep belief networks. ICML. Split of Larochelle, H. and Murray, I. (2011). The neural "
            "autoregressive distribution estimator. AISTATS",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        stock = {split.name: split.gen_kwargs for split in super()._split_generators(dl_manager)}
        files = {
            name: (binarise(read_idx(paths["data_path"]), file), read_idx(paths["label_path"]))
            for file, (name, paths) in enumerate(stock.items())
        }
        images, labels = files["train"]
        return {
            "train": self._generate_examples(images[:LEARNED], labels[:LEARNED]),
            "validation": self._generate_examples(images[LEARNED:], labels[LEARNED:]),
            "test": self._generate_examples(*files["test"]),
        }

    def _generate_examples(  # type: ignore[override]
        self, images: np.ndarray, labels: np.ndarray
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            yield index, {"image": image, "label": int(label)}
