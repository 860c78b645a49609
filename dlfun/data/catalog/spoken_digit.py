"""The Free Spoken Digit Dataset 1.0.9, of TFDS' name, version, URL and checksum.

TFDS' features cannot be made without TensorFlow, and it has one split. Here recordings are plain
tensors, and the split is that of the data set's authors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.datasets.spoken_digit import spoken_digit_dataset_builder as stock

from dlfun.data.speech import encoded, read_wav, speech_spec
from dlfun.data.tfds.stock import files_of_archive, package
from dlfun.errors import UserError
from dlfun.preparation import LogMel
from dlfun.types import Spec

RATE = 8000
SPEAKERS = ("george", "jackson", "nicolas", "theo", "yweweler")
NAME = re.compile(rf"([0-9])_({'|'.join(SPEAKERS)})_([0-9]+)\.wav")
TESTED = 5  # recordings of each digit and speaker, the first ones
SETTINGS = LogMel(rate=RATE)
SAMPLES = RATE  # a second: half of the recordings are below 0.4 s, and 4 of 2,500 above 1 s


class Recording:
    """What the name of a file says."""

    def __init__(self, name: str):
        found = NAME.fullmatch(name)
        if found is None:
            raise UserError(
                f"{name} is not named DIGIT_SPEAKER_INDEX.wav, with a speaker of "
                f"{', '.join(SPEAKERS)}; leave it out"
            )
        self.digit = int(found[1])
        self.speaker = SPEAKERS.index(found[2])
        self.tested = int(found[3]) < TESTED


def recordings_of(path: Path | str) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the wav files in the folder `recordings` of an archive."""
    for name, file in files_of_archive(path):
        if name.endswith(".wav") and Path(name).parent.name == "recordings":
            yield Path(name).name, file.read()


with tfds.core.registered.skip_registration():  # the name is the stock builder's

    class SpokenDigit(stock.Builder):
        """Ten digits, spoken fifty times by each of five speakers (Jackson et al., 2018)."""

        name = "spoken_digit"
        pkg_dir_path, url_infos = package("spoken_digit")
        LOG_MEL = SETTINGS
        ENCODING = f"{SETTINGS} of {SAMPLES} samples"
        # The same recordings without the rest of the archive.
        SUBSTITUTE: ClassVar[tuple[str, str]] = (
            "recordings.tar",
            "2b0cbf86d7c9905202c108012885f3ebbbde6aaf6c948a2326952c8d70bf46f7",
        )
        substitute: Path | None = None

        def spec(self) -> Spec:
            """What a model must know of the data."""
            return speech_spec(
                SETTINGS,
                SAMPLES,
                classes=10,
                official_split="recordings 0 to 4 of each digit and speaker test, the others "
                "train, as the authors say; TFDS has all in one split; speakers are in both",
            )

        def encode(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
            """Spectrograms, digits and speakers."""
            names = [example["audio/filename"].decode() for example in examples]
            speakers = np.array([Recording(name).speaker for name in names], np.int32)
            return encoded(examples, SETTINGS, SAMPLES) | {"groups": speakers}

        def _info(self) -> tfds.core.DatasetInfo:
            features = {
                "audio": tfds.features.Tensor(shape=(None,), dtype=np.int16, encoding="zlib"),
                "label": tfds.features.ClassLabel(num_classes=10),
                "audio/filename": tfds.features.Text(),
            }
            return self.dataset_info_from_configs(
                features=tfds.features.FeaturesDict(features),
                supervised_keys=("audio", "label"),
                homepage="https://github.com/Jakobovski/free-spoken-digit-dataset",
            )

        def _split_generators(self, dl_manager: Any) -> Any:
            (url,) = self.url_infos
            found = list(recordings_of(self.substitute or dl_manager.download(url)))
            return {
                "train": self._generate_examples(f for f in found if not Recording(f[0]).tested),
                "test": self._generate_examples(f for f in found if Recording(f[0]).tested),
            }

        def _generate_examples(
            self, recordings: Iterable[tuple[str, bytes]]
        ) -> Iterator[tuple[str, dict[str, Any]]]:
            for name, content in recordings:
                yield (
                    name.removesuffix(".wav"),
                    {
                        "audio": read_wav(content, name, RATE),
                        "label": Recording(name).digit,
                        "audio/filename": name,
                    },
                )
