"""The folds of cross-validation: which of them each example is tested in."""

from __future__ import annotations

import numpy as np

from dlfun.data.raw import Raw
from dlfun.errors import OPT, UserError, short, unknown
from dlfun.types import FOLDS, REPEATS, SPLITS, DataOptions
from dlfun.words import plural

OF_FOLDS = ("folds", "repeats", "groups")
"""Options of data that only a split into folds has."""


def check_folds(options: DataOptions) -> None:
    """Raises UserError if something is said of folds, and there are none."""
    if SPLITS[options.split].folds:
        return
    wanted = next(name for name, scheme in SPLITS.items() if scheme.folds)
    for name in OF_FOLDS:
        value = getattr(options, name)
        if value is not None:
            raise UserError(
                f"{OPT(name)}={short(value)} is of {OPT.split}={wanted}; give both, or neither"
            )


def dealt(targets: np.ndarray, uniforms: np.ndarray, folds: int) -> np.ndarray:
    """The fold [n] of each example: stratified by class, and of sizes that differ by at most one.

    The classes in the order in which they first appear, each in random order, are dealt out in
    turn: so scikit-learn's StratifiedKFold has as many of each class in each fold, and KFold as
    many numbers.

    Args:
      targets: [n] class ids; [n, outputs] numbers and [n, time] labels have no classes.
      uniforms: [n] in [0, 1), all of the chance there is.

    >>> dealt(np.array([0, 0, 0, 1, 1]), np.array([.5, .1, .9, .7, .3]), 2).tolist()
    [1, 0, 0, 0, 1]
    """
    classes = np.zeros(len(targets), int)
    if targets.ndim == 1 and targets.dtype.kind != "f":
        first, classes = np.unique(targets, return_index=True, return_inverse=True)[1:]
        classes = np.argsort(np.argsort(first))[classes]
    found = np.empty(len(targets), int)
    found[np.lexsort((uniforms, classes))] = np.arange(len(targets)) % folds
    return found


def dealt_whole(groups: np.ndarray, uniforms: np.ndarray, folds: int) -> np.ndarray:
    """The fold [n] of each example where those of one group stay together.

    The largest group first, each goes to the fold with the fewest examples, as by scikit-learn's
    GroupKFold; of groups of one size chance says which is first.

    >>> dealt_whole(np.array([7, 7, 7, 8, 9, 9]), np.zeros(6), 2).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    first, own, sizes = np.unique(
        groups, return_index=True, return_inverse=True, return_counts=True
    )[1:]
    fold_of, filled = np.empty(len(sizes), int), np.zeros(folds, int)
    for group in np.lexsort((uniforms[first], -sizes)):
        fold_of[group] = filled.argmin()
        filled[fold_of[group]] += sizes[group]
    return fold_of[own]


def fold_numbers(
    raw: Raw, targets: np.ndarray, uniforms: np.ndarray, options: DataOptions
) -> np.ndarray:
    """The fold [n] of each example of both published splits, in one repeat.

    Raises:
      UserError: if there are more folds than examples or groups, or nobody knows the groups.
    """
    folds = options.folds or FOLDS
    groups = None if options.groups is None else groups_of(raw, options.groups)
    count = len(targets) if groups is None else len(np.unique(groups))
    if folds > count:
        what = "example" if groups is None else f"group of {options.groups}"
        many = "" if groups is None else f"groups of {options.groups}"
        raise UserError(
            f"{OPT.folds}={folds}: {raw.name} has {plural(count, what, many)}, and each fold needs "
            f"one; give {count} or less"
        )
    if groups is None:
        return dealt(targets, uniforms, folds)
    return dealt_whole(groups, uniforms, folds)


def groups_of(raw: Raw, named: str) -> np.ndarray:
    """What each example of both published splits belongs to [n].

    Raises:
      UserError: if nobody knows, or it is known by another name.
    """
    if raw.groups is None:
        raise UserError(
            f"{OPT.groups}={short(named)}: {raw.name} does not say which of its examples belong "
            "together; leave it out, or give a .csv or .npz that says it"
        )
    if named != raw.grouped_by:
        raise UserError(f"{OPT.groups}: {raw.name}: {unknown('group', named, [raw.grouped_by])}")
    return np.concatenate(raw.groups)


def check_repeats(raw: Raw, first: np.ndarray, other: np.ndarray, options: DataOptions) -> None:
    """Raises UserError if two repeats have the same folds, whatever their numbers."""
    pairs = np.unique(np.stack([first, other]), axis=1)
    if pairs.shape[1] == len(np.unique(first)):
        raise UserError(
            f"{OPT.repeats}={options.repeats or REPEATS}: {raw.name} falls into "
            f"{options.folds or FOLDS} even folds in one way only, which repeats would copy; leave "
            "it out"
        )
