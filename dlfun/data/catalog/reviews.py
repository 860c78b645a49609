"""IMDB reviews and AG's news as TFDS has them: texts of bytes and their classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.datasets.ag_news_subset import ag_news_subset_dataset_builder as news
from tensorflow_datasets.datasets.imdb_reviews import imdb_reviews_dataset_builder as reviews

from dlfun.data.text import BYTES, encode_bytes
from dlfun.data.tfds.stock import WithoutTensorFlow, package
from dlfun.types import Spec


def spec_of(length: int, classes: int, official_split: str) -> Spec:
    """The spec of texts of at most so many bytes."""
    return Spec(
        shape=(length,),
        modality="text",
        task="classification",
        outputs=classes,
        likelihood="categorical",
        vocabulary=BYTES,
        padded=True,
        official_split=official_split,
    )


def encoded(texts: Sequence[bytes], labels: Sequence[int], length: int) -> dict[str, np.ndarray]:
    """The arrays of texts with their classes."""
    inputs, lengths = encode_bytes(texts, length)
    return {"inputs": inputs, "targets": np.array(labels), "lengths": lengths}


with tfds.core.registered.skip_registration():  # the names are those of the stock builders

    class ImdbReviews(WithoutTensorFlow, reviews.Builder):
        """Is a review of a film positive (Maas et al., 2011); the first 1,024 bytes."""

        name = "imdb_reviews"
        VERSION = tfds.core.Version("1.0.0")  # the stock builder's config has it
        pkg_dir_path, url_infos = package("imdb_reviews")
        LENGTH = 1024
        ENCODING = f"{LENGTH} bytes"

        def spec(self) -> Spec:
            """What a model must know of the data."""
            return spec_of(
                self.LENGTH, 2, "the published 25,000 train and 25,000 test: other films"
            )

        def encode(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
            """The beginning of each review, and its class."""
            texts = [example["text"] for example in examples]
            return encoded(texts, [example["label"] for example in examples], self.LENGTH)

    class AgNewsSubset(WithoutTensorFlow, news.Builder):
        """Which of four kinds a piece of news is of (Zhang et al., 2015); its first 256 bytes."""

        name = "ag_news_subset"
        pkg_dir_path, url_infos = package("ag_news_subset")
        LENGTH = 256
        ENCODING = f"{LENGTH} bytes of title and description"

        def spec(self) -> Spec:
            """What a model must know of the data."""
            return spec_of(self.LENGTH, 4, "the published 120,000 train and 7,600 test")

        def encode(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
            """The beginning of each piece, title first, and its class."""
            texts = [example["title"] + b" " + example["description"] for example in examples]
            return encoded(texts, [example["label"] for example in examples], self.LENGTH)
