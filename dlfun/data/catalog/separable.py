"""Vectors of known margin around a known linear separator.

The separator, its bias among them, has Frobenius norm 1, and every example is at least `MARGIN`
on the right side. So, with R the largest norm of an input with a 1 added for the bias, the
perceptron rule makes at most (R / MARGIN)^2 mistakes on two classes (Novikoff, 1962), and
2 (R / MARGIN)^2 with a unit for each class.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from dlfun.types import Spec

FEATURES = 10
TRAIN = 1000
TEST = 500
MARGIN = 0.1
CLASSES = {"two_classes": 2, "five_classes": 5}


def separator(classes: int) -> np.ndarray:
    """Weights [11, units], bias last: one unit for two classes, else a unit for each class."""
    random = np.random.Generator(np.random.PCG64([1958, classes]))
    weights = random.uniform(-1, 1, (FEATURES + 1, 1 if classes == 2 else classes))
    weights[-1] *= 0.2  # a small bias keeps the classes of like size
    return weights / np.linalg.norm(weights)


def classify(inputs: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The class of each example, and its margin over the next best class.

    Args:
      inputs: [n, features].
      weights: [features + 1, units], bias last.

    Returns:
      classes [n] and margins [n], never negative.
    """
    scores = inputs @ weights[:-1] + weights[-1]
    if weights.shape[1] == 1:
        return (scores[:, 0] > 0).astype(np.int64), np.abs(scores[:, 0])
    ranked = np.sort(scores, axis=1)
    return scores.argmax(1), ranked[:, -1] - ranked[:, -2]


def generate(classes: int) -> tuple[np.ndarray, np.ndarray]:
    """1,500 points of the cube [-1, 1]^10 outside the margin: inputs [n, 10], classes [n]."""
    random = np.random.Generator(np.random.PCG64([1962, classes]))
    # Rounded before the margin is measured: the stored points are the ones that keep it.
    inputs = random.uniform(-1, 1, (8 * (TRAIN + TEST), FEATURES)).astype(np.float32)
    labels, margins = classify(inputs.astype(np.float64), separator(classes))
    kept = np.flatnonzero(margins >= MARGIN)[: TRAIN + TEST]
    return inputs[kept], labels[kept]


class Separable(tfds.core.GeneratorBasedBuilder):
    """Linearly separable classes with a margin."""

    name = "separable"
    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS: ClassVar[list[Any]] = [
        tfds.core.BuilderConfig(name=name, description=f"{classes} classes")
        for name, classes in CLASSES.items()
    ]

    def classes(self) -> int:
        """The number of classes."""
        return CLASSES[self.builder_config.name]

    def spec(self) -> Spec:
        """What a model must know of the data."""
        return Spec(
            shape=(FEATURES,),
            modality="vector",
            task="classification",
            outputs=self.classes(),
            official_split="the first 1,000 generated train, the next 500 test",
        )

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "vector": tfds.features.Tensor(shape=(FEATURES,), dtype=np.float32),
            "label": tfds.features.ClassLabel(num_classes=self.classes()),
        }
        known = {"separator": separator(self.classes()).tolist(), "margin": MARGIN}
        return tfds.core.DatasetInfo(
            builder=self,
            description="Uniform points of a cube that keep a margin from a linear separator.",
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("vector", "label"),
            citation="Novikoff, A. (1962). On convergence proofs on perceptrons",
            disable_shuffling=True,
            metadata=tfds.core.MetadataDict(known),
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        inputs, labels = generate(self.classes())
        return {
            "train": self._generate_examples(inputs[:TRAIN], labels[:TRAIN]),
            "test": self._generate_examples(inputs[TRAIN:], labels[TRAIN:]),
        }

    def _generate_examples(
        self, inputs: np.ndarray, labels: np.ndarray
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, (row, label) in enumerate(zip(inputs, labels, strict=True)):
            yield index, {"vector": row, "label": int(label)}
