"""Data sets that are not in the table, but lie prepared by TFDS in the data folder."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import numpy as np

from dlfun.data.raw import Raw
from dlfun.data.sampling import HELD_OUT, fifth
from dlfun.data.tfds.features import LONGEST, encode, infer
from dlfun.data.tfds.prepare import Place
from dlfun.data.tfds.reading import data_root, fetch, raw_of
from dlfun.data.user_files import parts
from dlfun.errors import UserError
from dlfun.objectives.tasks import task_of
from dlfun.types import DataOptions

NAME = re.compile(r"[A-Za-z0-9]\w*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)?", re.ASCII)
VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


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
    raw = raw_of(where.name, builder, spec, arrays, checksum, options)
    return measured(raw, where.folder) if task_of(spec).numbers else raw


def measured(raw: Raw, path: Path) -> Raw:
    """The same, its targets to be standardised by the training rows of each replicate.

    Raises:
      UserError: if they vary by too little or too much.
    """
    splits = {"train": raw.train, "validation": raw.validation, "test": raw.test}
    held = {name: split for name, split in splits.items() if split is not None}
    found, scaling = parts.stored(held, None, path)
    train, test, validation = found["train"], found["test"], found.get("validation")
    return raw._replace(train=train, test=test, validation=validation, scaling=scaling)


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
    rows = fifth(arrays["train_targets"])
    made = {
        name.replace("train", split, 1): array[rows[split]]
        for split in rows
        for name, array in arrays.items()
    }
    return made, f"there is no test split as prepared: {HELD_OUT}"
