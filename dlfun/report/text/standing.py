"""The facts of a leaderboard's lines in words, for its tables and its page."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dlfun.objectives.metrics import metric as metric_row
from dlfun.objectives.metrics import words as metric_words
from dlfun.records.dates import day
from dlfun.report.rows import number
from dlfun.report.text.verdicts import scope_of
from dlfun.stats.labels import FEW, TOO_FEW
from dlfun.stats.words import Printing
from dlfun.studies.leaderboard.contenders import Contender
from dlfun.studies.leaderboard.facts import TABLE
from dlfun.studies.leaderboard.standings import MOST, Line, Standings
from dlfun.words import listed, plural

PACKAGES = ("dlfun", "jax")
"""Whose versions are shown."""

NAMED = 3
"""So many records are named in a cell."""


def title(standings: Standings) -> str:
    """What a table is of."""
    arm = standings.arm
    if arm.trained:
        return f"{arm.dataset}: {metric_words(arm.metric)}"
    source = Path(arm.tested[TABLE]).name
    return f"{arm.dataset}: {arm.tested.get('score') or 'score'}, judged from {source}"


def seconds(one: Contender) -> float:
    """The mean time of a run that did not fail; NaN where it is not known."""
    values = [number(row, "seconds") for row in one.rows if row["status"] == "ok"]
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def parameters(one: Contender) -> list[int]:
    """The least and the most parameters of its runs; nothing where they are not known."""
    values = sorted({int(row["parameters"]) for row in one.rows if row.get("parameters")})
    return values if len(values) < 2 else [values[0], values[-1]]


def failed(one: Contender) -> int:
    """How many runs failed."""
    return sum(row["status"] == "failed" for row in one.rows)


def devices(one: Contender) -> str:
    """The kinds of device that its runs ran on."""
    found = (part.origin.devices for part in one.pool.parts)
    texts = [
        ", ".join(f"{own.count(kind)} × {kind}" for kind in dict.fromkeys(own))
        for own in map(list, found)
    ]
    return " / ".join(text for text in dict.fromkeys(texts) if text)


def dates(one: Contender) -> list[str]:
    """The days of its first and its last record; one where they are the same."""
    days = sorted({day(part.origin.date) for part in one.pool.parts})
    return days if len(days) == 1 else [days[0], days[-1]]


def versions(one: Contender) -> str:
    """The versions that its records were made with."""
    found = []
    for name in PACKAGES:
        own = {part.origin.versions.get(name): None for part in one.pool.parts}
        known = [version for version in own if version]
        found += [f"{name} {' / '.join(known)}"] if known else []
    return ", ".join(found)


def records(one: Contender) -> str:
    """The records that its runs come from."""
    labels = [part.origin.label for part in one.pool.parts]
    more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return ", ".join(labels[:NAMED]) + more


def place(line: Line) -> str:
    """The places that the verdicts leave it."""
    if line.place is None:
        return ""
    return str(line.place[0]) if line.place[0] == line.place[1] else "{}–{}".format(*line.place)


def note(line: Line) -> str:
    """Why it stands apart from another arm of its name, and what of it counts once."""
    one = line.contender
    said = [one.pool.apart] if one.pool.apart else []
    if one.repeated:
        said.append(f"{plural(one.repeated, 'run')} stood in a record before: counted once")
    if one.side is not None and one.side.mixed:
        bad = (
            f"{int(one.side.weak.sum())} of {plural(one.side.n, 'run')} failed or stayed at chance"
        )
        said.append(f"{bad}, and rank last; it is behind by the others")
    return "; ".join([*said, *([] if line.letters else [unjudged(one)])])


def unjudged(one: Contender) -> str:
    """Why an arm has no verdict."""
    if one.side is None or one.side.failed.all():
        return "all runs failed"
    few = f"fewer than {TOO_FEW} seeds: no verdict"
    return f"not judged, as the first {MOST} by their scores are" if one.judged else few


def leader(standings: Standings) -> str:
    """In a sentence, who leads and who is tied for the lead."""
    lines, tied = standings.lines, standings.tied
    if not tied:
        return f"{lines[0].contender.label} is first by its score; no arm has seeds for a verdict"
    first = lines[tied[0]].contender.label
    if standings.judged < 2:
        return f"{first} has nothing to be compared with"
    place = lines[tied[0]].place
    if place is not None and place[0] > 1:
        return f"{first} has the best mean, though others beat it more often, as some runs failed"
    if len(tied) == 1:
        few = min(line.contender.score.n for line in lines if line.place) < FEW
        said = "seems better" if few else "is better"
        return f"{first} leads: it {said} than {plural(standings.judged - 1, 'other arm')}"
    others = listed([lines[k].contender.label for k in tied[1:]])
    return f"{first} is first by its score, tied for the lead with {others}"


def meaning(standings: Standings) -> list[str]:
    """In sentences, what letters, places and intervals of a table say."""
    row, size = metric_row(standings.metric), standings.family
    margin = Printing(row.share, row.step).counted(f"{row.factor * standings.delta:g}")
    about = scope_of({"split_scheme": standings.arm.examined.scheme, "scope": "this-test-set"})
    said = [
        "Arms that share a letter are told apart by no verdict; each letter is one of the largest "
        "groups of such arms. A place is the best and the worst that the verdicts leave an arm.",
        f"Verdicts are about {about}; they hold for all {plural(size, 'pair')} of the table "
        f"together, at an error rate of 5 %; compared run by run: {standings.paired:,}.",
        f"A difference of up to {margin} counts as none."
        if standings.delta
        else "Every difference matters (delta is 0).",
    ]
    if any(line.letters and line.contender.few for line in standings.lines):
        said.append(f"With fewer than {FEW} seeds a lead is suggestive.")
    if not standings.complete:
        said.append("There are more groups than are shown; those shown hold every pair.")
    return said if size else []
