"""Ten English vowels as source-filter synthesis makes them (Fant 1960; Klatt 1980).

A train of glottal pulses passes a low-pass filter, which sets the spectral tilt, and a cascade of
three resonators at the formants. Formants and pitch are the averages of men, women and children
that Peterson & Barney (1952) measured; a speaker has a vocal tract and a pitch of their own, and
deviates from the averages of each vowel in their own way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow_datasets as tfds

from dlfun.data.spectrogram import log_mel
from dlfun.preparation import LogMel
from dlfun.types import Spec

RATE = 8000
SPECTROGRAM = LogMel(RATE, bands=24)
LONGEST = 0.30  # seconds
SPEAKERS = (60, 15)  # in training and in test, a third each of men, women and children
UTTERANCES = 4  # of each vowel by each speaker
BANDWIDTHS = (60.0, 90.0, 150.0)  # of the formants, in Hz

# Peterson & Barney (1952), Table II: pitch and formants in Hz of men, women and children.
AVERAGES = {
    "heed": ((136, 270, 2290, 3010), (235, 310, 2790, 3310), (272, 370, 3200, 3730)),
    "hid": ((135, 390, 1990, 2550), (232, 430, 2480, 3070), (269, 530, 2730, 3600)),
    "head": ((130, 530, 1840, 2480), (223, 610, 2330, 2990), (260, 690, 2610, 3570)),
    "had": ((127, 660, 1720, 2410), (210, 860, 2050, 2850), (251, 1010, 2320, 3320)),
    "hod": ((124, 730, 1090, 2440), (212, 850, 1220, 2810), (256, 1030, 1370, 3170)),
    "hawed": ((129, 570, 840, 2410), (216, 590, 920, 2710), (263, 680, 1060, 3180)),
    "hood": ((137, 440, 1020, 2240), (232, 470, 1160, 2680), (276, 560, 1410, 3310)),
    "whod": ((141, 300, 870, 2240), (231, 370, 950, 2670), (274, 430, 1170, 3260)),
    "hud": ((130, 640, 1190, 2390), (221, 760, 1400, 2780), (261, 850, 1590, 3360)),
    "heard": ((133, 490, 1350, 1690), (218, 500, 1640, 1960), (261, 560, 1820, 2160)),
}


class Speaker(NamedTuple):
    """Factors by which a speaker differs from the averages of men, women or children.

    Attributes:
      kind: 0 a man, 1 a woman, 2 a child.
      pitch: a factor.
      formants: [vowels, 3] factors, the length of the vocal tract among them.
    """

    kind: int
    pitch: float
    formants: np.ndarray


class Utterance(NamedTuple):
    """What is spoken once: Hz, seconds and decibels.

    `tilt` is the pole of the low-pass filter, between 0 and 1. The vowel begins after `silence`
    and lasts for `duration`; `noise` is the level of the background below the vowel's.
    """

    pitch: float
    formants: Sequence[float]
    tilt: float
    silence: float
    duration: float
    level: float
    noise: float


def draw_speaker(kind: int, random: np.random.Generator) -> Speaker:
    """A speaker of this kind."""
    tract = random.normal(1, 0.06)
    return Speaker(kind, random.normal(1, 0.1), tract * random.normal(1, 0.05, (len(AVERAGES), 3)))


def draw_utterance(speaker: Speaker, vowel: int, random: np.random.Generator) -> Utterance:
    """How a speaker says a vowel this time."""
    pitch, *formants = list(AVERAGES.values())[vowel][speaker.kind]
    duration = random.uniform(0.08, 0.16)
    return Utterance(
        pitch=pitch * speaker.pitch * random.normal(1, 0.05),
        formants=formants * speaker.formants[vowel] * random.normal(1, 0.03, 3),
        tilt=random.uniform(0.5, 0.95),
        silence=random.uniform(0, LONGEST - duration),
        duration=duration,
        level=random.uniform(-26, -12),
        noise=random.uniform(-5, 15),
    )


def pulses(pitch: float, samples: int, random: np.random.Generator) -> np.ndarray:
    """[samples] with a 1 where the glottis closes: the pitch falls by a tenth, with 1 % jitter."""
    fall = np.linspace(1.05, 0.95, samples)
    wander = random.normal(1, 0.01, samples)
    phase = np.cumsum(pitch / RATE * fall * wander) + random.random()
    return np.diff(np.floor(phase), prepend=0.0).clip(0, 1)


def vocal_tract(formants: Sequence[float]) -> np.ndarray:
    """The denominator [7] of three second-order resonators in cascade (Klatt 1980)."""
    whole = np.ones(1)
    for hz, width in zip(formants, BANDWIDTHS, strict=True):
        radius = math.exp(-math.pi * width / RATE)
        angle = 2 * math.pi * min(hz, 0.48 * RATE) / RATE
        whole = np.convolve(whole, [1, -2 * radius * math.cos(angle), radius**2])
    return whole


def synthesize(said: Utterance, random: np.random.Generator) -> np.ndarray:
    """The waveform [samples] of an utterance, its background noise included, int16."""
    from scipy.signal import lfilter

    voiced, before = int(said.duration * RATE), int(said.silence * RATE)
    after = random.integers(0, int(LONGEST * RATE) - before - voiced + 1)
    source = lfilter([1], [1, -said.tilt], pulses(said.pitch, voiced, random))
    voice = lfilter([1], vocal_tract(said.formants), source)
    edge = np.minimum(np.arange(voiced), np.arange(voiced)[::-1]) / (0.02 * RATE)
    voice *= np.minimum(edge, 1) / np.sqrt(np.mean(voice**2))
    background = random.normal(0, 10 ** (-said.noise / 20), before + voiced + after)
    background[before : before + voiced] += voice
    return np.round(32767 * np.clip(10 ** (said.level / 20) * background, -1, 1)).astype(np.int16)


def generate(speakers: int, split: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Every utterance of so many speakers: speaker, vowel, and waveform [samples] int16."""
    random = np.random.Generator(np.random.PCG64([1952, split]))
    for person in range(speakers):
        speaker = draw_speaker(person % 3, random)
        for vowel in np.tile(np.arange(len(AVERAGES)), UTTERANCES):
            said = draw_utterance(speaker, vowel, random)
            yield person, int(vowel), synthesize(said, random)


class Vowels(tfds.core.GeneratorBasedBuilder):
    """Synthetic vowels of speakers that training and test do not share."""

    name = "vowels"
    VERSION = tfds.core.Version("1.0.0")
    LOG_MEL = SPECTROGRAM
    ENCODING = repr(SPECTROGRAM)

    def spec(self) -> Spec:
        """What a model must know of the data."""
        return Spec(
            shape=(SPECTROGRAM.frames(round(LONGEST * RATE)), SPECTROGRAM.bands),
            modality="speech",
            task="classification",
            outputs=len(AVERAGES),
            padded=True,
            official_split=f"{SPEAKERS[0]} speakers train, {SPEAKERS[1]} other speakers test",
        )

    def encode(self, examples: Sequence[dict[str, Any]]) -> dict[str, np.ndarray]:
        """Log-mel spectrograms of recordings, and who speaks."""
        waveforms = [example["waveform"] for example in examples]
        features, lengths = log_mel(waveforms, np.array(list(map(len, waveforms))), SPECTROGRAM)
        return {
            "inputs": features,
            "targets": np.array([example["vowel"] for example in examples]),
            "lengths": lengths,
            "groups": np.array([example["speaker"] for example in examples], np.int32),
        }

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "waveform": tfds.features.Tensor(shape=(None,), dtype=np.int16, encoding="zlib"),
            "vowel": tfds.features.ClassLabel(names=list(AVERAGES)),
            "speaker": tfds.features.Scalar(dtype=np.int32),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description="Ten vowels at 8 kHz in background noise, formant-synthesised after "
            "measured averages of men, women and children.",
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("waveform", "vowel"),
            citation="Peterson, G. and Barney, H. (1952). Control methods used in a study of the "
            "vowels. JASA 24, 175-184; Klatt, D. (1980). Software for a cascade/parallel formant "
            "synthesizer. JASA 67, 971-995",
            disable_shuffling=True,
            metadata=tfds.core.MetadataDict({"rate": RATE}),
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        train, test = SPEAKERS
        return {
            "train": self._generate_examples(generate(train, 0), 0),
            "test": self._generate_examples(generate(test, 1), train),
        }

    def _generate_examples(
        self, spoken: Iterator[tuple[int, int, np.ndarray]], first: int
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        for index, (speaker, vowel, waveform) in enumerate(spoken):
            yield index, {"waveform": waveform, "vowel": vowel, "speaker": first + speaker}
