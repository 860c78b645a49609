"""The log-mel spectrogram against SciPy, a recording at a time and in double precision."""

import numpy as np
import pytest
from scipy.signal import spectrogram as scipy_spectrogram

from dlfun.data import spectrogram
from dlfun.data.spectrogram import log_mel
from dlfun.errors import UserError
from dlfun.preparation import LogMel


def reference(waveform: np.ndarray, s: LogMel) -> np.ndarray:
    """[frames, bands] of one whole recording."""
    size, step = int(s.rate * s.window), int(s.rate * s.hop)
    hz, _, spectrum = scipy_spectrogram(
        waveform.astype(np.float64),
        s.rate,
        "hann",
        size,
        size - step,
        s.points,
        False,
        mode="complex",
    )

    def mel(frequency):
        return 1127 * np.log1p(frequency / 700)

    edges = 700 * np.expm1(np.linspace(mel(s.low), mel(s.high), s.bands + 2) / 1127)
    filters = [np.interp(hz, edges[b : b + 3], [0, 1, 0]) for b in range(s.bands)]
    energies = (np.array(filters) @ np.abs(spectrum) ** 2).T
    logs = np.log(energies + spectrogram.FLOOR * energies.mean())
    return (logs - logs.mean()) / logs.std()


def lengths_of(recordings):
    return np.array([len(one) for one in recordings])


@pytest.fixture(scope="module")
def recordings() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    time = np.arange(4000) / 8000
    tones = np.sin(2 * np.pi * 700 * time) + 0.2 * np.sin(2 * np.pi * 2500 * time**2)
    loud = [8000 * tones[:n] + random.normal(0, 80, n) for n in (4000, 2345, 200)]
    return [recording.astype(np.int16) for recording in loud]


@pytest.mark.parametrize("settings", [LogMel(8000), LogMel(8000, 0.020, 0.008, 20, 0, 3500)])
def test_log_mel_equals_scipy(recordings, settings, monkeypatch):
    monkeypatch.setattr(spectrogram, "CHUNK", 2)
    monkeypatch.setattr(spectrogram, "BYTES", 8 * settings.points * 7)  # blocks of 7 windows
    features, frames = log_mel(recordings, lengths_of(recordings), settings)
    assert (features.dtype, frames.dtype) == (np.float32, np.int32)
    for found, length, recording in zip(features, frames, recordings, strict=True):
        expected = reference(recording, settings)
        assert length == len(expected)
        np.testing.assert_allclose(found[:length], expected, atol=1e-4)
        assert not found[length:].any()


def test_the_level_and_what_is_behind_the_end_do_not_matter(recordings):
    lengths = lengths_of(recordings)
    features, _ = log_mel(recordings, lengths, LogMel(8000))
    ends = np.full(500, 1000)
    changed = [np.concatenate([one, ends]) / np.float32(32768) for one in recordings]
    np.testing.assert_allclose(log_mel(changed, lengths, LogMel(8000))[0], features, atol=1e-4)
    for samples in (400, 1000):
        silence = np.zeros((1, samples), np.int16)
        assert not log_mel(silence, np.array([samples]), LogMel(8000))[0].any()


def test_recordings_and_filters_that_do_not_fit_are_errors():
    with pytest.raises(UserError, match="199 samples is shorter than a window of 200"):
        log_mel([np.ones(300), np.ones(199)], np.array([300, 199]), LogMel(8000))
    with pytest.raises(UserError, match="4000 Hz do not fit"):
        log_mel(np.ones((1, 300)), np.array([300]), LogMel(6000))
    with pytest.raises(UserError, match="400 mel bands leave some of them empty"):
        log_mel(np.ones((1, 300)), np.array([300]), LogMel(8000, bands=400))


def test_no_more_is_computed_than_the_windows_there_are(monkeypatch):
    """Ten seconds among a hundred short ones: neither rows nor windows are padded."""
    settings = LogMel(44100)
    lengths = np.array([10 * 44100, *[1500] * 100])
    silence = np.zeros(10 * 44100, np.int16)
    energies, standardized = spectrogram.compiled(settings)
    blocks, rows = [], []

    def counted(windows):
        blocks.append(len(windows))
        return energies(windows)

    def noted(energies, lengths):
        rows.append(energies.nbytes)
        return standardized(energies, lengths)

    monkeypatch.setattr(spectrogram, "compiled", lambda _: (counted, noted))
    features, frames = log_mel((silence for _ in lengths), lengths, settings)
    assert features.shape == (101, 998, 40)
    assert frames.sum() <= sum(blocks) < frames.sum() + blocks[0]
    assert 8 * settings.points * max(blocks) <= spectrogram.BYTES
    assert sum(rows) == features.nbytes
    assert max(rows) <= spectrogram.BYTES
