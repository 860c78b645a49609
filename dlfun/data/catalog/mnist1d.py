"""MNIST-1D: ten shapes of a line, padded, moved, stretched, sheared and noisy.

The algorithm and its numbers are Greydanus' (2020, arXiv:2011.14439, Apache-2.0); every draw is
made in the published order from the legacy numpy generator, so the data equal the published ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from dlfun.types import Spec

CLASSES = 10
SAMPLES = 500  # of each class
TRAIN = 4000
PADDING = (36, 60)
LENGTH = 72  # of a template and its longest padding
FINAL = 40


def templates() -> np.ndarray:
    """The shapes of the ten classes: [10, 12]."""
    return np.loadtxt(Path(__file__).with_name("mnist1d_templates.csv"), delimiter=",")


def resample(values: np.ndarray, length: int) -> np.ndarray:
    """Linear interpolation of [n] values onto [length] equally spaced points."""
    return np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(values)), values)


def sample(template: np.ndarray, random: np.random.RandomState) -> np.ndarray:
    """One example [40] of a class. The order of the draws is part of the data."""
    from scipy.ndimage import gaussian_filter

    low, high = PADDING
    padding = low + int(random.rand() * (high - low + 1))
    values = resample(np.concatenate([template + 1e-8, np.zeros(padding)]), LENGTH)
    values = values * (1 + 0.4 * (random.rand() - 0.5))
    values = np.roll(values, random.choice(48))
    background = 0.25 * gaussian_filter(random.randn(LENGTH), 2)
    values = np.where(values != 0, values, background) + 0.02 * random.randn(LENGTH)
    shear = 0.75 * (random.rand() - 0.5)
    return resample(values - shear * np.linspace(-0.5, 0.5, LENGTH), FINAL)


def generate() -> tuple[np.ndarray, np.ndarray]:
    """All 5,000 examples, shuffled and normalised: values [5000, 40] and classes [5000]."""
    random = np.random.RandomState(42)
    values = np.stack([sample(shape, random) for shape in templates() for _ in range(SAMPLES)])
    labels = np.repeat(np.arange(CLASSES), SAMPLES)
    order = random.permutation(len(values))
    values = (values - values.mean()) / values.std()
    return values[order].astype(np.float32), labels[order]


class Mnist1d(tfds.core.GeneratorBasedBuilder):
    """MNIST-1D of Greydanus (2020)."""

    name = "mnist1d"
    VERSION = tfds.core.Version("1.0.0")

    def spec(self) -> Spec:
        """What a model must know of the data."""
        return Spec(
            shape=(FINAL, 1),
            modality="sequence",
            task="classification",
            outputs=CLASSES,
            official_split="the first 4,000 of the published shuffle train, the other 1,000 test",
        )

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "sequence": tfds.features.Tensor(shape=(FINAL, 1), dtype=np.float32),
            "label": tfds.features.ClassLabel(num_classes=CLASSES),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description="MNIST-1D, generated from its 120 template numbers.",
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("sequence", "label"),
            homepage="https://github.com/greydanus/mnist1d",
            citation="Greydanus, S. (2020). Scaling down Deep Learning. arXiv:2011.14439",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        values, labels = generate()
        return {
            "train": self._generate_examples(values[:TRAIN], labels[:TRAIN]),
            "test": self._generate_examples(values[TRAIN:], labels[TRAIN:]),
        }

    def _generate_examples(
        self, values: np.ndarray, labels: np.ndarray
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, (value, label) in enumerate(zip(values, labels, strict=True)):
            yield index, {"sequence": value[:, None], "label": int(label)}
