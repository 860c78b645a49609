"""The training, validation and test split of a replicate."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlfun.data.reading import Raw
from dlfun.errors import UserError, unknown
from dlfun.types import SPLITS, DataOptions, Dataset, Split


def stratified_order(targets: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """A random permutation of which every prefix is a stratified sample.

    The examples of each class, in random order, are spread evenly over the permutation. Numbers
    to predict have no classes: theirs is a plain random permutation.

    Args:
      targets: [n] class ids, or [n, outputs] numbers.
      uniforms: [n] in [0, 1), all of the chance there is.

    >>> stratified_order(np.array([0, 0, 0, 0, 1, 1]), np.array([.1, .9, .5, .3, .2, .7]))
    array([0, 4, 3, 2, 5, 1])
    """
    if targets.dtype.kind == "f":
        return np.argsort(uniforms, kind="stable")
    within = np.lexsort((uniforms, targets))
    _, start, size = np.unique(targets[within], return_index=True, return_counts=True)
    rank = np.arange(len(targets)) - np.repeat(start, size)
    place = (rank + uniforms[within].astype(np.float64)) / np.repeat(size, size)
    return within[np.argsort(place, kind="stable")]


def take(split: Split, rows: np.ndarray) -> Split:
    """The examples of these rows, in this order."""
    return Split(split.inputs[rows], split.targets[rows])


def shuffled(split: Split, key: Any) -> Split:
    """All examples in a stratified order drawn from a key."""
    import jax

    uniforms = np.asarray(jax.random.uniform(key, (len(split.targets),), dtype="float32"))
    return take(split, stratified_order(np.asarray(split.targets), uniforms))


def cut(split: Split, count: int) -> tuple[Split, Split]:
    """The first examples, and the rest."""
    first = Split(split.inputs[:count], split.targets[:count])
    return first, Split(split.inputs[count:], split.targets[count:])


def validation_count(available: int, fraction: float, name: str) -> int:
    """How many examples are held out: at least one where the fraction is above 0.

    Raises:
      UserError: if the fraction is out of range or leaves nothing to learn from.
    """
    if not 0 <= fraction < 1:
        raise UserError(f"--validation_fraction={fraction:g} must be at least 0 and below 1")
    count = max(1, round(available * fraction)) if fraction else 0
    if count >= available:
        raise UserError(
            f"--validation_fraction={fraction:g} leaves nothing to learn from: {name} has "
            f"{available} training examples"
        )
    return count


def first_examples(train: Split, wanted: int | None, name: str) -> Split:
    """The training examples a study asked for: a prefix, so that more of them hold the fewer.

    Raises:
      UserError: if there are not as many, or none was asked for.
    """
    available = len(train.targets)
    if wanted is None:
        return train
    if not 1 <= wanted <= available:
        raise UserError(
            f"--train_examples={wanted} must be between 1 and {available}, the examples of "
            f"{name} left to learn from"
        )
    return cut(train, wanted)[0]


def pooled(raw: Raw, key: Any) -> tuple[Split, Split]:
    """A training and a test split drawn anew from all examples, the test split as large."""
    everything = Split(
        np.concatenate([raw.train.inputs, raw.test.inputs]),
        np.concatenate([raw.train.targets, raw.test.targets]),
    )
    test, train = cut(shuffled(everything, key), len(raw.test.targets))
    return train, test


def split(raw: Raw, key: Any, replicate: int, options: DataOptions) -> Dataset:
    """The splits of a replicate, a pure function of the key and the replicate.

    Official: the published test split, and a stratified validation split of the training split
    that is the same for every replicate. Random: every replicate draws its own test split from
    all examples, then its validation split. A complete truth table is every split at once.

    Args:
      raw: what `read` gave.
      key: of the stream `split`.
      replicate: used under a random split only.
      options: `split`, `validation_fraction` and `train_examples` are used.

    Raises:
      UserError: if an option is out of range, or asks for more than there is.
    """
    import jax

    if options.split not in SPLITS:
        raise unknown("split", options.split, SPLITS)
    own = jax.random.fold_in(key, replicate) if options.split == "random" else key
    test_key, validation_key = jax.random.split(own)
    train, test = raw.train, raw.test
    if options.split == "random" and not raw.spec.truth_table:
        train, test = pooled(raw, test_key)
    count = validation_count(len(train.targets), options.validation_fraction, raw.name)
    validation, rest = cut(shuffled(train, validation_key), count)
    if raw.spec.truth_table:
        validation = rest = train
    learned = first_examples(rest, options.train_examples, raw.name)
    return Dataset(
        train=learned,
        validation=validation if count else None,
        test=test,
        spec=raw.spec,
        name=raw.name,
        version=raw.version,
        checksum=raw.checksum,
        separator=raw.separator,
    )


def chance(dataset: Dataset) -> float:
    """What the best constant answer reaches on the test split.

    Classification: the accuracy of always naming the most frequent training class. Regression:
    the mean squared error of always predicting the mean of the training targets.
    """
    known, wanted = np.asarray(dataset.train.targets), np.asarray(dataset.test.targets)
    if dataset.spec.task == "regression":
        return float(np.mean((wanted - known.mean(0, dtype=np.float64)) ** 2))
    return float(np.mean(wanted == np.bincount(known).argmax()))
