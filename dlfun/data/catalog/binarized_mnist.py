"""Binarised MNIST as TFDS has it: images without labels, for generative models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.datasets.binarized_mnist import binarized_mnist_dataset_builder as stock

from dlfun.data.tfds.stock import WithoutTensorFlow, package
from dlfun.types import Spec


def read_amat(path: Path | str) -> np.ndarray:
    """Images [n, 28, 28] of a text of zeros and ones, 784 a line."""
    text = np.fromfile(path, np.uint8)  # np.loadtxt takes a hundred times as long
    return (text[(text == ord("0")) | (text == ord("1"))] - ord("0")).reshape(-1, 28, 28)


with tfds.core.registered.skip_registration():  # the name is the stock builder's

    class BinarizedMnist(WithoutTensorFlow, stock.Builder):
        """The digits of MNIST, each pixel drawn once (Salakhutdinov and Murray, 2008)."""

        name = "binarized_mnist"
        pkg_dir_path, url_infos = package("binarized_mnist")
        ENCODING = "images without labels"

        def spec(self) -> Spec:
            """What a model must know of the data."""
            return Spec(
                shape=(28, 28, 1),
                modality="image",
                task="generation",
                outputs=0,
                likelihood="bernoulli",
                official_split="the published 50,000 train, 10,000 validation and 10,000 test",
            )

        def encode(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
            """Images, and targets that mean nothing."""
            images = np.stack([example["image"] for example in examples])
            return {"inputs": images, "targets": np.zeros(len(images), np.int32)}

        def _generate_examples(self, data_path: str) -> Iterator[tuple[int, dict[str, Any]]]:
            from PIL import Image

            for index, image in enumerate(read_amat(data_path)):
                yield index, {"image": Image.fromarray(image)}
