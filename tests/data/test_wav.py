"""Wav files as programs write them, byte by byte."""

import io
import struct

import numpy as np
import pytest

from dlfun import data
from dlfun.data import wav
from dlfun.data.spectrogram import mel_filters
from dlfun.data.user_files.recordings import HIGHEST, RATES, read_recordings
from dlfun.errors import UserError
from dlfun.preparation import LogMel
from dlfun.types import DataOptions
from tests.data.test_own import noise, save_recordings, save_wav

SAMPLES = noise(20)
RATE = 8000
SIZE = 2 * len(SAMPLES)
GUID = bytes.fromhex("000000001000800000aa00389b71")


def fmt(encoding=1, channels=1, rate=RATE, bits=16):
    width = channels * (bits + 7) // 8
    content = struct.pack("<HHIIHH", encoding, channels, rate, rate * width % 2**32, width, bits)
    return chunk(b"fmt ", content)


def extensible(encoding=1, channels=1, bits=16, guid=GUID):
    width = channels * bits // 8
    plain = struct.pack("<HHIIHH", 0xFFFE, channels, RATE, RATE * width, width, bits)
    return chunk(b"fmt ", plain + struct.pack("<HHIH", 22, bits, 4, encoding) + guid)


def chunk(name, content=b"", size=None, pad=True):
    odd = len(content) % 2 if pad else 0
    return name + struct.pack("<I", len(content) if size is None else size) + content + bytes(odd)


def riff(*chunks, size=None, name=b"RIFF"):
    content = b"WAVE" + b"".join(chunks)
    return name + struct.pack("<I", len(content) if size is None else size) + content


def samples(size=None):
    return chunk(b"data", SAMPLES.tobytes(), size)


def long(count):
    return chunk(b"ds64", struct.pack("<QQQI", 0, count, 0, 0))


LIST = chunk(b"LIST", b"INFOISFT\x04\0\0\0Lavf")
GIANT = 2**32 - 1

GOOD = {
    "plain": riff(fmt(), samples()),
    "ffmpeg into a pipe": riff(fmt(), LIST, samples(GIANT), size=GIANT),
    "sox into a pipe": riff(fmt(), samples(0x7FFFF000), size=0x7FFFF024),
    "arecord into a pipe": riff(fmt(), samples(0x7FFFFF00), size=0x7FFFFF24),
    "Python into a pipe": riff(fmt(), samples(0), size=36),
    "no size at all": riff(fmt(), samples(0), size=0),
    "extensible": riff(extensible(), samples()),
    "extensible into a pipe": riff(extensible(), samples(GIANT), size=GIANT),
    "RF64": riff(long(SIZE), fmt(), samples(GIANT), LIST, size=GIANT, name=b"RF64"),
    "RF64 into a pipe": riff(long(0), fmt(), samples(GIANT), size=GIANT, name=b"RF64"),
    "12 bits in 16": riff(fmt(bits=12), samples()),
    "chunks before and after": riff(LIST, fmt(), LIST, samples(), LIST),
    "odd chunk": riff(fmt(), chunk(b"note", b"odd"), samples()),
    "odd chunk, not padded": riff(fmt(), chunk(b"note", b"odd", pad=False), samples()),
    "wrong size of the whole": riff(fmt(), samples(), size=7),
    "longer format": riff(fmt()[:4] + b"\x12" + fmt()[5:] + bytes(2), samples()),
    "half a sample more": riff(fmt(), samples(SIZE + 1)) + b"\1\0",
}


@pytest.mark.parametrize("case", GOOD)
def test_the_samples_of_a_recording_are_read_whole(case):
    found, rate = wav.read(io.BytesIO(GOOD[case]), "a.wav")
    np.testing.assert_array_equal(found, SAMPLES)
    assert (found.dtype, rate) == (np.int16, RATE)


BAD = {
    "nothing": (b"", r"cannot be read as wav \(it does not begin as one\)"),
    "MP3": (b"ID3" + bytes(99), "does not begin as one"),
    "big-endian": (riff(fmt(), samples(), name=b"RIFX"), "does not begin as one"),
    "no samples": (riff(fmt(), LIST), "it holds no samples"),
    "no format": (riff(samples()), "it does not say how they are written"),
    "cut format": (riff(fmt())[:30], "it does not say how they are written"),
    "cut": (riff(fmt(), samples())[:-1], "ends before its last sample"),
    "cut RF64": (
        riff(long(SIZE + 2), fmt(), samples(GIANT), name=b"RF64"),
        "ends before its last sample",
    ),
    "empty": (riff(fmt(), chunk(b"data")), "is an empty recording"),
    "empty, chunk behind": (riff(fmt(), chunk(b"data"), LIST), "is an empty recording"),
    "empty pipe": (riff(fmt(), chunk(b"data", size=GIANT), size=GIANT), "is an empty recording"),
    "stereo": (riff(fmt(channels=2), samples()), "has 2 channels of 16 bits; recordings must"),
    "8 bits": (riff(fmt(bits=8), samples()), "has 1 channel of 8 bits; recordings must"),
    "24 bits": (riff(extensible(bits=24), samples()), "has 1 channel of 24 bits; recordings must"),
    "float": (riff(fmt(3, bits=32), samples()), r"has 1 channel of 32 bits \(floating-point\)"),
    "extensible float": (
        riff(extensible(3, bits=32), samples()),
        r"has 1 channel of 32 bits \(floating-point\)",
    ),
    "A-law": (riff(fmt(6, bits=8), samples()), r"has 1 channel of 8 bits \(A-law\)"),
    "other": (riff(fmt(0x99), samples()), r"of 16 bits \(of encoding 0x99, not PCM\)"),
    "ambisonic": (riff(extensible(guid=bytes(14)), samples()), "of encoding 0xfffe, not PCM"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_with_a_recording_is_said(case):
    content, why = BAD[case]
    with pytest.raises(UserError, match=why) as caught:
        wav.read(io.BytesIO(content), "a.wav")
    assert str(caught.value).startswith("a.wav ")
    assert "\n" not in str(caught.value)


def test_a_piped_recording_makes_the_spectrogram_of_the_same_one_in_a_file(tmp_path):
    """ffmpeg's and a plain header before the same samples, through a folder."""
    said = noise(800)
    for name, head in (("pipe", GIANT), ("file", 2 * len(said))):
        content = riff(fmt(), chunk(b"data", said.tobytes(), head), size=GIANT)
        for i in range(4):
            path = tmp_path / name / "ab"[i % 2] / f"{i}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    piped, plain = (data.read(str(tmp_path / n), DataOptions()) for n in ("pipe", "file"))
    assert piped.checksum == plain.checksum


@pytest.mark.parametrize("rate", [0, 1, 100, RATES[0] - 1, RATES[1] + 1, 2**32 - 1])
def test_rates_without_a_spectrogram_are_refused(rate, tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(riff(fmt(rate=rate), samples()))
    with pytest.raises(UserError, match=f"says that it has {rate:,} samples? a second") as caught:
        read_recordings([path])
    assert "choose" not in str(caught.value)


def test_rates_that_are_allowed_fill_every_band():
    for rate in (*range(RATES[0], 800), 4000, 11025, 44100, 48000, 96000):
        assert mel_filters(LogMel(rate, high=min(rate / 2, HIGHEST))).any(0).all()


def test_one_sample_is_too_short(tmp_path):
    folder = save_recordings(tmp_path)
    save_wav(folder / "yes" / "9.wav", noise(1))
    with pytest.raises(UserError, match=r"9\.wav is a recording of 0\.125 ms"):
        data.read(str(folder), DataOptions())
