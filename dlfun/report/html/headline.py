"""The headline of the page: findings in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from dlfun.report.html.record import Record
from dlfun.report.html.results import Group, groups
from dlfun.report.html.sections.overview import is_many, summed_up
from dlfun.report.html.units import first_upper, listed
from dlfun.report.text.verdicts import about, unseen
from dlfun.words import plural

FEW = 3
"""So many pairs of a data set are told one by one."""

OPEN = ("unresolved", "no verdict")

Pair = dict[str, Any]


class Headline(NamedTuple):
    """The name of the record, the main finding, and further ones."""

    name: str
    title: str
    lines: list[str]


def headline(record: Record) -> Headline:
    """What a record found: its verdicts, or its best arms where it has none."""
    found = groups(record)
    lines = [line for group in found for line in of_group(record, group, len(found) > 1)]
    if is_many(record):
        lines = summed_up(record)
    if record.pairs:
        lines[1:1] = scope(record)
    lines += failures(record)
    return Headline(record.folder.resolve().name, sentence(lines[0]), [*map(sentence, lines[1:])])


def scope(record: Record) -> list[str]:
    """What the verdicts are about, and what so few runs cannot show."""
    return [
        f"About {about(record.pairs)}",
        *(first_upper(text) for text in [unseen(record.pairs)] if text),
    ]


def sentence(text: str) -> str:
    """A text that ends with a stop."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def of_group(record: Record, group: Group, named: bool) -> list[str]:
    """The findings on one data set."""
    pairs = [p for p in record.pairs if p["dataset"] == group.dataset]
    before = f"{group.dataset}: " if named else ""
    if not pairs:
        return [before + without_verdict(group)]
    if len(pairs) <= FEW:
        return [f"{before}{pair['words']}" for pair in ranked(pairs, group)]
    first = against_next(pairs, group)
    said = [first["words"], *ahead_of(pairs, group), counted(pairs), *unresolved(pairs)]
    return [before + line for line in said]


def ranked(pairs: Sequence[Pair], group: Group) -> list[Pair]:
    """Pairs in the order of their arms, best first."""
    place = {line.label: i for i, line in enumerate(group.lines)}
    last = len(place)
    return sorted(pairs, key=lambda p: sorted((place.get(p["a"], last), place.get(p["b"], last))))


def against_next(pairs: Sequence[Pair], group: Group) -> Pair:
    """The best arm against the next one that it was compared with."""
    return ranked(pairs, group)[0]


def counted(pairs: Sequence[Pair]) -> str:
    """How many pairs have which verdict."""
    counts = Counter(pair["verdict"] for pair in pairs)
    said = [f"{count} {verdict}" for verdict, count in counts.most_common()]
    return f"Of {plural(len(pairs), 'pair')}: {listed(said)}"


def ahead_of(pairs: Sequence[Pair], group: Group) -> list[str]:
    """Whom the best arm is better than."""
    best = group.lines[0].label
    better = [p for p in pairs if p["winner"] == best and p["verdict"].startswith("better")]
    beaten = {name for p in better for name in (p["a"], p["b"])} - {best}
    names = [line.label for line in group.lines if line.label in beaten]
    others = plural(len({n for p in pairs for n in (p["a"], p["b"])}) - 1, "other arm")
    count = "all" if len(names) == len(group.lines) - 1 else f"{len(names)} of"
    return [f"{best} is better than {count} {others}: {listed(names)}"] if names else []


def unresolved(pairs: Sequence[Pair]) -> list[str]:
    """Which pairs are open, if not all of them."""
    left = [f"{p['a']} and {p['b']}" for p in pairs if p["verdict"] in OPEN]
    if not left or len(left) == len(pairs):
        return []
    return [f"Still open: {'; '.join(left[:6])}" + (" ..." if len(left) > 6 else "")]


def without_verdict(group: Group) -> str:
    """The best line of a data set that no verdicts were made on."""
    first, unit = group.lines[0], group.unit
    runs = plural(len(first.rows), "run")
    if first.score.n == 0:
        return f"no run has a {unit.name}"
    said = f"{first.label} has the best mean {unit.name}, {unit.whole(first.score.estimate)}"
    if first.score.n > 1:
        said += f" {unit.interval(group.ends(first))}"
    kind = "one arm" if len(group.lines) == 1 else f"the best of {len(group.lines)}"
    return f"{said}, {runs} ({kind}; no verdicts were made)"


def failures(record: Record) -> list[str]:
    """How many runs did not stay finite."""
    failed = sum(row["status"] == "failed" for row in record.rows)
    if not failed:
        return []
    return [f"{failed} of {plural(len(record.rows), 'run')} failed; they are named below"]
