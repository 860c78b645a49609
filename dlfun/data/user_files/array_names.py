"""The names of arrays that are the inputs and targets of a split."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dlfun.data.user_files import parts
from dlfun.errors import OPT, UserError

PAIRS = {
    "train": (
        ("inputs", "targets"),
        ("train_inputs", "train_targets"),
        ("x_train", "y_train"),
        ("train_images", "train_labels"),
    ),
    "validation": (
        ("validation_inputs", "validation_targets"),
        ("x_validation", "y_validation"),
        ("x_val", "y_val"),
        ("val_images", "val_labels"),
    ),
    "test": (
        ("test_inputs", "test_targets"),
        ("x_test", "y_test"),
        ("test_images", "test_labels"),
    ),
}
"""Names of the arrays of each split; the last of each are those of MedMNIST (Yang et al. 2023)."""


IMAGES, CHANNELS = "_images", 4
"""What ends the names of arrays that are images, and their channels at most."""

VALIDATION = PAIRS["validation"][0]


def pair_of(
    arrays: Mapping[str, np.ndarray], part: str, path: Path
) -> tuple[np.ndarray, np.ndarray] | None:
    """The inputs and targets of a split, under any of their names; None where it is not there.

    Raises:
      UserError: if one is there without the other, or the training split is not there.
    """
    for x, y in PAIRS[part]:
        if x in arrays and y in arrays:
            check_images(x, arrays[x], path)
            return arrays[x], arrays[y]
        if x in arrays or y in arrays:
            have, lack = (x, y) if x in arrays else (y, x)
            what = "labels" if lack == y else "inputs"
            raise UserError(f"{path} holds {have} but no {lack}: its {part} split has no {what}")
    if part == "train":
        raise UserError(
            f"{path} must hold inputs and targets, or x_train and y_train, or train_images and "
            "train_labels; it holds "
            f"{parts.listed(sorted(arrays)) or 'nothing'}"
        )
    return None


def check_images(name: str, array: np.ndarray, path: Path) -> None:
    """Raises UserError if what is called images are volumes, whose last axis is no channels."""
    if name.endswith(IMAGES) and array.ndim == 4 and array.shape[-1] > CHANNELS:
        shape = list(array.shape)
        raise UserError(
            f"{path}: {name} {shape} are volumes, and no images of {shape[-1]} channels; give them "
            f"as {[*shape, 1]}, which is read as videos of {shape[1]} frames"
        )


def validation_arrays(
    arrays: Mapping[str, np.ndarray], beside: Mapping[str, np.ndarray], path: Path, like: Path
) -> dict[str, np.ndarray]:
    """The inputs and targets of another file, by the names of a validation split.

    Raises:
      UserError: if it has none, or there is a validation split already.
    """
    there = [name for pair in PAIRS["validation"] for name in pair if name in beside]
    if there:
        raise UserError(f"{OPT.validation}: {like} holds {there[0]} already; leave one out")
    for names in (*PAIRS["validation"], *PAIRS["train"]):
        found = [name for name in names if name in arrays]
        if found:
            return {VALIDATION[names.index(name)]: arrays[name] for name in found}
    raise UserError(
        f"{OPT.validation}: {path} must hold inputs and targets; it holds "
        f"{parts.listed(sorted(arrays)) or 'nothing'}"
    )
