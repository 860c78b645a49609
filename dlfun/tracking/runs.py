"""The runs of a tracker, made of a record: an arm each, and a member each where that is wanted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from dlfun.records.checksums import PAGE, checksum_of
from dlfun.report.html.record import Record, read_record
from dlfun.report.html.results import Group, Line, configurations, groups, swept_names
from dlfun.report.rows import is_copy
from dlfun.report.tensorboard import run_name
from dlfun.tracking.points import (
    Points,
    RunCurves,
    arm_points,
    curves_of,
    last_step,
    member_points,
    places_of,
)
from dlfun.words import plural

SOURCES = ("members.csv", "history.npz", "comparison.json", "study.json")
"""Files of a record by which its runs are told from those of another."""

BEHIND = {
    "better": "worse",
    "better (small)": "worse (small)",
    "suggestive": "suggestive (behind)",
}
"""A verdict -> what it says of the arm that is behind; others say the same of both."""


class TrackedRun(NamedTuple):
    """A run as a tracker is given it.

    Attributes:
      name: of an arm, or of its member; a record has no other of that name.
      study: what the record is called.
      record: the digest of the record.
      config: what the arm was trained with, and how many seeds of it there are.
      points: an arm has METRIC/mean, /low and /high over its members, a member METRIC; the final
        scores stand at the last step, those of an arm also with their count, METRIC/n.
      tags: what it is, and VERDICT.OTHER for each arm that it was compared with.
      words: score and verdicts in sentences, a line each.
      page: the report of its record, where the run has one.
      arm: of a member, the name of the run of its arm.
    """

    name: str
    study: str
    record: str
    config: Mapping[str, Any]
    points: Points
    tags: Mapping[str, str]
    words: Sequence[str] = ()
    page: Path | None = None
    arm: str = ""


class Tracker(Protocol):
    """Where runs are shown. Made of the folder of a record; what fails, fails as it likes.

    Attributes:
      place: where a user finds the runs.
    """

    place: str

    def reach(self) -> None:
        """Raises if the tracker cannot take runs now."""

    def names(self, record: str) -> set[str]:
        """The runs of a record, by its digest, that are there and whole; others are removed."""

    def write(self, run: TrackedRun) -> None:
        """Adds a run."""


def digest_of(folder: Path) -> str:
    """The sha256, in hex, of what the runs of a record are made of."""
    files = [name for name in SOURCES if (folder / name).is_file()]
    text = "".join(f"{checksum_of(folder / name)}  {name}\n" for name in files)
    return hashlib.sha256(text.encode()).hexdigest()


def tracked_runs(folder: Path, members: bool) -> Iterator[TrackedRun]:
    """The runs of a record: its arms as its page has them, each before its members.

    Raises:
      UserError: if there is no record, or it is damaged.
    """
    record = read_record(folder)
    digest, study = digest_of(folder), folder.resolve().name
    swept, places = swept_names(record), places_of(record.rows)
    first = {id(row): i for i, row in enumerate(record.rows)}
    lines = [(group, line) for group in groups(record) for line in group.lines]
    lines.sort(key=lambda pair: first[id(pair[1].rows[0])])
    for number, (group, line) in enumerate(lines):
        values = {name: line.rows[0][name] for name in swept}
        name = run_name(f"{line.dataset}/{line.model}", number, values)
        curves = curves_of(record, line, [places[id(row)] for row in line.rows])
        config = config_of(record, line, values)
        tags = tags_of(record, line)
        end = last_step([r for r in record.rows if r["dataset"] == line.dataset])
        points = arm_points(curves, line, end)
        arm = TrackedRun(name, study, digest, config, points, tags)
        words = words_of(record, group, line)
        # A search has one page for hundreds of runs: its best one holds it.
        holds = not swept or line is group.lines[0]
        page = folder / PAGE if holds and (folder / PAGE).is_file() else None
        yield arm._replace(words=words, page=page)
        if members:
            yield from members_of(arm, line, curves, end)


def members_of(arm: TrackedRun, line: Line, curves: RunCurves, end: int) -> Iterator[TrackedRun]:
    """The members of an arm, a run each."""
    for i, row in enumerate(line.rows):
        own = {"replicate": row["replicate"], "status": row["status"]}
        tags = {n: text for n, text in arm.tags.items() if not n.startswith(VERDICT)}
        yield arm._replace(
            name=f"{arm.name}/member-{i:03d}",
            config={**arm.config, **own},
            points=member_points(curves, line, i, end),
            tags={**tags, **own},
            arm=arm.name,
        )


def plain(value: Any) -> Any:
    """A value of study.json as all trackers take it: lists and mappings as text."""
    return json.dumps(value) if isinstance(value, list | dict) else value


def config_of(record: Record, line: Line, swept: Mapping[str, str]) -> dict[str, Any]:
    """What an arm was trained with: the study's options, the model's values, what was chosen."""
    study = record.study
    asked = dict(study.get("options", {})) | dict(study.get("models", {}).get(line.model) or {})
    chosen = configurations(record.frozen).get((line.dataset, line.model), {})
    runs = [row for row in line.rows if not is_copy(row)]
    failed = sum(row["status"] == "failed" for row in line.rows)
    named = {"dataset": line.dataset, "model": line.model}
    counts = {"runs": len(line.rows), "distinct_runs": len(runs), "failed_runs": failed}
    return {name: plain(v) for name, v in (asked | chosen | dict(swept) | named | counts).items()}


VERDICT = "verdict."
"""Begins the tag of a verdict; the other arm follows."""


def own_pairs(record: Record, line: Line) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The verdicts on an arm: with which other, and what."""
    for pair in record.pairs:
        sides = {pair["a"]: pair["b"], pair["b"]: pair["a"]}
        if pair["dataset"] == line.dataset and line.label in sides:
            yield sides[line.label], pair


def tags_of(record: Record, line: Line) -> dict[str, str]:
    """What an arm is, and what it is beside each other arm, as this arm sees it."""
    versions = record.environment.get("versions", {})
    tags = {
        "dlfun.study": str(record.study.get("study", "judge")),
        "dlfun.folder": str(record.folder.resolve()),
        "dlfun.version": str(versions.get("dlfun", "")),
        "dlfun.commit": str(record.environment.get("commit") or ""),
        "dataset": line.dataset,
        "model": line.model,
    }
    for other, pair in own_pairs(record, line):
        ahead = pair["winner"] in (None, line.label)
        label = str(pair["verdict"])
        tags[f"{VERDICT}{other}"] = label if ahead else BEHIND.get(label, label)
    return {name: text for name, text in tags.items() if text}


def words_of(record: Record, group: Group, line: Line) -> list[str]:
    """The score of an arm with its interval and count, and its verdicts, in sentences."""
    unit, score = group.unit, line.score
    ends = f" {unit.interval(group.ends(line))}" if np.isfinite(score.low) else ""
    runs = plural(score.n, "run")
    said = f"{unit.name} {unit.text(score.estimate)}{ends} {unit.sign}".rstrip()
    return [f"{said}, {runs}", *(str(pair["words"]) for _, pair in own_pairs(record, line))]
