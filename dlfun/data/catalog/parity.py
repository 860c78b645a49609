"""Parity: is the number of ones odd? The complete table of n bits; two bits are XOR.

No linear threshold unit gets more than 3/4 of XOR right (Minsky and Papert, 1969).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from dlfun.types import Spec


def table(bits: int) -> tuple[np.ndarray, np.ndarray]:
    """All rows in counting order, first bit highest: inputs [2^bits, bits], classes [2^bits]."""
    rows = np.arange(2**bits)[:, None] >> np.arange(bits)[::-1] & 1
    return rows.astype(np.float32), rows.sum(1) % 2


class Parity(tfds.core.GeneratorBasedBuilder):
    """The complete truth table of n-bit parity; the config's name is n."""

    name = "parity"
    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS: ClassVar[list[Any]] = [
        tfds.core.BuilderConfig(name=str(bits), description=f"{bits} bits") for bits in (4, 8)
    ]

    def bits(self) -> int:
        """The number of inputs."""
        return int(self.builder_config.name)

    def spec(self) -> Spec:
        """What a model must know of the data."""
        return Spec(
            shape=(self.bits(),),
            modality="vector",
            task="classification",
            outputs=2,
            likelihood="bernoulli",
            truth_table=True,
            official_split="every split is the complete truth table",
        )

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "bits": tfds.features.Tensor(shape=(self.bits(),), dtype=np.float32),
            "label": tfds.features.ClassLabel(num_classes=2),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description="Whether the number of ones among some bits is odd, for every row.",
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("bits", "label"),
            citation="Minsky, M. and Papert, S. (1969). Perceptrons. MIT Press",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        return {"train": self._generate_examples(), "test": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, (row, label) in enumerate(zip(*table(self.bits()), strict=True)):
            yield index, {"bits": row, "label": int(label)}


class Xor(Parity):
    """Parity of two bits: the smallest table that no linear unit can learn."""

    name = "xor"
    BUILDER_CONFIGS: ClassVar[list[Any]] = []

    def bits(self) -> int:
        """The number of inputs."""
        return 2
