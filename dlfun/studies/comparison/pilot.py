"""The pilot of a plan: a record of the same models, whose spread over seeds is taken. No JAX."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlfun.config.comparison_spec import Claim
from dlfun.data import is_path
from dlfun.errors import OPT, UserError
from dlfun.records.checksums import check_record
from dlfun.records.reader import read_rows
from dlfun.stats import sd_upper
from dlfun.studies.comparison.verdicts import make_arms, metric_of


def check_pilot(
    pilot: str | None, datasets: Iterable[str], models: Sequence[str], claim: Claim
) -> None:
    """Raises UserError unless a pilot, if there is one, has these models on these data sets.

    What is read from a path has another name, which is known when it is read.
    """
    if pilot is None:
        return
    read_members(Path(pilot))
    for dataset in datasets:
        if not is_path(dataset):
            of_pilot(Path(pilot), dataset, models, claim)


def of_pilot(
    folder: Path, dataset: str, models: Sequence[str], claim: Claim
) -> tuple[str, dict[str, float]]:
    """The metric, and for each pair of models the upper limit of the sd of its differences.

    Raises:
      UserError: if the record lacks the data set, or has fewer than two seeds of a model.
    """
    rows = [row for row in read_members(folder) if row["dataset"] == dataset]
    metric = metric_of(rows, "test")
    arms = {arm.name: np.asarray(arm.scores, float) for arm in make_arms(rows, metric)}
    missing = [model for model in models if len(arms.get(model, ())) < 2]
    if missing:
        raise UserError(
            f"{OPT.pilot}={folder}: has fewer than 2 seeds of {missing[0]} on {dataset} with a "
            "test "
            "score; name a comparison of the same models and data sets"
        )
    pairs = (
        itertools.combinations(models, 2)
        if claim.family == "all-pairs"
        else ((m, claim.reference) for m in models if m != claim.reference)
    )
    found = {}
    for a, b in pairs:
        both = min(len(arms[a]), len(arms[str(b)]))
        differences = arms[a][:both] - arms[str(b)][:both]
        kept = differences[np.isfinite(differences)]
        sd = float(kept.std(ddof=1)) if len(kept) > 1 else float("inf")
        found[f"{a} - {b}"] = sd_upper(sd, len(kept))
    return metric, found


def read_members(folder: Path) -> Sequence[Mapping[str, Any]]:
    """The rows of a record's members.csv.

    Raises:
      UserError: if it is no record.
    """
    check_record(folder)
    try:
        return read_rows(folder)
    except UserError:
        raise UserError(
            f"{OPT.pilot}={folder}: holds no members.csv to read; name the record of a comparison"
        ) from None
