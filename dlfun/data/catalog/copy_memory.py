"""The copy memory problem: say again, much later, the symbols read at the start.

Hochreiter and Schmidhuber (1997), in the form of Arjovsky, Shah & Bengio (2016, arXiv:1511.06464):
10 symbols out of 8, then blanks, a delimiter, and blanks during which the symbols are wanted. A
model without memory that knows the blanks and guesses the symbols reaches 10 ln 8 / (T + 20) nats
a step, where the delay T is the config's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from dlfun.types import Spec

SYMBOLS = 10  # to be remembered
BLANK, LETTERS, DELIMITER = 0, 8, 9  # the letters are the ids 1 to 8
TRAIN = 20_000
TEST = 1_000


def generate(examples: int, delay: int, split: int) -> tuple[np.ndarray, np.ndarray]:
    """Sequences and what is wanted at each step: both [n, delay + 20] ids, uint8."""
    random = np.random.Generator(np.random.PCG64([2016, delay, split]))
    symbols = random.integers(1, LETTERS + 1, (examples, SYMBOLS), dtype=np.uint8)
    inputs = np.full((examples, delay + 2 * SYMBOLS), BLANK, np.uint8)
    targets = inputs.copy()
    inputs[:, :SYMBOLS] = targets[:, -SYMBOLS:] = symbols
    # The delimiter is the last of the `delay` steps between: the published sequence is as long.
    inputs[:, -SYMBOLS - 1] = DELIMITER
    return inputs, targets


class Copy(tfds.core.GeneratorBasedBuilder):
    """The copy memory problem; the config's name is the delay."""

    name = "copy"
    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS: ClassVar[list[Any]] = [
        tfds.core.BuilderConfig(name=str(delay), description=f"a delay of {delay} steps")
        for delay in (20, 100)
    ]

    def delay(self) -> int:
        """The steps between the symbols and their recall."""
        return int(self.builder_config.name)

    def spec(self) -> Spec:
        """What a model must know of the data."""
        return Spec(
            shape=(self.delay() + 2 * SYMBOLS,),
            modality="text",
            task="sequence_labelling",
            outputs=LETTERS + 2,
            likelihood="categorical",
            vocabulary=LETTERS + 2,
            alphabet="_abcdefgh|",
            official_split="20,000 sequences train, 1,000 drawn apart test",
        )

    def _info(self) -> tfds.core.DatasetInfo:
        ids = tfds.features.Tensor(shape=(self.delay() + 2 * SYMBOLS,), dtype=np.uint8)
        return tfds.core.DatasetInfo(
            builder=self,
            description="Ten symbols, a delay that ends in a delimiter, and their recall; "
            "the target of every other step is the blank.",
            features=tfds.features.FeaturesDict({"sequence": ids, "recall": ids}),
            supervised_keys=("sequence", "recall"),
            citation="Arjovsky, M., Shah, A. and Bengio, Y. (2016). Unitary Evolution Recurrent "
            "Neural Networks. arXiv:1511.06464",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        return {
            "train": self._generate_examples(*generate(TRAIN, self.delay(), 0)),
            "test": self._generate_examples(*generate(TEST, self.delay(), 1)),
        }

    def _generate_examples(
        self, inputs: np.ndarray, targets: np.ndarray
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, (sequence, recall) in enumerate(zip(inputs, targets, strict=True)):
            yield index, {"sequence": sequence, "recall": recall}
