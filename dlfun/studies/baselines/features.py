"""Hand-made features: what classical models read in place of what a network learns to see."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dlfun.config.classical import RAW
from dlfun.errors import OPT, UserError, missing_extra
from dlfun.learners.prepare import seen
from dlfun.scaling import Scaling
from dlfun.types import Spec, Split

COEFFICIENTS = 13
"""Cepstral coefficients of a frame of speech, the first of which is its loudness."""

REACH = 2
"""Frames to both sides that a delta is taken over."""

COLUMNS = 2048
"""Into so many columns the n-grams of a text are hashed."""

HANDMADE: Mapping[str, str] = {
    "image": "hog",
    "video": "hog",
    "speech": "mfcc",
    "text": "ngrams",
    "sequence": "spectrum",
}
"""Modality -> its hand-made features. The numbers of a vector are features already."""


def handmade(spec: Spec) -> str | None:
    """The hand-made features of such data; None where there are none."""
    return HANDMADE.get(spec.modality)


def check_features(name: str, spec: Spec) -> None:
    """Raises UserError unless such data have these features, and what makes them is installed."""
    if name == RAW:
        return
    own = handmade(spec)
    if name != own:
        advice = f"write +{own}" if own else "leave it out"
        raise UserError(
            f"{OPT.baselines}=...+{name}: the features of {spec.modality} data are not these; "
            f"{advice}"
        )
    if name == "hog" and importlib.util.find_spec("skimage") is None:
        raise missing_extra("+hog (scikit-image)", "baselines", "leave it out")


def extract(name: str, split: Split, spec: Spec, scaling: Scaling | None = None) -> np.ndarray:
    """Features of every example: [n, d] float32, those of an example of it alone.

    Args:
      name: raw, or what `handmade` says.
      split: inputs as stored [n, *shape], and where examples are padded, their lengths.

    Raises:
      UserError: as `check_features`.
    """
    check_features(name, spec)
    inputs = np.asarray(split.inputs)
    lengths = None if split.lengths is None else np.asarray(split.lengths)
    if name != "ngrams" and not (name == RAW and spec.vocabulary):
        inputs = seen(inputs, spec, scaling)
    makers: Mapping[str, Callable[..., np.ndarray]] = {
        RAW: raw,
        "hog": hog,
        "mfcc": mfcc,
        "ngrams": ngrams,
        "spectrum": spectrum,
    }
    return makers[name](inputs, lengths, spec).astype(np.float32, copy=False)


def raw(inputs: np.ndarray, lengths: np.ndarray | None, spec: Spec) -> np.ndarray:
    """Inputs flattened; ids as one-hot vectors, as the linear networks read them."""
    if spec.vocabulary:
        inputs = inputs[..., None] == np.arange(spec.vocabulary)
    return inputs.reshape(len(inputs), -1)


def is_real(lengths: np.ndarray | None, inputs: np.ndarray) -> np.ndarray:
    """Which steps of [n, time, ...] are no padding: [n, time] of 0 and 1."""
    time = inputs.shape[1]
    ends = np.full(len(inputs), time) if lengths is None else lengths
    return (np.arange(time) < ends[:, None]).astype(np.float32)


def moments(values: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Mean and standard deviation over real steps: [n, time, d] -> [n, 2 d]; no step gives 0."""
    weight = real[:, :, None]
    count = np.maximum(weight.sum(1), 1)
    mean = (values * weight).sum(1) / count
    variance = (np.square(values - mean[:, None]) * weight).sum(1) / count
    return np.concatenate([mean, np.sqrt(variance)], axis=1)


def hog(inputs: np.ndarray, lengths: np.ndarray | None, spec: Spec) -> np.ndarray:
    """Histograms of oriented gradients (Dalal & Triggs 2005).

    Nine orientations in about four cells along the shorter side, of 2 to 8 pixels, normalised in
    blocks of 2 x 2 cells. Of a video, the mean and standard deviation over its frames, and of
    what changes from one frame to the next.
    """
    if spec.modality == "image":
        return frame_hog(inputs)
    n, frames = inputs.shape[:2]
    each = frame_hog(inputs.reshape(-1, *inputs.shape[2:])).reshape(n, frames, -1)
    real = is_real(lengths, inputs)
    changes = moments(np.diff(each, axis=1), real[:, 1:])
    return np.concatenate([moments(each, real), changes], axis=1)


def frame_hog(images: np.ndarray) -> np.ndarray:
    """The histograms of each of images [n, height, width, channels]: [n, d]."""
    from skimage import feature

    side = min(images.shape[1:3])
    cell = min(side, max(2, min(8, side // 4)))
    block = min(2, side // cell)

    def one(image: np.ndarray) -> np.ndarray:
        return feature.hog(
            image,
            orientations=9,
            pixels_per_cell=(cell, cell),
            cells_per_block=(block, block),
            channel_axis=-1,
        )

    return np.stack([one(image) for image in images]).astype(np.float32)


def mfcc(inputs: np.ndarray, lengths: np.ndarray | None, spec: Spec) -> np.ndarray:
    """Statistics of mel-frequency cepstral coefficients (Davis & Mermelstein 1980).

    The cosine transform of each log-mel frame of [n, frames, bands], of which the first
    `COEFFICIENTS` are kept; their mean and standard deviation over the frames of a recording, and
    those of their deltas.
    """
    from scipy import fft

    cepstra = fft.dct(inputs, axis=2, norm="ortho")[:, :, :COEFFICIENTS]
    real = is_real(lengths, inputs)
    last = real.sum(1).astype(int) - 1
    return np.concatenate([moments(cepstra, real), moments(deltas(cepstra, last), real)], axis=1)


def deltas(values: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The slope at each step of [n, time, d], by least squares over `REACH` steps to both sides.

    What lies before the first or behind the `last` step [n] is as at that step (Furui 1986).
    Slopes behind the last step mean nothing.
    """
    steps = np.arange(values.shape[1])[None]
    total = np.zeros_like(values)
    for k in range(1, REACH + 1):
        after, before = np.minimum(steps + k, last[:, None]), np.maximum(steps - k, 0)
        pair = [np.take_along_axis(values, at[:, :, None], axis=1) for at in (after, before)]
        total += k * (pair[0] - pair[1])
    return total / (2 * sum(k * k for k in range(1, REACH + 1)))


def ngrams(inputs: np.ndarray, lengths: np.ndarray | None, spec: Spec) -> np.ndarray:
    """Frequencies of all sequences of one to three tokens, hashed into `COLUMNS` columns.

    The counts of each text are divided by their Euclidean norm. Hashing (Weinberger et al. 2009)
    needs no vocabulary, which would have to be learned from the training split.
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    ends = np.full(len(inputs), inputs.shape[1]) if lengths is None else lengths
    # Characters for private use: none is a space, which the vectoriser would merge.
    texts = [
        "".join(chr(0xF0000 + i) for i in ids[:end].tolist())
        for ids, end in zip(inputs, ends, strict=True)
    ]
    options: dict[str, Any] = {"analyzer": "char", "ngram_range": (1, 3), "lowercase": False}
    vectorizer = HashingVectorizer(n_features=COLUMNS, alternate_sign=False, **options)
    return vectorizer.transform(texts).toarray()


def spectrum(inputs: np.ndarray, lengths: np.ndarray | None, spec: Spec) -> np.ndarray:
    """Magnitudes of the Fourier transform of each channel, and statistics of its values.

    Of [n, time, channels]: mean, standard deviation, least and greatest value, those moments of
    the change from one step to the next, and the magnitudes at all frequencies but 0 of what is
    left when the mean is taken away; padding counts as the mean.
    """
    real = is_real(lengths, inputs)
    weight = real[:, :, None]
    middle = moments(inputs, real)
    changes = moments(np.abs(np.diff(inputs, axis=1)), real[:, 1:])
    least = np.where(weight > 0, inputs, np.inf).min(1)
    greatest = np.where(weight > 0, inputs, -np.inf).max(1)
    centred = (inputs - middle[:, None, : inputs.shape[2]]) * weight
    magnitudes = np.abs(np.fft.rfft(centred, axis=1))[:, 1:].reshape(len(inputs), -1)
    return np.concatenate([middle, least, greatest, changes, magnitudes], axis=1)
