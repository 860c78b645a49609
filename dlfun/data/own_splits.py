"""The test split that a replicate has of its own: a random one, a speaker or a fold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlfun.data import folds
from dlfun.data.lazy import concatenated
from dlfun.data.raw import Raw
from dlfun.data.sampling import cut, float32_uniforms, shuffled, take
from dlfun.errors import OPT, UserError
from dlfun.objectives.tasks import task_of
from dlfun.types import FOLDS, REPEATS, DataOptions, Split


def test_key(key: Any, number: int) -> Any:
    """The key of a replicate's own test split, or of a repeat's folds."""
    import jax

    return jax.random.split(jax.random.fold_in(key, number))[0]


def pooled(raw: Raw, key: Any, replicate: int, options: DataOptions) -> tuple[Split, Split]:
    """A training and a test split drawn anew from all examples.

    The test split is as large as the official one where no fraction is given.

    Raises:
      UserError: if one of the two would be empty.
    """
    total, fraction = len(raw.train.targets) + len(raw.test.targets), options.test_fraction
    count = len(raw.test.targets) if fraction is None else round(total * fraction)
    if not 0 < count < total:
        raise UserError(
            f"{OPT.test_fraction}={fraction:g} must leave examples of {raw.name} on both sides: "
            "it has "
            f"{total}"
        )
    test, train = cut(shuffled(everything(raw), test_key(key, replicate)), count)
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


def without(raw: Raw, folds: np.ndarray, out: int) -> tuple[Split, Split]:
    """A training split of all folds [n] but one, and a test split of that one."""
    examples, tested = everything(raw), folds == out
    return take(examples, np.flatnonzero(~tested)), take(examples, np.flatnonzero(tested))


def without_a_speaker(
    raw: Raw, key: Any, replicate: int, options: DataOptions
) -> tuple[Split, Split]:
    """A training split of all speakers but one, and a test split of that one.

    Raises:
      UserError: if nobody knows who spoke.
    """
    if raw.groups is None:
        raise UserError(
            f"{OPT.split}=leave_one_speaker_out: {raw.name} does not say who spoke; "
            f"give {OPT.split}=official or random"
        )
    speakers, own = np.unique(np.concatenate(raw.groups), return_inverse=True)
    return without(raw, own, replicate % len(speakers))


def without_a_fold(raw: Raw, key: Any, replicate: int, options: DataOptions) -> tuple[Split, Split]:
    """The splits of a replicate: fold `replicate % folds` of a repeat is tested on.

    Raises:
      UserError: if the data have no such folds.
    """
    targets = np.concatenate([np.asarray(part.targets) for part in (raw.train, raw.test)])

    def folds_of(repeat: int) -> np.ndarray:
        drawn = float32_uniforms(test_key(key, repeat), len(targets))
        return folds.fold_numbers(raw, targets, drawn, options)

    repeat, out = divmod(replicate, options.folds or FOLDS)
    own = folds_of(repeat)
    if 0 < repeat < (options.repeats or REPEATS):
        folds.check_repeats(raw, folds_of(0), own, options)
    return without(raw, own, out)


DRAWN: dict[str, Callable[[Raw, Any, int, DataOptions], tuple[Split, Split]]] = {
    "random": pooled,
    "leave_one_speaker_out": without_a_speaker,
    "kfold": without_a_fold,
}
"""Way to split -> (data, key of the stream, replicate, options) -> training and test split."""


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
    return DRAWN[options.split](raw, key, replicate, options)
