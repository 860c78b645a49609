"""CIFAR-10 as TFDS has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.image_classification import cifar as stock

from dlfun.data.tfds.stock import WithoutTensorFlow, recorded
from dlfun.types import Spec


def read_batch(path: Path | str) -> tuple[np.ndarray, np.ndarray]:
    """Images [n, 32, 32, 3] and labels [n] of a file of the binary version.

    A record is a byte of the label and the three colours, each 32 rows of 32 bytes.
    """
    records = np.fromfile(path, np.uint8).reshape(-1, 1 + 3 * 32 * 32)
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), records[:, 0]


with tfds.core.registered.skip_registration():  # the name is the stock builder's

    class Cifar10(WithoutTensorFlow, stock.Cifar10):
        """Small colour photographs of ten kinds of things (Krizhevsky, 2009)."""

        name = "cifar10"
        pkg_dir_path = tfds.core.tfds_path("image_classification")
        url_infos = recorded("url_checksums/cifar10.txt")

        def spec(self) -> Spec:
            """What a model must know of the data."""
            return Spec(
                shape=(32, 32, 3),
                modality="image",
                task="classification",
                outputs=10,
                likelihood="bernoulli",
                scale=1 / 255,
                official_split="the published five training batches and the test batch",
            )

        def _generate_examples(
            self, split_prefix: str, filepaths: Iterable[str]
        ) -> Iterator[tuple[int, dict[str, Any]]]:
            from PIL import Image

            batches = [read_batch(path) for path in filepaths]
            images, labels = map(np.concatenate, zip(*batches, strict=True))
            for index, (image, label) in enumerate(zip(images, labels, strict=True)):
                yield (
                    index,
                    {
                        "id": f"{split_prefix}{index:05d}",
                        "image": Image.fromarray(image),
                        "label": int(label),
                    },
                )
