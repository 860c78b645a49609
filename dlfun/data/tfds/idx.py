"""Files of the IDX format, and the stock TFDS builders that read them, without TensorFlow."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dlfun.data.tfds.stock import WithoutTensorFlow
from dlfun.types import Spec


def read_idx(path: Path | str) -> np.ndarray:
    """The uint8 array of a gzipped IDX file.

    Raises:
      ValueError: if the file is not one, or holds more or fewer numbers than it says.
    """
    data = gzip.decompress(Path(path).read_bytes())
    if data[:3] != b"\0\0\x08":
        raise ValueError(f"{path} is not an IDX file of bytes")
    axes = data[3]
    shape = np.frombuffer(data, ">u4", axes, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


class IdxBuilder(WithoutTensorFlow):
    """Mixed into a stock builder of the MNIST family: replaces the reading of its files only."""

    def spec(self) -> Spec:
        """What a model must know of the data."""
        return Spec(
            shape=self.info.features["image"].shape,
            modality="image",
            task="classification",
            outputs=self.info.features["label"].num_classes,
            likelihood="bernoulli",
            scale=1 / 255,
            official_split="the published training and test files",
        )

    def _generate_examples(
        self, num_examples: int, data_path: str, label_path: str
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        from PIL import Image

        images, labels = read_idx(data_path), read_idx(label_path)
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            # TFDS writes a PIL image itself; an array it would hand to TensorFlow.
            yield index, {"image": Image.fromarray(image), "label": int(label)}
