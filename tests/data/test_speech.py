"""Recordings: wav files, spoken digits and speech commands."""

import hashlib
import io
import tarfile

import numpy as np
import pytest
from scipy.io import wavfile

from dlfun import data
from dlfun.data.catalog import speech_commands, spoken_digit
from dlfun.data.spectrogram import log_mel
from dlfun.data.speech import read_wav, spectrograms
from dlfun.data.tfds import download
from dlfun.errors import UserError
from dlfun.preparation import LogMel
from dlfun.types import DataOptions
from tests.data.test_catalogue import tar

RANDOM = np.random.default_rng(11)


def wav(samples, rate=8000):
    """A wav file, as SciPy writes it."""
    stream = io.BytesIO()
    wavfile.write(stream, rate, samples)
    return stream.getvalue()


def noise(samples):
    return RANDOM.integers(-9000, 9000, samples).astype(np.int16)


def test_read_wav_equals_scipy():
    samples = noise(777)
    np.testing.assert_array_equal(read_wav(wav(samples), "a.wav", 8000), samples)


BAD = [
    (wav(noise(500), 16000), "a.wav has 16000 samples a second; resample it to 8000"),
    (wav(noise(0)), "a.wav is an empty recording; take it out"),
    (wav(noise((500, 2))), "a.wav has 2 channels of 16 bits; recordings must be of 16 bits"),
    (wav(np.zeros(500, np.uint8)), "a.wav has 1 channel of 8 bits"),
    (wav(np.zeros(500, np.float32)), r"a.wav has 1 channel of 32 bits \(floating-point\)"),
    (b"hello there", "a.wav cannot be read as wav"),
    (b"", "a.wav cannot be read as wav"),
]


@pytest.mark.parametrize(("content", "why"), BAD)
def test_a_bad_recording_is_named(content, why):
    with pytest.raises(UserError, match=why) as caught:
        read_wav(content, "a.wav", 8000)
    assert "\n" not in str(caught.value)


def test_recordings_are_cut_and_padded():
    settings = LogMel(8000, bands=20)
    recordings = [noise(n) for n in (300, 900, 2000, 1000, 250)]
    features, lengths = spectrograms(recordings, settings, 1000)
    assert features.shape == (5, 1 + (1000 - 200) // 80, 20)
    assert lengths.tolist() == [1 + (n - 200) // 80 for n in (300, 900, 1000, 1000, 250)]
    for recording, found, length in zip(recordings, features, lengths, strict=True):
        kept = recording[None, :1000]
        alone, _ = log_mel(kept, np.array([kept.shape[1]]), settings)
        np.testing.assert_allclose(found[:length], alone[0], atol=1e-4)
        assert not found[length:].any()


def recordings_of(speakers=("theo", "jackson"), digits=(3, 7), indices=(0, 4, 5, 30)):
    names = [f"{d}_{s}_{i}.wav" for d in digits for s in speakers for i in indices]
    return {name: noise(RANDOM.integers(400, 9500)) for name in names}


def as_files(recordings):
    return {f"recordings/{name}": wav(samples) for name, samples in recordings.items()}


def read_digits(tmp_path, folder):
    chosen = DataOptions(data_dir=str(tmp_path / "data"), manual_dir=str(folder))
    return data.read("spoken_digit", chosen)


def check_digits(raw, recordings):
    """The splits hold the recordings of their indices: digits, speakers and lengths."""
    tested = {name: int(name.split("_")[2][:-4]) < 5 for name in recordings}
    for split, groups, test in ((raw.train, raw.groups[0], False), (raw.test, raw.groups[1], True)):
        names = [name for name in recordings if tested[name] is test]
        frames = {name: 1 + (min(len(recordings[name]), 8000) - 200) // 80 for name in names}
        wanted = [
            (int(n[0]), ("george", "jackson", "nicolas", "theo", "yweweler").index(n.split("_")[1]))
            for n in names
        ]
        rows = zip(split.targets.tolist(), groups.tolist(), split.lengths.tolist(), strict=True)
        assert sorted(rows) == sorted(
            (*who, frames[n]) for who, n in zip(wanted, names, strict=True)
        )
        assert split.inputs.shape == (len(names), 98, 40)
    assert raw.spec.padded
    assert "speakers are in both" in raw.spec.official_split


def test_spoken_digits_of_the_stock_archive(expect, tmp_path):
    recordings = recordings_of()
    files = as_files(recordings) | {"README.md": b"digits", "utils/x.wav": b"no recording"}
    archive = tar(files, "free-spoken-digit-dataset-1.0.9/")
    names = {"free-spoken-digit-dataset-1.0.9.tar.gz": archive}
    raw = read_digits(tmp_path, expect(spoken_digit.SpokenDigit, names))
    check_digits(raw, recordings)
    assert raw.version == "1.0.9"


def test_spoken_digits_repackaged(monkeypatch, tmp_path):
    recordings = recordings_of()
    content = tar(as_files(recordings))
    (tmp_path / "recordings.tar").write_bytes(content)
    monkeypatch.setattr(download, "answers", lambda url: False)
    with pytest.raises(UserError, match=r"recordings\.tar has a wrong checksum: .*; take it away"):
        read_digits(tmp_path, tmp_path)
    seal = ("recordings.tar", hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(spoken_digit.SpokenDigit, "SUBSTITUTE", seal)
    check_digits(read_digits(tmp_path, tmp_path), recordings)


def test_spoken_digits_that_are_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(download, "answers", lambda url: False)
    why = r"put free-spoken-digit-dataset-1\.0\.9\.tar\.gz or recordings\.tar into a folder and"
    with pytest.raises(UserError, match=why):
        read_digits(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("3_theo_9.wav", wav(noise(500), 11025), "3_theo_9.wav has 11025 samples a second"),
        ("3_someone_9.wav", wav(noise(500)), "3_someone_9.wav is not named DIGIT_SPEAKER_INDEX"),
        ("3_theo_9.wav", wav(noise(50)), "a recording of 50 samples is shorter than a window"),
    ],
)
def test_a_bad_spoken_digit(expect, tmp_path, name, content, why):
    files = as_files(recordings_of()) | {f"recordings/{name}": content}
    names = {"free-spoken-digit-dataset-1.0.9.tar.gz": tar(files, "f/")}
    folder = expect(spoken_digit.SpokenDigit, names)
    with pytest.raises(UserError, match=why) as caught:
        read_digits(tmp_path, folder)
    assert "\n" not in str(caught.value)
    assert [p.name for p in (tmp_path / "data").iterdir()] == [".lock.spoken_digit"]


def test_the_real_spoken_digits(shared_data, tmp_path, key):
    folder = shared_data / "spoken_digit"
    raw = read_digits(tmp_path, folder)
    with tarfile.open(folder / "recordings.tar") as archive:
        members = [m for m in archive if m.isfile()]
        recordings = {
            m.name.split("/")[1]: wavfile.read(io.BytesIO(archive.extractfile(m).read()))[1]
            for m in members
        }
    assert len(recordings) == 2500
    check_digits(raw, recordings)
    out = data.split(raw, key, 3, DataOptions(split="leave_one_speaker_out"))
    assert len(out.test.targets) == 500
    assert sorted(out.test.lengths) == sorted(
        1 + (min(len(s), 8000) - 200) // 80 for n, s in recordings.items() if "_theo_" in n
    )


def test_speech_commands_follow_the_published_lists(expect, tmp_path):
    said = {
        name: noise(RANDOM.integers(900, 2000))
        for name in (
            *("yes/a_nohash_0.wav", "yes/b_nohash_0.wav", "yes/c_nohash_0.wav"),
            *("bed/a_nohash_0.wav", "bed/b_nohash_1.wav", "up/c_nohash_0.wav"),
        )
    }
    rate = 16000
    taps = {f"_background_noise_/{n}.wav": noise(rate * 2 + 99) for n in ("hiss", "running_tap")}
    lists = {
        "validation_list.txt": b"yes/b_nohash_0.wav\nbed/b_nohash_1.wav\n",
        "testing_list.txt": b"yes/c_nohash_0.wav\nup/c_nohash_0.wav\n",
        "_background_noise_/README.md": b"noise",
    }
    wavs = {name: wav(samples, rate) for name, samples in (said | taps).items()}
    tests = {"yes/c_nohash_0.wav": wavs["yes/c_nohash_0.wav"], "LICENSE": b"free"}
    tests |= {f"{n}/x.wav": wav(noise(1000), rate) for n in ("_silence_", "_unknown_")}
    folder = expect(
        speech_commands.SpeechCommands,
        {
            "speech_commands_v0.02.tar.gz": tar(lists | wavs, "./"),
            "speech_commands_test_set_v0.02.tar.gz": tar(tests, "./"),
        },
    )
    chosen = DataOptions(data_dir=str(tmp_path / "data"), manual_dir=str(folder))
    raw = data.read("speech_commands", chosen)
    words = ["down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes"]
    yes, silence, unknown = words.index("yes"), 10, 11
    frames = {name: 1 + (len(samples) - 400) // 160 for name, samples in said.items()}
    pieces = [(silence, 98)] * 3  # of a second, half a second apart, in a little more than two
    wanted = {
        "train": [(yes, frames["yes/a_nohash_0.wav"]), (unknown, frames["bed/a_nohash_0.wav"])],
        "validation": [
            (yes, frames["yes/b_nohash_0.wav"]),
            (unknown, frames["bed/b_nohash_1.wav"]),
        ],
    }
    for part, split in (("train", raw.train), ("validation", raw.validation)):
        rows = zip(split.targets.tolist(), split.lengths.tolist(), strict=True)
        assert sorted(rows) == sorted(wanted[part] + pieces)
    assert sorted(raw.test.targets) == [yes, silence, unknown]
    assert raw.train.inputs.shape[1:] == raw.spec.shape == (98, 40)
