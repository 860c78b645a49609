"""Videos of a digit that moves over a torus; the class is the direction.

The start is uniform over the torus, so that every pixel of every frame is distributed alike in all
classes: no frame tells the direction, and the likeliest linear model of all such videos is at
chance. One fitted to some of them can still name the class whose score varies most, so the digit
is now lighter and now darker than the background: motion that changes contrast cannot be seen
linearly (Chubb & Sperling 1988). Moving digits as video data are the idea of Srivastava, Mansimov
& Salakhutdinov (2015, arXiv:1502.04681).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from dlfun.types import Spec

FRAMES = 8
SIZE = 16  # rows and columns of the torus
FLIPS = 0.2  # chance that a digit is inverted from one frame to the next
TRAIN = 4000
TEST = 1000
DIRECTIONS = {
    "right": (0, 1),
    "down_right": (1, 1),
    "down": (1, 0),
    "down_left": (1, -1),
    "left": (0, -1),
    "up_left": (-1, -1),
    "up": (-1, 0),
    "up_right": (-1, 1),
}
"""Rows and columns moved from one frame to the next, clockwise."""


def generate(digits: np.ndarray, examples: int, split: int) -> tuple[np.ndarray, np.ndarray]:
    """Videos of randomly chosen digits [m, 8, 8], as many in each direction.

    Returns:
      frames [n, FRAMES, SIZE, SIZE, 1] int8, and directions [n].
    """
    random = np.random.Generator(np.random.PCG64([2015, split]))
    chosen = digits[random.integers(0, len(digits), examples)]
    start = random.integers(0, SIZE, (examples, 2))
    labels = np.arange(examples) % len(DIRECTIONS)
    velocity = np.array(list(DIRECTIONS.values()))[labels]
    corner = start[:, None] + np.arange(FRAMES)[None, :, None] * velocity[:, None]
    rows, columns = ((corner[..., axis, None] + np.arange(8)) % SIZE for axis in (0, 1))
    video, frame = np.arange(examples)[:, None, None, None], np.arange(FRAMES)[:, None, None]
    flips = random.random((examples, FRAMES)) < FLIPS
    flips[:, 0] = random.integers(0, 2, examples)
    contrast = (-1) ** flips.cumsum(1)[..., None, None]
    frames = np.zeros((examples, FRAMES, SIZE, SIZE), np.int8)
    frames[video, frame, rows[..., :, None], columns[..., None, :]] = contrast * chosen[:, None]
    return frames[..., None], labels


class MovingDigits(tfds.core.GeneratorBasedBuilder):
    """Moving digits of scikit-learn's 8 x 8 images."""

    name = "moving_digits"
    VERSION = tfds.core.Version("1.0.0")

    def spec(self) -> Spec:
        """What a model must know of the data."""
        return Spec(
            shape=(FRAMES, SIZE, SIZE, 1),
            modality="video",
            task="classification",
            outputs=len(DIRECTIONS),
            scale=1 / 16,
            official_split="4,000 videos of the digits of the train half of `digits` train, 1,000 "
            "of those of the test half test: other writers",
        )

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "video": tfds.features.Tensor(
                shape=(FRAMES, SIZE, SIZE, 1), dtype=np.int8, encoding="zlib"
            ),
            "direction": tfds.features.ClassLabel(names=list(DIRECTIONS)),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description="A digit of 8 x 8 pixels moves a pixel a frame over a grey torus of "
            "16 x 16, in one of eight directions, and changes its contrast at random.",
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("video", "direction"),
            citation="Srivastava, N., Mansimov, E. and Salakhutdinov, R. (2015). Unsupervised "
            "Learning of Video Representations using LSTMs. arXiv:1502.04681; Chubb, C. and "
            "Sperling, G. (1988). Drift-balanced random stimuli. JOSA A 5, 1986-2007",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        from sklearn.datasets import load_digits

        digits = load_digits().images.astype(np.int8)
        half = len(digits) // 2
        return {
            "train": self._generate_examples(*generate(digits[:half], TRAIN, 0)),
            "test": self._generate_examples(*generate(digits[half:], TEST, 1)),
        }

    def _generate_examples(
        self, frames: np.ndarray, labels: np.ndarray
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, (video, label) in enumerate(zip(frames, labels, strict=True)):
            yield index, {"video": video, "direction": int(label)}
