"""The parameters of one member of a record, for others to begin from. Needs no JAX."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlfun.config.start_table import SHORT, Source, model_of_arm
from dlfun.errors import OPT, UserError
from dlfun.objectives import metrics
from dlfun.records.continued import source_of
from dlfun.records.reader import arm_files, broken, read_json, read_study, swept_of
from dlfun.records.recorded import Recorded, parameters_of, read_record
from dlfun.types import HPARAMS, SPLITS, DataOptions


class Parameters(NamedTuple):
    """One member's parameters.

    Attributes:
      arm: data set and model that it is of.
      member: its number within that arm.
      arrays: Flax's name -> array.
    """

    folder: Path
    arm: tuple[str, str]
    member: int
    arrays: Mapping[str, np.ndarray]

    @property
    def name(self) -> str:
        """That of the record."""
        return self.folder.resolve().name


def resolved(source: Source) -> Source:
    """The source with the checksum of its record as it is now.

    Raises:
      UserError: if there is no such record, or it is not the one that was meant.
    """
    folder = Path(source.folder)
    option = f"{OPT.initialize_from}={folder}"
    if not folder.is_dir():
        raise UserError(f"{option}: no such directory; put the record back")
    checksum = source_of(folder)["checksum"]
    now = None if checksum is None else checksum[:SHORT]
    if source.checksum not in (None, now):
        raise UserError(
            f"{option}: is not the record that was meant (checksum {source.checksum}, now "
            f"{now or 'none'}); put that back, or give {OPT.initialize_from} without its checksum"
        )
    return source._replace(checksum=now)


def read_parameters(source: Source, model: str, dataset: str) -> Parameters | None:
    """The parameters that a model begins from; None where the record has no arm of it.

    Of several data sets it takes those of `dataset`.

    Raises:
      UserError: if the record cannot be read, the choice is unclear, or they are not kept.
    """
    folder = Path(source.folder)
    option = f"{OPT.initialize_from}={folder}"
    record = read_record(folder)
    arms = dict.fromkeys((row["dataset"], row["model"]) for row in record.rows)
    own = [arm for arm in arms if model_of_arm(arm[1]) == model and arm_history(record, arm)]
    own = [arm for arm in own if arm[1] == model] or own
    if not own:
        return None
    chosen = [arm for arm in own if arm[0] == dataset] or own
    if len(chosen) > 1:
        raise UserError(
            f"{option}: holds {model} on {', '.join(arm[0] for arm in own)}, and none on "
            f"{dataset}; name a record of one data set"
        )
    sizes = [n for n in swept_of(folder) if n in HPARAMS and HPARAMS[n].whole]
    if sizes:
        raise UserError(
            f"{option}: swept {OPT(sizes[0])} as a number, and its networks have dead units; name "
            "a record of train or compare"
        )
    return best_of(record, chosen[0], source)


def check_unseen(found: Parameters, dataset: str, checksum: str, split: str) -> str:
    """Sees that parameters were not learned from what they are tested on.

    Args:
      checksum, split: of the data set that goes on from them, and how it is split.

    Returns:
      in words, what of the data they may have learned from; empty where it is other data.

    Raises:
      UserError: if the record learned from the same data, and test splits are not the same.
    """
    known = [one for one in learned_from(found) if one.checksum == checksum]
    if not known:
        return ""
    for name in (*(one.split for one in known), split):
        if name not in SPLITS or SPLITS[name].own:
            raise UserError(
                f"{OPT.initialize_from}={found.folder}: learned from {dataset}, too, and under "
                f"{OPT.split}={name} from examples that others are tested on; name a record of "
                f"other data, or give both {OPT.split}=official"
            )
    return f"learned from {dataset}, too, so scores on validation are of examples it may know"


class Learned(NamedTuple):
    """A data set that parameters were learned from, and how it was split."""

    dataset: str
    checksum: str | None
    split: str


def learned_from(found: Parameters) -> list[Learned]:
    """All that parameters were learned from: in their record, and in those that it began from."""
    environment = read_json(found.folder, "environment.json", dict)
    data = environment.get("datasets", {}).get(found.arm[0], {})
    split = read_study(found.folder)["options"].get("split", DataOptions.split)
    arms = environment.get("initialized_from", {}).get("arms", {})
    before = arms.get("/".join(found.arm), {}).get("learned_from", [])
    return [Learned(found.arm[0], data.get("checksum"), split), *(Learned(*one) for one in before)]


def arm_history(record: Recorded, arm: tuple[str, str]) -> list[str]:
    """The metrics that an arm of networks has a history of."""
    prefix = f"{'/'.join(arm)}/"
    names = [n.removeprefix(prefix) for n in record.history if n.startswith(prefix)]
    return [name for name in names if name != "step"]


def best_of(record: Recorded, arm: tuple[str, str], source: Source) -> Parameters:
    """The member of an arm that validates best, or the one that is numbered.

    Raises:
      UserError: if it failed, or its parameters are not kept.
    """
    rows = [row for row in record.rows if (row["dataset"], row["model"]) == arm]
    kept = kept_members(record.folder, arm, len(rows))
    ready = [i for i in kept if i < len(rows) and rows[i]["status"] == "ok"]
    option = f"{OPT.initialize_from}={source}"
    if not ready:
        raise UserError(
            f"{option}: keeps no parameters of {arm[1]} on {arm[0]} that did not fail; name a "
            f"record of {OPT.keep}=all or {OPT.keep}=best"
        )
    if source.member is not None and source.member not in ready:
        raise UserError(
            f"{option}: {arm[1]} on {arm[0]} has the members {', '.join(map(str, ready))}; others "
            "failed, or their parameters are not kept"
        )
    name = metrics.ranking(arm_history(record, arm))
    values = record.history[f"{'/'.join(arm)}/{name}"]
    if len(values) != len(rows):
        raise broken(record.folder, "history.npz")
    scores = np.nan_to_num(metrics.sign(name) * values[:, -1].astype(float), nan=-np.inf)
    member = source.member
    if member is None:
        member = max(ready, key=lambda i: scores[i])
    return Parameters(record.folder, arm, member, kept[member])


def kept_members(
    folder: Path, arm: tuple[str, str], count: int
) -> dict[int, Mapping[str, np.ndarray]]:
    """Number of a member -> its parameters, of all of an arm that are kept.

    Raises:
      UserError: if it was several programs, some of whose members are not kept.
    """
    (name,) = arm_files([arm])
    files = [name]
    if not (folder / f"parameters/{name}.npz").is_file():
        many = len(list((folder / "parameters").glob(f"{name}-*.npz")))
        files = [f"{name}-{i}" for i in range(many)]
    parts = [parameters_of(folder, file) for file in files]
    found: dict[int, Mapping[str, np.ndarray]] = {}
    if len(parts) > 1 and sum(len(members) for _, members in parts) != count:
        raise UserError(
            f"{folder}: keeps some of the members of several programs; name a record of train or "
            f"compare, or of {OPT.keep}=all"
        )
    first = 0
    for arrays, members in parts:
        for place, member in enumerate(members):
            found[first + member] = {n: array[place] for n, array in arrays.items()}
        first += len(members)
    return found
