"""Data sets that are not in the table, but lie prepared by TFDS in the data folder.

Their features say what they are: one input (an image, numbers, a text) and one target (a class,
or numbers to predict), named by the supervised keys.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlfun.data.own.parts import HELD_OUT, uniforms
from dlfun.data.prepare import Place
from dlfun.data.reading import Raw, data_root, fetch, raw_of
from dlfun.data.splitting import stratified_order
from dlfun.data.text import BYTES, encode_bytes
from dlfun.errors import UserError
from dlfun.types import DataOptions, Spec

NAME = re.compile(r"[A-Za-z0-9]\w*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)?", re.ASCII)
VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
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


class Prepared(Place):
    """The place of a prepared data set, whose `config` is the path from the root to it."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders from the root to the prepared data."""
        return Path(self.config).parts

    @property
    def encoding(self) -> str:
        """How arrays are made from its records."""
        return f"by features; texts of at most {LONGEST} bytes"

    def builder(self, root: Path | None = None) -> Any:
        """A builder that only reads.

        Raises:
          UserError: if a feature needs TensorFlow, or the files are damaged.
        """
        import tensorflow_datasets as tfds

        try:
            builder: Any = tfds.builder_from_directory(self.folder)
        except Exception as error:  # TFDS raises whatever the file or feature happens to break
            raise UserError(
                f"{self.folder} cannot be read without TensorFlow ({type(error).__name__}); its "
                "features must be of Image, Tensor, Scalar, Text and ClassLabel"
            ) from error
        builder.encode = functools.partial(encode, builder.info, self.name)
        return builder


def newest(folder: Path) -> Path | None:
    """The highest version that lies prepared in a folder."""
    found = [
        path.parent
        for path in folder.glob("*/dataset_info.json")
        if VERSION.fullmatch(path.parent.name)
    ]
    return max(found, key=lambda path: [*map(int, path.name.split("."))], default=None)


def find(name: str, options: DataOptions) -> Prepared | None:
    """Where a data set NAME or NAME/CONFIG lies prepared, or None.

    Raises:
      UserError: if it lies there in several configs and none is named.
    """
    root = data_root(options)
    folder = newest(root / name) if NAME.fullmatch(name) else None
    if folder is None and NAME.fullmatch(name) and "/" not in name:
        configs = [path for path in sorted((root / name).glob("*")) if newest(path)]
        if len(configs) > 1:
            known = ", ".join(f"{name}/{path.name}" for path in configs)
            raise UserError(f"{name} is prepared in several configs; name one: {known}")
        folder = newest(configs[0]) if configs else None
    if folder is None:
        return None
    return Prepared(name, None, str(folder.relative_to(root)), root)


def read_prepared(where: Prepared, options: DataOptions) -> Raw:
    """A data set that `find` found: see `dlfun.data.read`.

    Raises:
      UserError: if it has no training split, no labels, or features that are not understood.
    """
    builder = where.builder()
    arrays, checksum = fetch(where, options)
    if "train_inputs" not in arrays:
        raise UserError(
            f"{where.name} has no training split, but {', '.join(builder.info.splits) or 'none'}"
        )
    arrays, rule = with_test_split(shortened(arrays))
    spec = infer(builder.info, arrays, rule)
    return raw_of(where.name, builder, spec, arrays, checksum, options)


def kind(feature: Any) -> str:
    """What a feature of TFDS is: image, text, label, numbers, or "" where it is not understood."""
    found = KINDS.get(type(feature).__name__, "")
    if found == "numbers" and np.dtype(feature.np_dtype).kind not in "biuf":
        return ""
    return found


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
    inputs, targets = (info.features.get(key) for key in keys)
    if kind(inputs) not in ("image", "text", "numbers"):
        raise UserError(
            f"{name}: the input '{keys[0]}' is {inputs}; it must be an Image, a Text or a Tensor "
            "of numbers"
        )
    real = kind(targets) == "numbers" and np.dtype(targets.np_dtype).kind == "f"
    if kind(targets) != "label" and not (real and len(targets.shape) <= 1):
        raise UserError(
            f"{name}: the target '{keys[1]}' is {targets}; it must be a ClassLabel, or a Scalar "
            "or vector of floats to predict"
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
            f"{name}: {len(outside)} labels, such as {outside[0]}, are outside the classes 0 to "
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


def shortened(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Texts padded to the longest of all splits only."""
    ends = [array.max() for name, array in arrays.items() if name.endswith("_lengths")]
    if not ends:
        return arrays
    return {
        name: array[:, : max(ends)] if name.endswith("_inputs") else array
        for name, array in arrays.items()
    }


def with_test_split(arrays: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], str]:
    """The arrays with a test split, and in words what it is."""
    if "test_inputs" in arrays:
        return arrays, "as prepared"
    if "validation_inputs" in arrays:
        renamed = {name.replace("validation_", "test_"): array for name, array in arrays.items()}
        return renamed, "there is no test split as prepared: the validation split is for test"
    targets = arrays["train_targets"]
    order = stratified_order(targets, uniforms(len(targets)))
    count = max(1, round(len(targets) / 5))
    rows = {"train": np.sort(order[count:]), "test": np.sort(order[:count])}
    made = {
        name.replace("train", split, 1): array[rows[split]]
        for split in rows
        for name, array in arrays.items()
    }
    return made, f"there is no test split as prepared: {HELD_OUT}"


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
        raise UserError(f"{info.name}: '{key}' has {inputs.ndim - 1} axes; it must have 1 to 4")
    if inputs.dtype.name in WHITE and inputs.ndim > 3:
        white = WHITE[inputs.dtype.name]
        return dataclasses.replace(plain, likelihood="bernoulli", scale=1 / white)
    return plain
