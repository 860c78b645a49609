"""The headline of the page: what won, by how much, and how sure that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dlfun.report.html.record import Record, column
from dlfun.report.html.relations import against, basis, coarse, standing, with_step
from dlfun.report.html.results import Group, Line, groups, swept_names
from dlfun.report.html.sections.overview import is_many, summed_up
from dlfun.report.html.units import first_upper, listed
from dlfun.report.rows import run_of
from dlfun.report.text.reasons import reasons
from dlfun.report.text.verdicts import about
from dlfun.stats.labels import FEW, NONE, SUGGESTIVE
from dlfun.words import plural

MOST = 8
"""Data sets that the headline tells one by one, at most."""

NAMED = 3
"""Reasons and arms that a line names, at most."""

Pair = dict[str, Any]


class Headline(NamedTuple):
    """The name of the record, the main finding, and further ones.

    `by_dataset` has a short finding for each data set, where they are several.
    """

    name: str
    title: str
    lines: list[str]
    by_dataset: Sequence[tuple[str, str]] = ()


def headline(record: Record) -> Headline:
    """What a record found: the best arm of each data set, and how sure it is ahead."""
    found, by_dataset = groups(record), []
    if is_many(record):
        lines = [*summed_up(record), leaders_of(found), f"About {about(record.pairs)}"]
    elif len(found) == 1:
        lines = of_group(record, found[0])
    else:
        lines = [leaders_of(found), *sureness(record)]
        by_dataset = [(group.dataset, short(record, group)) for group in found[:MOST]]
        if len(found) > MOST:
            lines.append(f"{plural(len(found) - MOST, 'more data set')} below")
    lines += failures(record)
    title, *rest = map(sentence, lines)
    return Headline(record.folder.resolve().name, title, rest, by_dataset)


def sentence(text: str) -> str:
    """A text that begins as it does and ends with a stop."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def of_group(record: Record, group: Group) -> list[str]:
    """The findings on the only data set, the main one first."""
    first, unit = group.lines[0], group.unit
    if first.score.n == 0:
        return [f"No run on {group.dataset} has a {unit.name}"]
    pairs = [p for p in record.pairs if p["dataset"] == group.dataset]
    pair = next_pair(pairs, group)
    where = f"{unit.name} on {group.dataset}"
    if pair is None:
        return without_verdict(record, group, where)
    title = f"{scored(first, group, pair)} {where}, {against(pair, first.label, unit)}"
    if all(one["verdict"] == NONE for one in pairs):
        return [title, *why_none(pairs)]
    rests = f"{only(pair)}{basis(pair)}, about {about([pair])}"
    said = standing(pairs, first.label, [line.label for line in group.lines])
    return [title, rests, *([said] if said else []), *why_none(pairs)]


def only(pair: Pair) -> str:
    """That there are few runs, before their number."""
    return f"Suggestive, as {FEW} are asked for: only " if pair["verdict"] == SUGGESTIVE else ""


def why_none(pairs: Sequence[Pair]) -> list[str]:
    """Why there are no verdicts, each reason once."""
    said = [first_upper(reason) for reason in reasons(pairs)]
    more = len(said) - NAMED
    return [*said[:NAMED], *([f"{plural(more, 'more reason')} below"] if more > 0 else [])]


def scored(line: Line, group: Group, pair: Pair | None) -> str:
    """An arm with its mean; those with the same mean beside it."""
    mean, gap = line.score.estimate, []
    if pair is not None and pair["diff"]:
        gap = [pair["diff"], *pair["ci"]]
    # A mean of 99.97 % is not shown as 100.0 %.
    unit = coarse(group.unit, [*gap, mean, 1 - mean])
    return f"{listed([one.label for one in leading(group)], NAMED)}: {unit.whole(mean)}"


def leading(group: Group) -> list[Line]:
    """The lines with the best mean, mostly one."""
    best = group.lines[0]
    level = best.score.estimate
    return [x for x in group.lines if x is best or np.isclose(x.score.estimate, level, 1e-6, 0)]


def next_pair(pairs: Sequence[Pair], group: Group) -> Pair | None:
    """The best arm against the next one that it was compared with; None if with none."""
    best = group.lines[0].label
    own = [pair for pair in ranked(pairs, group) if best in (pair["a"], pair["b"])]
    ties = {line.label for line in leading(group)}
    apart = [pair for pair in own if not {pair["a"], pair["b"]} <= ties]
    return next(iter([*apart, *own]), None)


def ranked(pairs: Sequence[Pair], group: Group) -> list[Pair]:
    """Pairs in the order of their arms, best first."""
    place = {line.label: i for i, line in enumerate(group.lines)}
    last = len(place)
    return sorted(pairs, key=lambda p: sorted((place.get(p["a"], last), place.get(p["b"], last))))


def leaders_of(found: Sequence[Group]) -> str:
    """Which arm has the best mean on how many data sets."""
    counts = Counter(line.label for group in found for line in leading(group) if line.score.n)
    if not counts:
        return "No run has a score"
    names = {group.unit.name for group in found}
    what = f"Best mean {names.pop()}" if len(names) == 1 else "Best mean"
    named = counts.most_common()
    said = [f"{name} on {f'all {n}' if n == len(found) else n}" for name, n in named]
    return f"{what} of {plural(len(found), 'data set')}: {listed(said, NAMED)}"


def short(record: Record, group: Group) -> str:
    """The best arm of one data set among several, in a short line."""
    first = group.lines[0]
    if first.score.n == 0:
        return f"no run has a {group.unit.name}"
    pair = next_pair([p for p in record.pairs if p["dataset"] == group.dataset], group)
    said = scored(first, group, pair)
    if pair is None:
        return f"{said}{lead_of(group)}"
    return f"{said}, {against(pair, first.label, group.unit)}"


def sureness(record: Record) -> list[str]:
    """What the verdicts on several data sets rest on, said once where it is the same."""
    if not record.pairs:
        return [f"{runs_of(record)}; no verdicts were made"]
    if all(pair["verdict"] == NONE for pair in record.pairs):
        return why_none(record.pairs)
    rests = list(dict.fromkeys(basis(p) for p in record.pairs if p["unit"] != "examples"))
    about_all = f"about {about(record.pairs)}"
    said = f"{rests[0]}, {about_all}" if len(rests) == 1 else first_upper(about_all)
    return [said, *why_none(record.pairs)]


def without_verdict(record: Record, group: Group, where: str) -> list[str]:
    """The best line of a data set that no verdicts were made on."""
    first, unit = group.lines[0], group.unit
    count = sum(line.score.n > 0 for line in group.lines)
    arms = plural(count, "configuration" if swept_names(record) else "arm")
    best = f", the best mean of {arms}" if count > 1 else ""
    said = plural(len(first.rows), run_of(first.rows))
    if np.isfinite(first.score.low):
        said += f", 95 % interval {unit.interval(group.ends(first))}"
    lines = [f"{scored(first, group, None)} {where}{best}", f"{said}{chance(group)}"]
    if count > 1:
        lines.append(f"{first_upper(lead_of(group).removeprefix(', '))}; no verdicts were made")
    return lines


def runs_of(record: Record) -> str:
    """How many runs an arm has."""
    return plural(len({row["replicate"] for row in record.rows}), run_of(record.rows))


def lead_of(group: Group) -> str:
    """By how much the best mean is ahead of the next one; empty where there is none."""
    tied = leading(group)
    rest = [line for line in group.lines[len(tied) :] if line.score.n]
    if not rest:
        return ", all the same" if len(tied) > 1 else ""
    gap = abs(tied[0].score.estimate - rest[0].score.estimate)
    return f", {with_step(coarse(group.unit, [gap]), gap)} ahead of {rest[0].label}"


def chance(group: Group) -> str:
    """How many runs of the best line are no better than chance, where some are."""
    rows = group.lines[0].rows
    idle = sum(row.get("at_chance", "").lower() == "true" for row in rows)
    if not idle:
        return ""
    level = group.unit.whole(float(column(rows[:1], "chance")[0]))
    return f"; {idle} of {len(rows)} no better than chance, {level}"


def failures(record: Record) -> list[str]:
    """How many runs did not stay finite."""
    failed = sum(row["status"] == "failed" for row in record.rows)
    if not failed:
        return []
    return [f"{failed} of {plural(len(record.rows), 'run')} failed; they are named below"]
