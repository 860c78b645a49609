"""The parts of a user's file or folder, and the rules that each of them must keep."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlfun.data.sampling import fifth, take
from dlfun.errors import OPT, UserError, short
from dlfun.preparation import Preparation
from dlfun.scaling import LEAST, MOST, Scaling, Standard, standard_of
from dlfun.types import Spec, Split
from dlfun.words import plural

GIVEN = "as given"
COPIES = 3
"""Of what is read, in memory at a time: the whole, its splits, and the splits of a replicate."""

SHOWN = 5  # labels that an error names
NOT_FINITE = ("number that is not finite in float32", "numbers that are not finite in float32")


def otherwise() -> str:
    """What else can be done with labels that are no ids of classes."""
    kind = OPT.target_type
    return f"; {kind}=class takes any whole numbers as classes, {kind}=number as numbers"


class Found(NamedTuple):
    """The splits of a user's data by name, at least train and test, and what they are.

    Attributes:
      splits: train, test, and validation where there is one.
      spec: what models need to know.
      classes: the name of each class id; empty where numbers are to be predicted.
      scaling: which of the numbers are standardised, by the training rows of each replicate.
      doubts: what could have been meant otherwise, a sentence each.
      preparation: how new files become inputs.
      groups: what examples of train and test belong together, as ids [n] each.
    """

    splits: dict[str, Split]
    spec: Spec
    classes: tuple[str, ...] = ()
    scaling: Scaling | None = None
    doubts: tuple[str, ...] = ()
    preparation: Preparation = Preparation()
    groups: tuple[np.ndarray, np.ndarray] | None = None


def hold_out(split: Split, path: Path, names: Sequence[str], hint: str = "") -> dict[str, Split]:
    """A fifth of the examples for test, the rest to learn from; both in the order of the file.

    Args:
      names: of the class ids; empty where numbers are to be predicted.
      hint: what else to do where a class has one example only.

    Raises:
      UserError: if there are fewer than two examples, or two of each class.
    """
    count = len(split.targets)
    if names:
        few, found = fewest(split.targets, names)
        if found < 2:
            raise UserError(
                f"{path}: class {short(few)} has one example; at least 2 of each class are "
                f"needed, to learn from and to test on{hint}"
            )
    if count < 2:
        raise UserError(f"{path} holds {plural(count, 'example')}; at least 2 are needed")
    return {name: take(split, rows) for name, rows in fifth(split.targets).items()}


def stored(
    splits: Mapping[str, Split], numeric: np.ndarray | None, path: Path, fills: bool = False
) -> tuple[dict[str, Split], Scaling | None]:
    """The splits as float32, and what of them is standardised once training rows are known.

    Args:
      splits: inputs and targets in the user's unit; targets that are floats are to be predicted.
      numeric: [features], which inputs are standardised; None leaves inputs as they are.
      fills: whether numbers of inputs may be missing, NaN, and become the mean.

    Raises:
      UserError: if a target varies by too little or too much for float32 to square.
    """
    found, scaling = dict(splits), Scaling()
    if numeric is not None:
        rows = np.concatenate([split.inputs for split in splits.values()])
        own = standard_of(rows, numeric, fills)
        found = {n: s._replace(inputs=differences(s.inputs, own)) for n, s in found.items()}
        scaling = scaling._replace(inputs=own)
    if splits["train"].targets.dtype.kind == "f":
        whole = np.concatenate([split.targets for split in splits.values()])
        own = standard_of(whole)
        check_spread(whole - own.origin, path)
        found = {n: s._replace(targets=differences(s.targets, own)) for n, s in found.items()}
        scaling = scaling._replace(targets=own)
    return found, scaling if scaling != Scaling() else None


def differences(values: np.ndarray, standard: Standard) -> np.ndarray:
    """Values [n, columns] in the user's unit as they are stored."""
    return (values - standard.origin).astype(np.float32)


def check_spread(targets: np.ndarray, path: Path) -> None:
    """Raises UserError unless the squares of targets [n, outputs], less their origin, are normal.

    Those that do not vary at all pass.
    """
    size = np.abs(targets - targets.mean(0)).max(0)
    for spread in size[size > 0]:
        if not LEAST < spread < MOST:
            raise UserError(
                f"{path}: the numbers to predict lie {spread:.2g} apart, and their squares are too "
                f"{'small' if spread < 1 else 'large'} for float32; give them in another unit"
            )


def fewest(targets: np.ndarray, names: Sequence[str]) -> tuple[str, int]:
    """The class with the fewest examples, and how many it has."""
    counts = np.bincount(targets, minlength=len(names))
    return names[int(counts.argmin())], int(counts.min())


def listed(values: Collection[object]) -> str:
    """The first few of some values, and how many more there are.

    >>> listed(range(8))
    '0, 1, 2, 3, 4 and 3 more'
    """
    shown = ", ".join(short(value) for value in list(values)[:SHOWN])
    more = len(values) - SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def check_labels(targets: Mapping[str, np.ndarray], path: Path) -> None:
    """Raises UserError unless labels are the numbers 0, 1, ... and training holds all of them."""
    known = np.unique(targets["train"])
    if known[0] < 0:
        raise UserError(f"{path}: labels must be 0, 1, 2 ...; there is {known[0]}{otherwise()}")
    if known[-1] >= len(known):
        # Not as a range: a label may be astronomically large.
        gap = int(np.flatnonzero(known != np.arange(len(known)))[0])
        raise UserError(
            f"{path}: labels must be 0 to {len(known) - 1} for its {len(known)} classes, without "
            f"a gap; {gap} is missing and there is {known[-1]}{otherwise()}"
        )
    for part, labels in targets.items():
        outside = np.setdiff1d(labels, known)
        if len(outside):
            raise UserError(
                f"{path}: the {part} split has labels outside the classes 0 to {known[-1]} of the "
                f"training split: {listed(outside.tolist())}"
            )


def check_classes(names: Sequence[str], path: Path) -> None:
    """Raises UserError if there is nothing to tell apart."""
    if len(names) < 2:
        raise UserError(f"{path}: all examples are of one class; a classifier needs at least 2")


def check_finite(array: np.ndarray, what: str, path: Path) -> None:
    """Raises UserError if there are numbers that are not finite."""
    wrong = int(array.size - np.count_nonzero(np.isfinite(array)))
    if wrong:
        raise UserError(
            f"{path}: {plural(wrong, *NOT_FINITE)} in {what}; replace by numbers that are"
        )
