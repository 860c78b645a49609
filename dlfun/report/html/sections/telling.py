"""The pairs of many arms that tell something: those that are close, and those that surprise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dlfun.report.html.blocks import Block, Table, Words, cell, table
from dlfun.report.html.headline import ranked
from dlfun.report.html.results import Group
from dlfun.report.html.units import listed
from dlfun.report.text.verdicts import BY, p_value, verdict
from dlfun.stats.labels import EQUIVALENT, NONE, SMALL, UNRESOLVED
from dlfun.words import plural

CLOSE = (UNRESOLVED, EQUIVALENT, SMALL, NONE)
"""Labels that do not follow from the order of means."""

MOST = 24
"""Pairs that stand before the reader, at most: those with the smallest differences."""

Pair = dict[str, Any]


def counted(pairs: Sequence[Pair]) -> str:
    """How many pairs have which verdict; empty where all have the same."""
    counts = Counter(pair["verdict"] for pair in pairs)
    if len(counts) == 1:
        return ""
    said = [f"{count} {label}" for label, count in counts.most_common()]
    return f"Of {plural(len(pairs), 'pair')}: {listed(said)}."


def telling(pairs: list[Pair], group: Group) -> list[Block]:
    """A table of the pairs that are close or surprising, and how many are as expected."""
    why = {id(pair): reason for pair in pairs if (reason := surprise(pair, group))}
    found = [pair for pair in ranked(pairs, group) if id(pair) in why]
    rest = len(pairs) - len(found)
    lines = [
        f"{group.dataset}: of {plural(rest, 'pair')} out of {len(pairs)}, the arm with the better "
        "mean is shown to be ahead."
    ]
    if not found:
        return [Words(lines)]
    nearest = sorted(found, key=lambda p: abs(p["diff"] or 0.0))[:MOST]
    kept = [pair for pair in found if any(pair is one for one in nearest)]
    return [table_of(kept, len(found), group, why), Words(lines if rest else [])]


def surprise(pair: Pair, group: Group) -> str:
    """Why a pair is told: it is close, or not as the order of means would have it; else empty."""
    place = {line.label: k for k, line in enumerate(group.lines)}
    last = len(place)
    first = min(pair["a"], pair["b"], key=lambda name: place.get(name, last))
    if pair["winner"] not in (None, first):
        return "against the order of the means"
    if pair["p_disagrees"] and not pair["p_at_floor"]:  # else seeds are too few for a small p
        return "interval and p differ"
    return "close" if pair["verdict"] in CLOSE else ""


def table_of(pairs: Sequence[Pair], count: int, group: Group, why: dict[int, str]) -> Table:
    """A row a pair, with why it is told."""
    unit = group.unit
    step = f" ({unit.step})" if unit.step else ""
    rows = [
        [
            f"{pair['a']} – {pair['b']}",
            verdict(pair) + BY.get(pair["decided_by"], ""),
            cell(unit.signed(pair["diff"]))._replace(value=pair["diff"]),
            unit.interval(pair["ci"]),
            cell(p_value(pair["p_holm"]))._replace(value=pair["p_holm"]),
            why[id(pair)],
        ]
        for pair in pairs
    ]
    names = ["pair", "verdict", f"difference{step}", "interval", "Holm p", "told as"]
    left = count - len(pairs)
    title = f"Pairs on {group.dataset} that are close or surprising"
    note = (
        f"The {len(pairs)} with the smallest differences; {left} more are behind." if left else ""
    )
    return table(names, rows, title, note)
