"""Arrays as targets: ids or names of classes, or numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from dlfun.data.user_files import parts
from dlfun.data.user_files.cells import clean
from dlfun.data.user_files.columns import FEW, Cells
from dlfun.data.user_files.targets import CLASSES, check_varies, read_target, said
from dlfun.errors import UserError

Targets = tuple[dict[str, np.ndarray], tuple[str, ...], tuple[str, ...]]
"""Of each split, class ids [n] int32 or numbers [n, outputs] float64; the classes; doubts."""


def as_targets(given: Mapping[str, np.ndarray], path: Path, wanted: str | None) -> Targets:
    """What is to be predicted, by the type of the targets, or as it is wanted.

    Raises:
      UserError: if they are no targets, or none of what is wanted.
    """
    first = given["train"]
    if first.ndim == 2 and first.shape[1] == 1:
        given = {part: array[:, 0] for part, array in given.items()}
    elif first.ndim > 2 or (first.ndim == 2 and not are_outputs(first, wanted)):
        check_one_label(first, path)
        raise UserError(
            f"{path}: targets must be class ids [n], or floats [n] or [n, outputs], not "
            f"{first.dtype} {list(first.shape)}"
        )
    given = {part: as_text(array, path) for part, array in given.items()}
    found = kind(given["train"])
    if found == "U":
        return as_cells(given, path, wanted)
    if found not in "if":
        raise UserError(f"{path}: targets must be numbers or text, not {first.dtype}")
    if wanted == "number" or (found == "f" and wanted is None):
        return as_numbers(given, path, wanted)
    return as_ids(given, path, wanted)


def check_one_label(array: np.ndarray, path: Path) -> None:
    """Raises UserError if targets [n, labels] are 0 and 1, and not one 1 in each row."""
    labels = array.ndim == 2 and kind(array) == "i" and np.isin(array, (0, 1)).all()
    if labels and not are_one_hot(array):
        raise UserError(
            f"{path}: targets {list(array.shape)} of 0 and 1 say which of {array.shape[1]} labels "
            "each example has, and a model learns one class an example; give one of the columns, "
            "or classes [n]"
        )


def are_outputs(array: np.ndarray, wanted: str | None) -> bool:
    """Whether targets [n, outputs] can be numbers to predict."""
    return array.dtype.kind == "f" if wanted is None else wanted == "number" and kind(array) in "if"


def as_text(array: np.ndarray, path: Path) -> np.ndarray:
    """Bytes, texts of any type, and objects that are texts, as texts; objects by what they are.

    Raises:
      UserError: if bytes are not UTF-8.
    """
    if array.dtype.kind == "S":
        try:
            return np.char.decode(array, "utf-8")
        except UnicodeDecodeError:
            raise UserError(f"{path}: targets are bytes, but not of UTF-8; give texts") from None
    if array.dtype.kind not in "TO":
        return array
    values = array.tolist()
    some = any(value is None or isinstance(value, str) for value in values)
    texts = some or array.dtype.kind == "T"
    return np.array([str(value) for value in values] if texts else values)


def as_cells(given: Mapping[str, np.ndarray], path: Path, wanted: str | None) -> Targets:
    """Texts by the rule for a column of a table."""
    texts = [clean(str(text)) for array in given.values() for text in array]
    places = [f"{i} of {part}" for part, array in given.items() for i in range(len(array))]
    found = read_target(Cells(texts, "the target", path, places, "example"), wanted)
    ends = np.cumsum([len(array) for array in given.values()])[:-1]
    made = dict(zip(given, np.split(found.values, ends), strict=True))
    if not found.classes:
        return (*as_numbers(made, path, "number")[:2], found.doubts)
    check_known(made, found.classes, path)
    return made, found.classes, found.doubts


def check_known(ids: Mapping[str, np.ndarray], classes: Sequence[str], path: Path) -> None:
    """Raises UserError if a split has classes that the training split has not."""
    for part, array in ids.items():
        outside = np.setdiff1d(array, ids["train"])
        if len(outside):
            names = [classes[i] for i in outside]
            raise UserError(
                f"{path}: the {part} split has labels that the training split does not have: "
                f"{parts.listed(names)}"
            )


def as_numbers(given: Mapping[str, np.ndarray], path: Path, wanted: str | None) -> Targets:
    """Numbers to predict, [n, outputs] float64.

    Raises:
      UserError: if some are not finite in float32, or an output is the same throughout.
    """
    check_precise(given, path)
    with np.errstate(over="ignore"):
        for part, array in given.items():
            single = array.astype(np.float32)
            parts.check_finite(single, f"the targets of the {part} split", path)
    made = {p: array.astype(np.float64).reshape(len(array), -1) for p, array in given.items()}
    pooled = np.concatenate(list(made.values()))
    for output, numbers in enumerate(pooled.T):
        which = f"output {output} of the targets" if pooled.shape[1] > 1 else "the target"
        check_varies(numbers, f"{path}: {which}")
    if not wanted and pooled.shape[1] > 1 and are_one_hot(pooled):
        doubt = f"the targets are taken as {pooled.shape[1]} numbers, though each row has one 1"
        return made, (), (f"{doubt} among 0s; give their argmax(axis=1) as classes",)
    values = len(np.unique(pooled))
    if wanted or pooled.shape[1] > 1 or values > FEW:
        return made, (), ()
    doubt = f"the target is taken as numbers, though it has {values} values only"
    return made, (), (f"{doubt}; {said('class')} takes them as classes",)


def are_one_hot(numbers: np.ndarray) -> bool:
    """Whether each row [outputs] is one 1 among 0s, as classes are often written."""
    return bool(np.isin(numbers, (0, 1)).all() and (numbers.sum(1) == 1).all())


def whole_type(array: np.ndarray) -> type:
    """A type that holds all of an array's whole numbers."""
    return np.uint64 if array.dtype.kind == "u" else np.int64


def check_precise(given: Mapping[str, np.ndarray], path: Path) -> None:
    """Raises UserError if there are whole numbers that a float64 cannot tell apart."""
    for array in given.values():
        if array.dtype.kind in "iu" and (np.abs(array.astype(float)) > 2**53).any():
            raise UserError(
                f"{path}: targets beyond 2^53 are no numbers to predict, as some of them would "
                f"become the same; give {said('class')} if they are ids of classes"
            )


def as_ids(given: Mapping[str, np.ndarray], path: Path, wanted: str | None) -> Targets:
    """Whole numbers as class ids: 0, 1, 2 ... or, where classes are wanted, any.

    Raises:
      UserError: if some are not whole, or they have gaps, or are all the same.
    """
    for part, array in given.items():
        if array.dtype.kind == "f" and not (np.isfinite(array) & (array == np.round(array))).all():
            raise UserError(
                f"{path}: {said('class')}: the targets of the {part} split are not all "
                "whole numbers; give the names of classes as texts"
            )
    if wanted:
        whole = {part: [int(one) for one in array] for part, array in given.items()}
        return as_cells({part: np.array([*map(str, w)]) for part, w in whole.items()}, path, wanted)
    ids: dict[str, np.ndarray] = {
        part: array.astype(whole_type(array)) for part, array in given.items()
    }
    classes = tuple(str(label) for label in np.unique(ids["train"]))
    parts.check_classes(classes, path)
    parts.check_labels(ids, path)
    doubt = f"the target is taken as {len(classes)} classes, which are whole numbers"
    doubts = (f"{doubt}; {said('number')} predicts numbers",)
    many = len(classes) > CLASSES
    return {part: array.astype(np.int32) for part, array in ids.items()}, classes, doubts * many


def kind(array: np.ndarray) -> str:
    """The kind of an array's type as numpy has it, one for all whole numbers."""
    return "i" if array.dtype.kind in "biu" else array.dtype.kind
