"""The training, validation and test split of a replicate."""

from __future__ import annotations

from typing import Any

from dlfun.data.folds import check_folds
from dlfun.data.own_splits import drawn
from dlfun.data.raw import Raw
from dlfun.data.sampling import cut, shuffled
from dlfun.errors import OPT, UserError, unknown
from dlfun.objectives.tasks import task_of
from dlfun.types import SPLITS, DataOptions, Dataset, Split


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


def end_of_text(train: Split, validation: Split | None, count: int) -> tuple[Split | None, Split]:
    """The validation split of a text, and what is left of it to learn from.

    Windows follow one another, so it is the end of the text, or the published one.
    """
    if validation is not None or not count:
        return validation, train
    rest, last = cut(train, len(train.targets) - count)
    return last, rest


def check(raw: Raw, options: DataOptions) -> None:
    """Raises UserError unless options of the split go together, and with the data."""
    if options.split not in SPLITS:
        raise unknown("split", options.split, SPLITS)
    if options.test_fraction is not None and options.split != "random":
        raise UserError(
            f"{OPT.test_fraction}={options.test_fraction:g} is of {OPT.split}=random; give both, "
            "or neither"
        )
    check_folds(options)
    if SPLITS[options.split].folds and raw.spec.truth_table:
        raise UserError(
            f"{OPT.split}={options.split}: {raw.name} is a complete truth table, of which nothing "
            f"is held out; give {OPT.split}=official"
        )


def split(raw: Raw, key: Any, replicate: int, options: DataOptions) -> Dataset:
    """The splits of a replicate, a pure function of the key and the replicate.

    Official: the published test split, and the published validation split, or else a stratified
    one of the training split that is the same for every replicate; of a text, its end. Random:
    every replicate draws its own test split from all examples, then its validation split. Leave
    one speaker out: replicate r is tested on speaker r, and those after the last begin anew. Kfold:
    it is tested on fold r % folds of repeat r // folds. A complete truth table is every split at
    once.

    Args:
      raw: what `read` gave.
      key: of the stream `split`.
      replicate: used where each has a test split of its own.
      options: the folders and `permute_features` play no part.

    Raises:
      UserError: if an option is out of range, or asks for more than there is.
    """
    import jax

    check(raw, options)
    scheme = SPLITS[options.split]
    own = jax.random.fold_in(key, replicate) if scheme.own else key
    validation_key = jax.random.split(own)[1]
    train, test, published = raw.train, raw.test, raw.validation
    if scheme.own and not raw.spec.truth_table:
        train, test = drawn(raw, key, replicate, options)
        published = raw.validation if raw.apart else None
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
        validation=validation if count or raw.apart else None,
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
