"""The 1,797 handwritten digits of 8 x 8 that scikit-learn carries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from dlfun.types import Spec


class Digits(tfds.core.GeneratorBasedBuilder):
    """The test half of the UCI optical digits, as scikit-learn bundles it."""

    name = "digits"
    VERSION = tfds.core.Version("1.0.0")

    def spec(self) -> Spec:
        """What a model must know of the data."""
        return Spec(
            shape=(8, 8, 1),
            modality="image",
            task="classification",
            outputs=10,
            likelihood="bernoulli",
            scale=1 / 16,
            official_split="the first 898 in file order train, the last 899 test: other writers",
        )

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Tensor(shape=(8, 8, 1), dtype=np.uint8),
            "label": tfds.features.ClassLabel(num_classes=10),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description="1,797 digits of 8 x 8 pixels in 17 grey levels, 0 to 16.",
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "label"),
            homepage="https://archive.ics.uci.edu/dataset/80",
            citation="Alpaydin, E. and Kaynak, C. (1998). Optical Recognition of Handwritten "
            "Digits. UCI Machine Learning Repository. doi:10.24432/C50P49",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        from sklearn.datasets import load_digits

        data = load_digits()
        images, labels = data.images.astype(np.uint8)[..., None], data.target
        half = len(labels) // 2
        return {
            "train": self._generate_examples(images[:half], labels[:half]),
            "test": self._generate_examples(images[half:], labels[half:]),
        }

    def _generate_examples(
        self, images: np.ndarray, labels: np.ndarray
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            yield index, {"image": image, "label": int(label)}
