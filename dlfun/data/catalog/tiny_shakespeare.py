"""Tiny Shakespeare as TFDS has it: 1.1 million characters of plays, for next characters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.datasets.tiny_shakespeare import tiny_shakespeare_dataset_builder as stock

from dlfun.data.text import encode_text, windows
from dlfun.data.tfds.stock import package
from dlfun.types import Spec

ALPHABET = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTH = 100  # characters of a window


def parts(text: str) -> dict[str, str]:
    """The first 90 % of the characters, and the halves of the rest, cut as TFDS cuts."""
    train = int(len(text) * 0.9)
    rest = text[train:]
    half = int(len(rest) * 0.5)
    return {"train": text[:train], "validation": rest[:half], "test": rest[half:]}


with tfds.core.registered.skip_registration():  # the name is the stock builder's

    class TinyShakespeare(stock.Builder):
        """Lines of Shakespeare's plays (Karpathy, 2015)."""

        name = "tiny_shakespeare"
        pkg_dir_path, url_infos = package("tiny_shakespeare")
        ENCODING = f"windows of {LENGTH} characters"

        def spec(self) -> Spec:
            """What a model must know of the data."""
            return Spec(
                shape=(LENGTH,),
                modality="text",
                task="next_token",
                outputs=len(ALPHABET),
                likelihood="categorical",
                vocabulary=len(ALPHABET),
                alphabet=ALPHABET,
                official_split="the first 90 % of the characters train, the next 5 % validation, "
                "the last 5 % test",
            )

        def encode(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
            """The windows of a split, which is one text."""
            text = "".join(example["text"].decode() for example in examples)
            inputs, targets = windows(encode_text(text, ALPHABET), LENGTH)
            return {"inputs": inputs, "targets": targets}

        def _split_generators(self, dl_manager: Any) -> Any:
            (url,) = self.url_infos
            text = Path(dl_manager.download(url)).read_bytes().decode()
            return {name: self._generate_examples(name, part) for name, part in parts(text).items()}
