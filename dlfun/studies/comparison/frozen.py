"""The frozen part of a comparison, fixed once it was tuned: frozen.json, and its openings.

The hash is over all that is frozen, in one canonical form. Each time the test split is opened for
it, a line is added to openings.csv beside it, before anything is trained.
"""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dlfun.config.comparison_spec import Claim
from dlfun.config.options import StudyOptions
from dlfun.errors import OPT, UserError
from dlfun.records.checksums import check_record, write_into
from dlfun.records.folders import holds_record
from dlfun.records.reader import CONFIRMED as CONFIRMED
from dlfun.records.reader import FROZEN as NAME
from dlfun.studies.baselines.arms import space_of
from dlfun.studies.comparison.tuning import Tuned, Tuning
from dlfun.types import Dataset

FORMAT = 1
OPENINGS = "openings.csv"
COLUMNS = ("hash", "seed", "time", "record")


class Frozen(NamedTuple):
    """What was frozen, and where: a file, or the record that holds it."""

    path: str
    contents: Mapping[str, Any]


def digest(contents: Mapping[str, Any]) -> str:
    """The sha256 of all that is frozen, but for the hash itself."""
    plain = {name: value for name, value in contents.items() if name != "hash"}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def freeze(
    options: StudyOptions,
    claim: Claim,
    tuning: Tuning,
    tuned: Tuned,
    datasets: Sequence[Dataset],
    flags: Sequence[str],
) -> dict[str, Any]:
    """All that the confirmation must keep, with its hash.

    `flags` are the lines that the confirmation must be started with.
    """
    arms = {name for points in tuned.points.values() for name in points}
    spaces = {
        name: tuning.spaces[name] if name in tuning.candidates else space_of(name, tuning.spaces)
        for name in arms
    }
    contents = {
        "format": FORMAT,
        "configurations": tuned.points,
        "spaces": {
            model: {name: str(dimension) for name, dimension in space.items()}
            for model, space in spaces.items()
        },
        "trials": dict.fromkeys(arms, tuning.trials)
        | {model: len(found) - 1 for model, found in tuning.candidates.items()},
        "tuning_seeds": tuning.seeds,
        "tuning_root": options.seed,
        "delta": dict(claim.delta),
        "family": claim.family,
        "reference": claim.reference,
        "scope": claim.scope,
        "alpha": claim.alpha,
        "n": options.seeds,
        "looks": list(claim.looks),
        "datasets": {d.name: {"version": d.version, "checksum": d.checksum} for d in datasets},
        "flags": list(flags),
    }
    contents = json.loads(json.dumps(contents))  # tuples become lists, as they will be read
    return {**contents, "hash": digest(contents)}


def write_frozen(folder: Path, contents: Mapping[str, Any], name: str = NAME) -> None:
    """frozen.json, or `CONFIRMED`, in a folder."""
    text = json.dumps(contents, indent=2, sort_keys=True, allow_nan=False)
    (folder / name).write_text(text + "\n")


def read_frozen(path: str | Path) -> dict[str, Any]:
    """What was frozen, from the file or the record that holds it.

    Raises:
      UserError: if there is no such file, or it was changed since, or is of another version.
    """
    file = Path(path) / NAME if Path(path).is_dir() else Path(path)
    where = f"{OPT.frozen}={path}"
    if Path(path).is_dir():
        check_record(Path(path))
    try:
        contents = json.loads(file.read_text())
    except FileNotFoundError:
        raise UserError(
            f"{where}: there is no {NAME}; name the record that {OPT.tune} {OPT.stage}=tune "
            "made, where it "
            "is now"
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{where}: cannot be read ({error}); tune anew") from None
    if not isinstance(contents, dict) or contents.get("format") != FORMAT:
        raise UserError(f"{where}: is not of this version of dlfun; tune anew")
    if contents.get("hash") != digest(contents):
        raise UserError(
            f"{where}: was changed after it was frozen (its hash does not fit); put it back, or "
            "tune anew"
        )
    return contents


def confirm(
    frozen: Frozen, claim: Claim, options: StudyOptions, datasets: Sequence[Dataset]
) -> Claim:
    """Begins a confirmation, which is written down as an opening; the claim that it makes.

    Raises:
      UserError: if the data are not those tuned on, the study was begun with other configurations,
        or its seed was used.
    """
    tuned = frozen.contents["datasets"]
    for data in datasets:
        if data.checksum != tuned.get(data.name, {}).get("checksum"):
            raise UserError(
                f"{OPT.frozen}={frozen.path}: the data set {data.name} was changed since (another "
                "checksum); put it back, or tune anew"
            )
    known = frozen.contents["hash"]
    if options.checkpoints is not None:
        options.checkpoints.depend_on("what is frozen", known)
    opened = add_opening(frozen.path, known, options.seed, str(options.output_dir))
    return dataclasses.replace(claim, frozen_hash=known, test_openings=opened)


def read_openings(path: str | Path, frozen_hash: str) -> list[dict[str, str]]:
    """The lines of openings.csv beside a frozen file that are of its hash."""
    try:
        with openings_of(path).open(newline="", encoding="utf-8") as file:
            return [row for row in csv.DictReader(file) if row["hash"] == frozen_hash]
    except FileNotFoundError:
        return []


def openings_of(path: str | Path) -> Path:
    """Where the openings of a frozen file are written down."""
    return (Path(path) if Path(path).is_dir() else Path(path).parent) / OPENINGS


def check_seed(path: str | Path, frozen_hash: str, seed: int) -> list[dict[str, str]]:
    """The openings of what is frozen, of which none with this seed has its record.

    Raises:
      UserError: if one has.
    """
    before = read_openings(path, frozen_hash)
    same = [row for row in before if row["seed"] == str(seed) and holds_record(Path(row["record"]))]
    if same:
        raise UserError(
            f"{OPT.seed}={seed}: the test split was opened with it on {same[0]['time']}, for "
            f"{same[0]['record']}; give another {OPT.seed}, and the study is a replication"
        )
    return before


def add_opening(folder: str | Path, frozen_hash: str, seed: int, record: str) -> int:
    """Writes down that the test split is opened now; how often it was, this time included.

    A study that was stopped showed nobody a test score: the same seed again goes on with the same
    opening.

    Raises:
      UserError: if a study with the same seed has its record, or the list lies elsewhere.
    """
    before = check_seed(folder, frozen_hash, seed)
    path, now = openings_of(folder), time.strftime("%Y-%m-%d %H:%M:%S")
    if path.is_symlink():
        raise UserError(f"{path}: is a link, which no study leaves; put the file in its place")
    text = io.StringIO(
        path.read_text(encoding="utf-8") if path.exists() else ",".join(COLUMNS) + "\n"
    )
    text.seek(0, io.SEEK_END)
    csv.writer(text).writerow([frozen_hash, seed, now, Path(record).absolute()])
    write_into(path.parent, path.name, text.getvalue())
    return len({row["seed"] for row in before} | {str(seed)})
