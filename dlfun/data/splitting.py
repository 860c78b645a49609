"""The training, validation and test split of a replicate."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlfun.data.lazy import concatenated
from dlfun.data.raw import Raw
from dlfun.errors import OPT, UserError, unknown
from dlfun.objectives.tasks import task_of
from dlfun.types import SPLITS, DataOptions, Dataset, Split
from dlfun.words import plural


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


def shuffled(split: Split, key: Any) -> Split:
    """All examples in a stratified order drawn from a key."""
    import jax

    uniforms = np.asarray(jax.random.uniform(key, (len(split.targets),), dtype="float32"))
    return take(split, stratified_order(np.asarray(split.targets), uniforms))


def cut(split: Split, count: int) -> tuple[Split, Split]:
    """The first examples, and the rest."""
    return take(split, slice(count)), take(split, slice(count, None))


def validation_count(available: int, fraction: float, name: str) -> int:
    """How many examples are held out: at least one where the fraction is above 0.

    Raises:
      UserError: if the fraction is out of range or leaves nothing to learn from.
    """
    if not 0 <= fraction < 1:
        raise UserError(f"{OPT.validation_fraction}={fraction:g} must be at least 0 and below 1")
    count = max(1, round(available * fraction)) if fraction else 0
    if count >= available:
        raise UserError(
            f"{OPT.validation_fraction}={fraction:g} leaves nothing to learn from: {name} has "
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
            f"{OPT.train_examples}={wanted} must be between 1 and {available}, the examples of "
            f"{name} left to learn from"
        )
    return cut(train, wanted)[0]


def pooled(raw: Raw, key: Any, fraction: float | None) -> tuple[Split, Split]:
    """A training and a test split drawn anew from all examples.

    The test split is as large as the official one where no fraction is given.

    Raises:
      UserError: if one of the two would be empty.
    """
    total = len(raw.train.targets) + len(raw.test.targets)
    count = len(raw.test.targets) if fraction is None else round(total * fraction)
    if not 0 < count < total:
        raise UserError(
            f"{OPT.test_fraction}={fraction:g} must leave examples of {raw.name} on both sides: "
            "it has "
            f"{total}"
        )
    test, train = cut(shuffled(everything(raw), key), count)
    return train, test


def everything(raw: Raw) -> Split:
    """All examples of both published splits, the training split's first."""
    lengths = None
    if raw.train.lengths is not None:
        lengths = concatenated([raw.train.lengths, raw.test.lengths])
    return Split(
        concatenated([raw.train.inputs, raw.test.inputs]),
        concatenated([raw.train.targets, raw.test.targets]),
        lengths,
    )


def without_a_speaker(raw: Raw, replicate: int) -> tuple[Split, Split]:
    """A training split of all speakers but one, and a test split of that one.

    Raises:
      UserError: if nobody knows who spoke, or the speakers have not spoken equally often.
    """
    if raw.groups is None:
        raise UserError(
            f"{OPT.split}=leave_one_speaker_out: {raw.name} does not say who spoke; "
            f"give {OPT.split}=official or random"
        )
    groups = np.concatenate(raw.groups)
    speakers, counts = np.unique(groups, return_counts=True)
    if len(set(counts)) > 1:
        raise UserError(
            f"{OPT.split}=leave_one_speaker_out: the speakers of {raw.name} have {counts.min()} to "
            f"{plural(int(counts.max()), 'example')}, and replicates need test splits of one "
            f"size; give {OPT.split}=official"
        )
    out = groups == speakers[replicate % len(speakers)]
    examples = everything(raw)
    return take(examples, np.flatnonzero(~out)), take(examples, np.flatnonzero(out))


def end_of_text(train: Split, validation: Split | None, count: int) -> tuple[Split | None, Split]:
    """The validation split of a text, and what is left of it to learn from.

    Windows follow one another, so it is the end of the text, or the published one.
    """
    if validation is not None or not count:
        return validation, train
    rest, last = cut(train, len(train.targets) - count)
    return last, rest


def drawn(raw: Raw, key: Any, replicate: int, options: DataOptions) -> tuple[Split, Split]:
    """The training and the test split of a replicate, where they are not the published ones.

    Raises:
      UserError: if the data cannot be split in this way.
    """
    if task_of(raw.spec).stream:
        raise UserError(
            f"{OPT.split}={options.split}: {raw.name} is one text, whose parts cannot change "
            "places; "
            f"give {OPT.split}=official"
        )
    if options.split == "random":
        return pooled(raw, key, options.test_fraction)
    return without_a_speaker(raw, replicate)


def split(raw: Raw, key: Any, replicate: int, options: DataOptions) -> Dataset:
    """The splits of a replicate, a pure function of the key and the replicate.

    Official: the published test split, and the published validation split, or else a stratified
    one of the training split that is the same for every replicate; of a text, its end. Random:
    every replicate draws its own test split from all examples, then its validation split. Leave
    one speaker out: replicate r is tested on speaker r, and those after the last begin anew. A
    complete truth table is every split at once.

    Args:
      raw: what `read` gave.
      key: of the stream `split`.
      replicate: used under a random split only.
      options: the folders and `permute_features` play no part.

    Raises:
      UserError: if an option is out of range, or asks for more than there is.
    """
    import jax

    if options.split not in SPLITS:
        raise unknown("split", options.split, SPLITS)
    if options.test_fraction is not None and options.split != "random":
        raise UserError(
            f"{OPT.test_fraction}={options.test_fraction:g} is of {OPT.split}=random; give both, "
            "or neither"
        )
    own = key if options.split == "official" else jax.random.fold_in(key, replicate)
    test_key, validation_key = jax.random.split(own)
    train, test, published = raw.train, raw.test, raw.validation
    if options.split != "official" and not raw.spec.truth_table:
        train, test = drawn(raw, test_key, replicate, options)
        published = None
    count = validation_count(len(train.targets), options.validation_fraction, raw.name)
    validation: Split | None
    if raw.spec.truth_table:
        validation = rest = train
    elif task_of(raw.spec).stream:
        validation, rest = end_of_text(train, published, count)
    elif published is not None:
        validation, rest = published, shuffled(train, validation_key)
    else:
        validation, rest = cut(shuffled(train, validation_key), count)
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
        classes=raw.classes,
        preparation=raw.preparation,
        scaling=raw.scaling and raw.scaling.fitted(learned.inputs, learned.targets),
    )
