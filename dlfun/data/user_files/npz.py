"""A user's arrays: an .npz of inputs and targets, with a test split or without."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dlfun.data.arrays import UNREADABLE, load_npz
from dlfun.data.raw import SPLITS
from dlfun.data.sampling import HELD_OUT
from dlfun.data.user_files import parts
from dlfun.data.user_files.array_names import PAIRS, pair_of, validation_arrays
from dlfun.data.user_files.array_targets import as_targets, kind
from dlfun.data.user_files.groups import ids_of_arrays
from dlfun.data.user_files.parts import Found
from dlfun.errors import UserError, first_line
from dlfun.types import DataOptions, Spec, Split
from dlfun.words import plural

MODALITIES = {1: "vector", 2: "sequence", 3: "image", 4: "video"}
"""By the number of axes of an example."""

DEFAULTS = DataOptions()

STEPS = 50
"""Inputs that vary by fewer steps of float32 lose too much."""

ROUNDING = 1e-12
"""A part of a number that is no more than rounding errors of float64."""


def read(path: Path, options: DataOptions = DEFAULTS) -> Found:
    """The data of an .npz file.

    Inputs [n, ...] are vectors, sequences [time, channels], images [height, width, channels] or
    videos [frames, height, width, channels], by their number of axes; images of bytes may be
    [n, height, width]. Bytes are taken as brightnesses, 0 to 255. Targets are class ids [n] or
    texts [n], which are read as a column of a table is, or numbers [n] or [n, outputs] in floating
    point. A file that holds nothing but inputs has no labels, and is for generative models.

    `options.groups` is the array that says which examples belong together, with a test split one
    of `train_` and of `test_` and this name.

    Raises:
      UserError: if the file cannot be read, or its arrays do not go together.
    """
    arrays = load(path)
    if options.validation is not None:
        other = Path(options.validation)
        arrays |= validation_arrays(load(other), arrays, other, path)
    return found_in(arrays, path, options.target_type, options.groups)


def found_in(
    arrays: dict[str, np.ndarray],
    path: Path,
    target_type: str | None = None,
    groups: str | None = None,
) -> Found:
    """The data that arrays by such names are; errors call them by the path.

    Raises:
      UserError: if they do not go together.
    """
    blank = blanks({n: a for n, a in arrays.items() if groups is None or not n.endswith(groups)})
    arrays |= blank
    pairs = {part: pair for part in SPLITS if (pair := pair_of(arrays, part, path))}
    check_pairs(pairs, path)
    inputs = as_inputs({part: pair[0] for part, pair in pairs.items()}, path)
    targets = {part: pair[1] for part, pair in pairs.items()}
    classes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    if not blank:
        targets, classes, doubts = as_targets(targets, path, target_type)
    splits = {part: Split(inputs[part], targets[part]) for part in pairs}
    ids = None if groups is None else ids_of_arrays(arrays, groups, splits, path)
    official = parts.GIVEN
    if "test" not in splits:
        splits |= parts.hold_out(splits["train"], path, classes)
        official = HELD_OUT
    splits, scaling = parts.stored(splits, None, path)
    spec = make_spec(splits["train"], classes, official)
    if blank:
        spec = dataclasses.replace(spec, task="generation", outputs=0)
    said = tuple(f"{path}: {doubt}" for doubt in doubts)
    return Found(splits, spec, classes, scaling, said, groups=ids)


def blanks(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Targets that mean nothing, by the name of each split's, if there are inputs and no more."""
    names = {x: y for pairs in PAIRS.values() for x, y in pairs}
    if not set(arrays) <= set(names):
        return {}
    return {names[x]: np.zeros(array.shape[:1], np.int32) for x, array in arrays.items()}


def load(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an .npz file; those of Python objects are never read."""
    try:
        return load_npz(path, parts.COPIES)
    except UNREADABLE as error:
        raise UserError(
            f"{path} cannot be read as .npz ({first_line(error)}); write it with numpy.savez, "
            "without arrays of Python objects"
        ) from None


def check_pairs(pairs: Mapping[str, tuple[np.ndarray, np.ndarray]], path: Path) -> None:
    """Raises UserError unless all splits hold the same kind of examples, and labels for each."""
    first = pairs["train"]
    for part, pair in pairs.items():
        for what, array, like in zip(("inputs", "targets"), pair, first, strict=True):
            if array.ndim == 0 or array.size == 0:
                state = "empty" if array.ndim else "a single value; give an array"
                raise UserError(f"{path}: the {what} of the {part} split are {state}")
            if array.shape[1:] != like.shape[1:] or kind(array) != kind(like):
                raise UserError(
                    f"{path}: the {what} of the {part} split are {array.dtype} "
                    f"{list(array.shape[1:])} each, and those of the training split {like.dtype} "
                    f"{list(like.shape[1:])}"
                )
        if len(pair[0]) != len(pair[1]):
            raise UserError(
                f"{path}: the {part} split has {plural(len(pair[0]), 'input')} and "
                f"{plural(len(pair[1]), 'target')}; give one target for each input"
            )


def as_inputs(given: Mapping[str, np.ndarray], path: Path) -> dict[str, np.ndarray]:
    """Bytes as they are, other numbers as float32; images of bytes have a channel."""
    if kind(given["train"]) not in "if":
        raise UserError(f"{path}: inputs must be numbers, not {given['train'].dtype}")
    compact = all(array.dtype == np.uint8 for array in given.values())
    axes = given["train"].ndim - 1
    if compact and axes == 2:
        given, axes = {part: array[..., None] for part, array in given.items()}, 3
    if axes not in MODALITIES:
        raise UserError(
            f"{path}: inputs must be [examples, ...] with 1 to 4 axes each, not "
            f"{list(given['train'].shape)}"
        )
    if compact:
        return dict(given)
    with np.errstate(over="ignore"):
        made = {part: array.astype(np.float32) for part, array in given.items()}
    for part, array in made.items():
        parts.check_finite(array, f"the {part} split", path)
    check_held(given["train"], made["train"], path)
    return made


def check_held(given: np.ndarray, single: np.ndarray, path: Path) -> None:
    """Raises UserError if training inputs [n, ...] vary by less than float32 tells apart.

    Those that vary by no more than rounding errors of float64 are constant, and pass.
    """
    if given.dtype.itemsize <= single.dtype.itemsize and given.dtype.kind == "f":
        return
    low, high = given.min(0).astype(float), given.max(0).astype(float)
    size, spread = np.maximum(np.abs(low), np.abs(high)), high - low
    near = (spread > ROUNDING * size) & (spread < STEPS * np.spacing(size.astype(np.float32)))
    for place in np.argwhere(near):
        where = tuple(place.tolist())
        if (single[:, *where].astype(float) != given[:, *where]).any():
            name = where[0] if len(where) == 1 else list(where)
            raise UserError(
                f"{path}: number {name} of the inputs lies near {low[where]:.17g} and varies by "
                f"{spread[where]:.4g}, which float32 cannot tell apart; subtract "
                f"{low[where]:.17g} from it, or leave it out"
            )


def make_spec(train: Split, classes: tuple[str, ...], official: str) -> Spec:
    """What a model must know of such arrays."""
    compact = train.inputs.dtype == np.uint8
    return Spec(
        shape=train.inputs.shape[1:],
        modality=MODALITIES[train.inputs.ndim - 1],
        task="classification" if classes else "regression",
        outputs=len(classes) or train.targets[0].size,
        likelihood="bernoulli" if compact else "gaussian",
        scale=1 / 255 if compact else 1.0,
        official_split=official,
    )
