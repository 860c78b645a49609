"""The data sets of a study, split and stacked as its population sees them."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from dlfun import data as datasets
from dlfun import keys
from dlfun.config.options import StudyOptions
from dlfun.data.lazy import lazy_raw
from dlfun.errors import OPT, UserError
from dlfun.host_memory import check_room
from dlfun.phases import phase
from dlfun.records.reader import arm_file
from dlfun.studies.population.stacked import Stacked, mean_count, stack
from dlfun.training import hosts
from dlfun.training.monitor import say
from dlfun.types import FOLDS, SPLITS, DataOptions

MEMBER = 4096
"""Bytes that a member takes at least: its keys and numbers, and its row in the record."""


def load(name: str, options: StudyOptions) -> Stacked:
    """A data set with its splits: one for all replicates if it is the official one, else one each.

    Replicates that are split alike are still stacked one by one.

    Raises:
      UserError: if so many splits do not fit the memory, the data cannot be read, or the study
        goes on and was begun with other data.
    """
    raw = options.given.get(name)
    if raw is None:
        with phase(f"preparing {name}"):
            raw = datasets.read(name, options.data)
        for doubt in raw.doubtful():
            say(doubt)
    if options.checkpoints is not None:
        options.checkpoints.depend_on(f"data set {raw.name}", raw.checksum)
    hosts.agree("data", f"{raw.name} {raw.version} {raw.checksum}")
    key = keys.stream(keys.root_key(options.seed), "split")
    scheme = SPLITS[options.data.split]
    own = scheme.own and not raw.spec.truth_table
    replicates = range(options.seeds if own else 1)
    if options.input == "memory" and len(replicates) > 1:
        each = sum(a.nbytes for split in (raw.train, raw.test) for a in split if a is not None)
        check_room(
            len(replicates) * each,
            f"{raw.name}: {len(replicates)} splits, one for each {scheme.run},",
            f"give fewer {OPT.folds if scheme.folds else OPT.seeds}, or {OPT.input}=stream",
        )
    if options.input == "stream":
        raw = lazy_raw(raw)
    with phase(f"splitting {raw.name}"):
        return stack([datasets.split(raw, key, r, options.data) for r in replicates])


def load_all(options: StudyOptions) -> dict[str, Stacked]:
    """Every data set of a study by its own name, which for own data is not how they were named.

    Raises:
      UserError: if so many members do not fit the memory, or two have the same name, as their
        rows could not be told apart, or their files.
    """
    members = options.seeds * len(options.models) * len(options.datasets)
    check_room(members * MEMBER, f"{members} members", f"give fewer {OPT.seeds}")
    loaded: dict[str, Stacked] = {}
    named: dict[str, str] = {}
    for given in options.datasets:
        data = load(given, options)
        if data.first.name in loaded:
            raise UserError(
                f"{given}: the study already has a data set with the name {data.first.name}, that "
                f"of {named[data.first.name]}; rename the file or folder"
            )
        loaded[data.first.name], named[data.first.name] = data, given
    check_files(loaded, options.models)
    return loaded


def check_files(data: Iterable[str], models: Collection[str]) -> None:
    """Raises UserError if two arms would share files of the record, where case does not count."""
    arms: dict[str, str] = {}
    for name, model in itertools.product(data, models):
        arm = f"{name}/{model}"
        other = arms.setdefault(arm_file(name, model, "").casefold(), arm)
        if other != arm:
            raise UserError(
                f"{other} and {arm} would have files of one name, or such that differ in nothing "
                "but capitals, which many file systems do not tell apart; give one another name"
            )


def target_sd(data: Stacked) -> float:
    """The standard deviation of the training targets, its mean over the splits.

    Of several outputs it is the root of their mean variance. 0 where targets have no unit of the
    user's own.
    """
    scaling = data.tuning.scaling
    if scaling is None or scaling.targets is None:
        return 0.0
    return float(np.sqrt(np.mean(np.square(scaling.targets.sd), axis=1)).mean())


def chance(data: Stacked) -> float:
    """The mean chance level over the splits."""
    levels = [datasets.chance(dataset) for dataset in data.datasets]
    return sum(levels) / len(levels)


def about_splits(data: Stacked, options: DataOptions) -> list[dict[str, Any]]:
    """Columns of members.csv for each replicate: its fold, and how far splits overlap.

    Nothing where all share one split.
    """
    count = len(data.datasets)
    if count == 1:
        return [{}]
    variance = {"split_variance": mean_count(data.test) / mean_count(data.tuning.train)}
    if not SPLITS[options.split].folds:
        return [variance] * count
    folds = options.folds or FOLDS
    return [{"fold": r % folds, "repeat": r // folds} | variance for r in range(count)]


def about_targets(data: Stacked) -> dict[str, float]:
    """Columns of members.csv: what guessing scores, and of numbers in a unit, how far they vary.

    Where each replicate has a split of its own they are the means over all, in every row: arms and
    deltas are judged by one level.
    """
    spread = target_sd(data)
    return {"chance": chance(data)} | ({"target_sd": spread} if spread else {})
