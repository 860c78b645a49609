"""The arms of a record, with all that must agree before runs of two records are pooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dlfun.config.start_table import model_of_arm
from dlfun.config.studies import STUDIES
from dlfun.errors import UserError
from dlfun.records.checksums import check_record
from dlfun.records.dates import DATE, date_of
from dlfun.records.reader import CONFIRMED, FROZEN, STUDY, read_json, read_rows, read_study
from dlfun.studies.comparison.verdicts import Examined, Row, examined, metric_of
from dlfun.studies.leaderboard.facts import (
    TABLE,
    Facts,
    keys_of,
    run_facts,
    tested_facts,
    with_defaults,
)

READ = ("members.csv", "environment.json", "comparison.json", STUDY, FROZEN, CONFIRMED)
"""The files of a record that a leaderboard is made from."""


class Origin(NamedTuple):
    """The record that runs come from, and when and with what they were made.

    Attributes:
      label: what the record is called.
      devices: their kinds, each as often as it was there.
      versions: package -> version.
      protocol: tuned, given, or elsewhere.
    """

    label: str
    folder: Path
    date: str
    devices: Sequence[str]
    versions: Mapping[str, str]
    protocol: str


class RecordArm(NamedTuple):
    """An arm of a record on one data set.

    Attributes:
      rows: of members.csv, its runs.
      tested: what its scores are of; under other values they are not comparable.
      run: what else its runs come from; arms that agree in it are one arm.
      keys: [runs] the same for the same run in another record, and for the two runs of a pair.
      pairs: whether runs of two arms that have the same key share their chance.
      examined: what the statistics must know of the data set.
    """

    origin: Origin
    model: str
    dataset: str
    metric: str
    rows: Sequence[Row]
    tested: Facts
    run: Facts
    keys: Sequence[tuple[str, ...]]
    pairs: bool
    examined: Examined

    @property
    def trained(self) -> bool:
        """Whether dlfun trained it, and the record says by what protocol and on which data."""
        return TABLE not in self.tested


def read_arms(label: str, folder: Path) -> list[RecordArm]:
    """The arms of a record that have test scores.

    Raises:
      UserError: saying why there are none, or which of the files needed is damaged.
    """
    if not folder.is_dir():
        raise UserError("is a file, and no record" if folder.exists() else "no such directory")
    if not (folder / "members.csv").is_file():
        raise UserError("has no members.csv: it is no record, unfinished, or of no trained models")
    check_record(folder, only=READ)
    environment = read_json(folder, "environment.json", dict)
    rows = read_rows(folder)
    if (folder / STUDY).is_file():
        return arms_of_study(label, folder, environment, rows)
    if "source" in environment:
        return arms_of_table(label, folder, environment, rows)
    raise UserError(f"has no {STUDY}, as the record of an older dlfun")


def origin_of(label: str, folder: Path, environment: Facts, protocol: str) -> Origin:
    """When, with what and by which protocol a record was made."""
    versions = {name: v for name, v in environment.get("versions", {}).items() if v}
    date = str(environment.get(DATE) or date_of(folder / "members.csv"))
    return Origin(label, folder, date, environment.get("devices", []), versions, protocol)


def by_arm(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """The runs of each data set and model."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row["dataset"], row["model"]), []).append(row)
    return found


def metric_for(own: Sequence[Row], rows: Sequence[Row]) -> str:
    """The metric of an arm; of one without a score that of the others on its data set."""
    metric = metric_of(own, "test")
    if any(row.get(metric, "") != "" for row in own):
        return metric
    return metric_of([row for row in rows if row["dataset"] == own[0]["dataset"]], "test")


def arms_of_study(
    label: str, folder: Path, environment: Facts, rows: Sequence[Row]
) -> list[RecordArm]:
    """The arms of a record of trained models.

    Raises:
      UserError: if none were tested, or the record does not say on which data.
    """
    study = read_study(folder)
    kind, data = STUDIES[study["study"]], environment.get("datasets", {})
    if kind.searches or not kind.arms:
        raise UserError(f"is the record of {study['study']}, which has no test scores of models")
    if not all({"checksum", "examples"} <= set(data.get(row["dataset"], {})) for row in rows):
        raise UserError("does not say which data it had, as the record of an older dlfun")
    file = next((name for name in (FROZEN, CONFIRMED) if (folder / name).is_file()), None)
    frozen = read_json(folder, file, dict) if file else {}
    origin = origin_of(label, folder, environment, "tuned" if frozen else "given")
    options = with_defaults(study)
    found = []
    for (dataset, model), own in by_arm(rows).items():
        configuration = frozen.get("configurations", {}).get(dataset, {}).get(model, {})
        run = {"protocol": origin.protocol, "steps": most(own, "steps")}
        base = model_of_arm(model)
        run |= run_facts(study, options, base, configuration if frozen else None)
        run |= initial_facts(environment, f"{dataset}/{model}")
        if study["models"].get(base, {}) is None:
            run |= {"module": f"given in Python for {label}"}  # no file says what it is
        tested = tested_facts(study, options, data[dataset])
        about = examined(str(options["split"]), data[dataset]["examples"])
        metric, keys = metric_for(own, rows), keys_of(options, own)
        found.append(RecordArm(origin, model, dataset, metric, own, tested, run, keys, True, about))
    return found


def initial_facts(environment: Facts, arm: str) -> Facts:
    """Of which record an arm took its parameters, if it did."""
    found = environment.get("initialized_from", {})
    own = found.get("arms", {}).get(arm)
    if own is None:
        return {}
    parameters = f"{found['record']}:{own['member']}"
    return {"initial parameters": parameters, "checksum of those": found["checksum"]}


def most(rows: Sequence[Row], name: str) -> float | None:
    """The largest whole number in a column; None where it is empty."""
    return max((int(row[name]) for row in rows if row.get(name, "") != ""), default=None)


def arms_of_table(
    label: str, folder: Path, environment: Facts, rows: Sequence[Row]
) -> list[RecordArm]:
    """The methods of judged results, of which the record knows the table alone."""
    origin = origin_of(label, folder, environment, "elsewhere")
    pairs = read_json(folder, "comparison.json", list)
    paired = {pair["dataset"] for pair in pairs} - {
        pair["dataset"] for pair in pairs if not pair["paired"]
    }
    tested = {TABLE: environment["source"], "score": environment.get("score")}
    overlap = float(rows[0].get("split_variance") or 0.0)  # of folds
    about = Examined("kfold" if overlap else "official", 0, overlap, labels=False)
    found = []
    for (dataset, model), own in by_arm(rows).items():
        metric, keys = metric_for(own, rows), keys_of({}, own)
        found.append(
            RecordArm(
                *(origin, model, dataset, metric, own, tested, {}, keys, dataset in paired, about)
            )
        )
    return found
