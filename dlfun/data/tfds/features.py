"""From the features of a TFDS data set to arrays and what a model must know of them.

Its supervised keys name one input (an image, numbers, a text) and one target (a class, or numbers
to predict).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dlfun.data.text import BYTES, encode_bytes
from dlfun.errors import UserError
from dlfun.types import Spec
from dlfun.words import plural

LONGEST = 1024  # bytes of a text
MODALITIES = {1: "vector", 2: "sequence", 3: "image", 4: "video"}
KINDS = {
    "Image": "image",
    "Text": "text",
    "ClassLabel": "label",
    "Tensor": "numbers",
    "Scalar": "numbers",
}
WHITE = {"bool": 1, "uint8": 255, "uint16": 65535}  # the largest value of a pixel


def kind(feature: Any) -> str:
    """What a feature of TFDS is: image, text, label, numbers, or "" where it is not understood."""
    found = KINDS.get(type(feature).__name__, "")
    if found == "numbers" and np.dtype(feature.np_dtype).kind not in "biuf":
        return ""
    return found


def shown(feature: Any) -> str:
    """A feature as an error shows it: in one line."""
    return " ".join(str(feature).split())


def supervised(info: Any, name: str) -> tuple[str, str]:
    """The names of the input and the target among the features.

    Raises:
      UserError: if they are not named, or not understood.
    """
    keys = info.supervised_keys
    if not isinstance(keys, tuple) or len(keys) != 2 or keys[0] == keys[1]:
        raise UserError(
            f"{name} has no labels: its supervised keys are {keys}, and must name one input and "
            "one target"
        )
    features = dict(info.features.items())
    inputs: Any = features.get(keys[0])
    targets: Any = features.get(keys[1])
    if kind(inputs) not in ("image", "text", "numbers"):
        raise UserError(
            f"{name}: the input '{keys[0]}' is {shown(inputs)}; it must be an Image, a Text or "
            "a Tensor of numbers"
        )
    real = kind(targets) == "numbers" and np.dtype(targets.np_dtype).kind == "f"
    if kind(targets) != "label" and not (real and len(targets.shape) <= 1):
        raise UserError(
            f"{name}: the target '{keys[1]}' is {shown(targets)}; it must be a ClassLabel, or "
            "a Scalar or vector of floats to predict"
        )
    return keys


def encode(info: Any, name: str, examples: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """The arrays of a split from its examples, as their features ask.

    Raises:
      UserError: if a feature is not understood, sizes differ, or a label is none of the classes.
    """
    key, target = supervised(info, name)
    targets = np.asarray([example[target] for example in examples])
    if kind(info.features[target]) == "label":
        check_labels(targets, info.features[target].num_classes, name)
    else:
        targets = targets.astype(np.float32).reshape(len(targets), -1)
    values = [example[key] for example in examples]
    if kind(info.features[key]) == "text":
        inputs, lengths = encode_bytes(values, LONGEST)
        return {"inputs": inputs, "targets": targets, "lengths": lengths}
    return {"inputs": stacked(values, key, name), "targets": targets}


def check_labels(labels: np.ndarray, classes: int, name: str) -> None:
    """Raises UserError if a label is none of the classes."""
    outside = labels[(labels < 0) | (labels >= classes)]
    if len(outside):
        raise UserError(
            f"{name}: labels such as {outside[0]} are outside the classes 0 to "
            f"{classes - 1}; prepare it without those examples"
        )


def stacked(values: Sequence[Any], key: str, name: str) -> np.ndarray:
    """Values of one shape as an array; wide numbers become float32, pixels stay as they are.

    Raises:
      UserError: if their shapes differ.
    """
    shapes = sorted({np.shape(value) for value in values})
    if len(shapes) > 1:
        raise UserError(
            f"{name}: '{key}' has examples of {len(shapes)} sizes, such as {shapes[0]} and "
            f"{shapes[-1]}; prepare them in one size"
        )
    array = np.stack(values)
    return array if array.dtype.name in WHITE else array.astype(np.float32)


def infer(info: Any, arrays: Mapping[str, np.ndarray], official_split: str) -> Spec:
    """What a model must know of the data, from their features and arrays.

    Raises:
      UserError: if inputs have no axis, or more than a video has.
    """
    key, target = info.supervised_keys
    inputs, targets = arrays["train_inputs"], arrays["train_targets"]
    label = kind(info.features[target]) == "label"
    plain = Spec(
        shape=inputs.shape[1:],
        modality=MODALITIES.get(inputs.ndim - 1, ""),
        task="classification" if label else "regression",
        outputs=info.features[target].num_classes if label else targets.shape[1],
        official_split=official_split,
    )
    if kind(info.features[key]) == "text":
        return dataclasses.replace(
            plain, modality="text", likelihood="categorical", vocabulary=BYTES, padded=True
        )
    if not plain.modality:
        raise UserError(
            f"{info.name}: '{key}' has {plural(inputs.ndim - 1, 'axis', 'axes')}; it must "
            "have 1 to 4"
        )
    if inputs.dtype.name in WHITE and inputs.ndim > 3:
        white = WHITE[inputs.dtype.name]
        return dataclasses.replace(plain, likelihood="bernoulli", scale=1 / white)
    return plain
