"""The adding problem: sum the two marked numbers of a long sequence.

Hochreiter and Schmidhuber (1997), in the form with one marker in each half. Always predicting 1,
the mean, has a mean squared error of 1/6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from dlfun.types import Spec

TRAIN = 10_000
TEST = 1_000


def generate(examples: int, length: int, split: int) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of a uniform value and a marker: inputs [n, length, 2], sums [n, 1]."""
    random = np.random.Generator(np.random.PCG64([1997, length, split]))
    values = random.random((examples, length), dtype=np.float32)
    half = length // 2
    first = random.integers(0, half, examples)
    second = random.integers(half, length, examples)
    rows = np.arange(examples)
    markers = np.zeros_like(values)
    markers[rows, first] = markers[rows, second] = 1
    sums = values[rows, first] + values[rows, second]
    return np.stack([values, markers], axis=-1), sums[:, None]


class Adding(tfds.core.GeneratorBasedBuilder):
    """The adding problem; the config's name is the length of a sequence."""

    name = "adding"
    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS: ClassVar[list[Any]] = [
        tfds.core.BuilderConfig(name=str(length), description=f"{length} steps")
        for length in (50, 100)
    ]

    def length(self) -> int:
        """The time steps of a sequence."""
        return int(self.builder_config.name)

    def spec(self) -> Spec:
        """What a model must know of the data."""
        return Spec(
            shape=(self.length(), 2),
            modality="sequence",
            task="regression",
            outputs=1,
            official_split="10,000 sequences train, 1,000 drawn apart test",
        )

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "sequence": tfds.features.Tensor(shape=(self.length(), 2), dtype=np.float32),
            "sum": tfds.features.Tensor(shape=(1,), dtype=np.float32),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description="Values in [0, 1) with two of them marked; the target is their sum.",
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("sequence", "sum"),
            citation="Hochreiter, S. and Schmidhuber, J. (1997). Long short-term memory. "
            "Neural Computation 9(8)",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        return {
            "train": self._generate_examples(TRAIN, split=0),
            "test": self._generate_examples(TEST, split=1),
        }

    def _generate_examples(self, examples: int, split: int) -> Iterator[tuple[int, dict[str, Any]]]:
        inputs, sums = generate(examples, self.length(), split)
        for index, (sequence, total) in enumerate(zip(inputs, sums, strict=True)):
            yield index, {"sequence": sequence, "sum": total}
