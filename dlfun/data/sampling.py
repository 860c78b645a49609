"""Samples of examples: stratified, and of chance that is all in an array of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlfun.types import Split


def stratified_order(targets: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """A random permutation of which every prefix is a stratified sample.

    The examples of each class, in random order, are spread evenly over the permutation. Numbers
    to predict and labels of each step have no classes: theirs is a plain random permutation.

    Args:
      targets: [n] class ids, [n, outputs] numbers, or [n, time] labels.
      uniforms: [n] in [0, 1), all of the chance there is.

    >>> stratified_order(np.array([0, 0, 0, 0, 1, 1]), np.array([.1, .9, .5, .3, .2, .7]))
    array([0, 4, 3, 2, 5, 1])
    """
    if targets.dtype.kind == "f" or targets.ndim > 1:
        return np.argsort(uniforms, kind="stable")
    within = np.lexsort((uniforms, targets))
    _, start, size = np.unique(targets[within], return_index=True, return_counts=True)
    rank = np.arange(len(targets)) - np.repeat(start, size)
    place = (rank + uniforms[within].astype(np.float64)) / np.repeat(size, size)
    return within[np.argsort(place, kind="stable")]


HELD_OUT = "one in five examples, drawn once by a fixed rule and stratified by class, is for test"
"""What `fifth` gives, in words."""


def uniforms(count: int) -> np.ndarray:
    """Numbers in [0, 1), the same on every machine and under every numpy: bits of PCG64(0)."""
    return (np.random.PCG64(0).random_raw(count) >> np.uint64(11)) * 2.0**-53


def fifth(targets: np.ndarray) -> dict[str, np.ndarray]:
    """Rows of train and test where nobody said which are for test; both in order."""
    order = stratified_order(targets, uniforms(len(targets)))
    count = max(1, round(len(targets) / 5))
    return {"train": np.sort(order[count:]), "test": np.sort(order[:count])}


def take(split: Split, rows: np.ndarray | slice) -> Split:
    """The examples of these rows, in this order."""
    lengths = None if split.lengths is None else split.lengths[rows]
    return Split(split.inputs[rows], split.targets[rows], lengths)


def float32_uniforms(key: Any, count: int) -> np.ndarray:
    """Numbers in [0, 1) drawn from a key."""
    import jax

    return np.asarray(jax.random.uniform(key, (count,), dtype="float32"))


def shuffled(split: Split, key: Any) -> Split:
    """All examples in a stratified order drawn from a key."""
    drawn = float32_uniforms(key, len(split.targets))
    return take(split, stratified_order(np.asarray(split.targets), drawn))


def cut(split: Split, count: int) -> tuple[Split, Split]:
    """The first examples, and the rest."""
    return take(split, slice(count)), take(split, slice(count, None))
