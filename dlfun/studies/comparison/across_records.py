"""Arms of the same name in different records, judged: what a change of anything brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlfun.config.comparison_spec import Claim
from dlfun.config.option_table import PAIRING
from dlfun.config.studies import STUDIES
from dlfun.errors import OPT, UserError
from dlfun.records.checksums import check_record
from dlfun.records.reader import arm_file, labels_of, read_arrays, read_json, read_rows, read_study
from dlfun.stats.multiplicity import holm
from dlfun.stats.verdicts import disagrees
from dlfun.studies.comparison.gates import DatasetRuns
from dlfun.studies.comparison.verdicts import Examined, Look, Row, examined, judge
from dlfun.words import plural

FAMILY = "between"


class Side(NamedTuple):
    """A record: what it is called, its folder, rows, values of options, and data sets."""

    label: str
    folder: Path
    rows: list[dict[str, str]]
    options: Mapping[str, Any]
    datasets: Mapping[str, Any]


def read_side(label: str, folder: Path) -> Side:
    """A record that has test scores.

    Raises:
      UserError: if it has none, or cannot be read, or is of another version.
    """
    check_record(folder)
    study = read_study(folder)
    if STUDIES[study["study"]].searches:
        raise UserError(f"{folder}: a sweep has no test scores; name records of train or compare")
    datasets = read_json(folder, "environment.json").get("datasets", {})
    if not datasets or not all("examples" in known for known in datasets.values()):
        raise UserError(
            f"{folder / 'environment.json'}: does not say how many examples the data had, as that "
            "of an older dlfun; run the study again"
        )
    return Side(label, folder, read_rows(folder), study["options"], datasets)


def judge_between(
    folders: Sequence[Path], how: str, delta: Mapping[str, float], alpha: float = 0.05
) -> list[dict[str, Any]]:
    """The pairs, as in comparison.json, of each arm of the first record with those of the others.

    Intervals and adjusted p values hold for all pairs of one data set together.

    Args:
      how: paired, replicate by replicate, or unpaired.
      delta: data set, or "" for all, -> the largest difference that counts as none.

    Raises:
      UserError: if there are fewer than two records or one is there twice, if they share no arm
        or are of other data, or if they are to be paired and their replicates are not the same.
    """
    first, *others = sides = sides_of(folders, how)
    named = [
        (dataset, model, other)
        for dataset in first.datasets
        for other in others
        for model in models_of(first, dataset)
        if model in models_of(other, dataset)
    ]
    if not named:
        said = " and ".join(side.label for side in sides)
        raise UserError(f"{said} have no arm in common on the same data set")
    pairs = []
    for dataset in dict.fromkeys(name for name, _, _ in named):
        own = [(model, other) for name, model, other in named if name == dataset]
        pairs += judge_dataset(first, own, dataset, how, Claim(delta, alpha=alpha))
    return pairs


def sides_of(folders: Sequence[Path], how: str) -> list[Side]:
    """The records that are judged, the first being what the others are compared with.

    Raises:
      UserError: as `judge_between` does.
    """
    if len(folders) < 2:
        raise UserError(f"{OPT.between} needs two records or more, such as runs/before runs/after")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise UserError(f"{OPT.between}: a record stands against another one, not against itself")
    labels = labels_of(folders)
    first, *others = (read_side(*named) for named in zip(labels, folders, strict=True))
    for other in others:
        check_same(first, other, how)
    return [first, *others]


def tested_between(folders: Sequence[Path], how: str) -> dict[str, DatasetRuns]:
    """Data set -> the runs of all arms of the records, as gates are decided by them.

    An arm is called by its record, too: before/cnn.
    """
    first, *others = sides = sides_of(folders, how)
    return {
        dataset: DatasetRuns(
            [
                row
                for side in sides
                for model in models_of(side, dataset)
                for row in labelled(side, dataset, model)
            ],
            facts_of(first, others, dataset),
            how == "paired",
        )
        for dataset in first.datasets
    }


def judge_dataset(
    first: Side, named: Sequence[tuple[str, Side]], dataset: str, how: str, claim: Claim
) -> list[dict[str, Any]]:
    """The pairs of one data set, which are a family."""
    facts = facts_of(first, [other for _, other in named], dataset)
    look = Look(1, claim.alpha / len(named))
    found = []
    for model, other in named:
        rows = [row for side in (first, other) for row in labelled(side, dataset, model)]
        found += judge(rows, dataset, facts, claim, look, how == "paired")
    adjusted = holm([1.0 if pair["p"] is None else pair["p"] for pair in found])
    return [
        pair
        | {"family": FAMILY, "family_size": len(found), "p_holm": None if pair["p"] is None else p}
        | {"p_disagrees": disagrees(pair["verdict"], p, claim.alpha)}
        for pair, p in zip(found, adjusted.tolist(), strict=True)
    ]


def facts_of(first: Side, others: Sequence[Side], dataset: str) -> Examined:
    """What statistics must know of a data set that records were tested on."""
    scheme = first.options.get("split", "official")
    facts = examined(scheme, first.datasets[dataset]["examples"])
    return facts if facts.variance else facts._replace(scored=scored_by([first, *others], dataset))


def labelled(side: Side, dataset: str, model: str) -> list[Row]:
    """The runs of an arm, called by its record, too."""
    return [row | {"model": f"{side.label}/{model}"} for row in rows_of(side, dataset, model)]


def scored_by(sides: Sequence[Side], dataset: str) -> dict[str, np.ndarray]:
    """Arm by record -> [replicates, examples], which answers were right, where a record says so."""
    found = {}
    for side in sides:
        for model in models_of(side, dataset):
            right = right_answers(side.folder, dataset, model)
            if right is not None:
                found[f"{side.label}/{model}"] = right
    return found


def right_answers(folder: Path, dataset: str, model: str) -> np.ndarray | None:
    """[replicates, examples] which answers of an arm were right, where a record says so."""
    name = arm_file(dataset, model, "evidence.npz")
    arrays = read_arrays(folder, name) if (folder / name).exists() else {}
    if not {"correct", "targets"} <= set(arrays) or arrays["targets"].ndim != 1:
        return None
    return np.unpackbits(arrays["correct"], axis=1, count=len(arrays["targets"]))


def models_of(side: Side, dataset: str) -> list[str]:
    """The arms of a record on a data set."""
    return list(dict.fromkeys(r["model"] for r in side.rows if r["dataset"] == dataset))


def rows_of(side: Side, dataset: str, model: str) -> list[dict[str, str]]:
    """The runs of an arm."""
    return [row for row in side.rows if (row["dataset"], row["model"]) == (dataset, model)]


def check_same(first: Side, other: Side, how: str) -> None:
    """Raises UserError if two records are not of the same data, or cannot be paired."""
    for name, known in first.datasets.items():
        if name in other.datasets and other.datasets[name]["checksum"] != known["checksum"]:
            raise UserError(
                f"{name} is not the same data in {first.label} and {other.label} (their checksums "
                "differ); compare runs on the same data"
            )
    if how == "unpaired":
        return
    for name in PAIRING:
        was, now = first.options.get(name), other.options.get(name)
        if was != now:
            raise not_paired(
                f"{first.label} ran with {OPT(name)}={was} and {other.label} with {OPT(name)}={now}"
            )
    for dataset in first.datasets:
        for model in models_of(first, dataset):
            runs = [
                {row["replicate"] for row in rows_of(s, dataset, model)} for s in (first, other)
            ]
            if runs[1] and runs[0] != runs[1]:
                raise not_paired(
                    f"{model} has {plural(len(runs[0]), 'seed')} in {first.label} and "
                    f"{len(runs[1])} in "
                    f"{other.label}"
                )


def not_paired(why: str) -> UserError:
    """The error of records whose replicates are not the same."""
    return UserError(
        f"{OPT.between}=paired: {why}; run the same seeds, or write {OPT.between}=unpaired"
    )
