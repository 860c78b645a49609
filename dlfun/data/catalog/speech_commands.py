"""Speech Commands 0.02, of TFDS' name, version, URLs, checksums, labels and splits.

TFDS' features cannot be made without TensorFlow: here recordings are plain tensors.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.datasets.speech_commands import (
    speech_commands_dataset_builder as stock,
)

from dlfun.data.speech import encoded, read_wav, speech_spec
from dlfun.data.tfds.stock import WithoutTensorFlow, package
from dlfun.preparation import LogMel
from dlfun.types import Spec

RATE = stock.SAMPLE_RATE
SETTINGS = LogMel(rate=RATE, high=8000.0)
LABELS = (*stock.WORDS, stock.SILENCE, stock.UNKNOWN)


def label_of(word: str) -> str:
    """The label of the recordings in a folder: ten words, silence, and all other words."""
    if word in (stock.SILENCE, stock.BACKGROUND_NOISE):
        return stock.SILENCE
    return word if word in stock.WORDS else stock.UNKNOWN


def seconds_of(noise: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """A long recording in pieces of a second, half of each in the next, with their starts."""
    for start in range(0, len(noise) - RATE, RATE // 2):
        yield start, noise[start : start + RATE]


with tfds.core.registered.skip_registration():  # the name is the stock builder's

    class SpeechCommands(WithoutTensorFlow, stock.Builder):
        """Short commands by thousands of speakers (Warden, 2018)."""

        name = "speech_commands"
        pkg_dir_path, url_infos = package("speech_commands")
        LOG_MEL = SETTINGS
        ENCODING = f"{SETTINGS} of {RATE} samples"

        def spec(self) -> Spec:
            """What a model must know of the data."""
            return speech_spec(
                SETTINGS,
                RATE,
                classes=len(LABELS),
                official_split="the published lists of validation and test files, the test files "
                "from the archive of their own, where words and silence are as frequent",
            )

        def encode(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
            """Spectrograms and words."""
            return encoded(examples, SETTINGS, RATE)

        def _info(self) -> tfds.core.DatasetInfo:
            features = {
                "audio": tfds.features.Tensor(shape=(None,), dtype=np.int16, encoding="zlib"),
                "label": tfds.features.ClassLabel(names=LABELS),
            }
            return self.dataset_info_from_configs(
                features=tfds.features.FeaturesDict(features),
                supervised_keys=("audio", "label"),
                homepage="https://arxiv.org/abs/1804.03209",
            )

        def _generate_examples(
            self, archive: Iterable[tuple[str, BinaryIO]], file_list: Collection[str] | None
        ) -> Iterator[tuple[str, dict[str, Any]]]:
            wanted = None if file_list is None else set(file_list)
            for path, file in archive:
                if not path.endswith(".wav") or (wanted is not None and path not in wanted):
                    continue
                word = PurePosixPath(path).parent.name
                key, label = f"{word}_{PurePosixPath(path).name}", label_of(word)
                audio = read_wav(file.read(), path, RATE)
                if word == stock.BACKGROUND_NOISE:
                    for start, piece in seconds_of(audio):
                        yield f"{key}_{start}", {"audio": piece, "label": label}
                else:
                    yield key, {"audio": audio, "label": label}
