"""Differences of paired runs, against the band of differences that count as none."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlfun.report.html.blocks import Block, Figure, Folded, table
from dlfun.report.html.headline import ranked
from dlfun.report.html.record import Record, Row
from dlfun.report.html.results import Group, groups, scores_of
from dlfun.report.html.sections.overview import is_many
from dlfun.report.html.strips import Mark, Strip, strips

MOST = 21
"""Pairs of a figure, at most."""

FEW = 6
"""So many pairs are all shown; of more, the best arm is shown against each other one first."""

CLOSE = 8.0
"""Bands that a second figure shows to each side, where the first is much wider."""

Pair = dict[str, Any]


def differences(record: Record) -> list[Block]:
    """The figures of every data set that has verdicts on runs that are pairs."""
    blocks: list[Block] = []
    together = [pair for pair in record.pairs if pair.get("paired", True)]
    for group in groups(record):
        pairs = [p for p in together if p["dataset"] == group.dataset]
        if pairs:
            blocks += of_group(record, group, ranked(pairs, group))
    if is_many(record) and blocks:
        return [Folded("All data sets, replicate by replicate", blocks)]
    return blocks


def of_group(record: Record, group: Group, pairs: list[Pair]) -> list[Block]:
    """All differences of a data set, and those near zero once more where they are squeezed."""
    best = group.lines[0].label
    own = [pair for pair in pairs if best in (pair["a"], pair["b"])]
    first = pairs if len(pairs) <= FEW or not own else own
    rows = [strip_of(record, group, pair) for pair in pairs[:MOST]]
    delta = pairs[0].get("delta")
    rope = None if delta is None else group.unit.factor * delta
    before = [strip_of(record, group, pair) for pair in first[:MOST]]
    blocks: list[Block] = [figure(group, before, rope, None)]
    largest = max((abs(row.mean) for row in rows if np.isfinite(row.mean)), default=0.0)
    near = [row for row in rows if rope and abs(row.mean) < CLOSE * rope]
    if rope and near and largest > 2.5 * CLOSE * rope:
        blocks.append(figure(group, near, rope, (-CLOSE * rope, CLOSE * rope)))
    if len(first) < len(pairs) <= MOST:
        all_of_them = f"All {len(pairs)} pairs on {group.dataset}, replicate by replicate"
        blocks.append(Folded(all_of_them, [figure(group, rows, rope, None)]))
    return blocks


def by_replicate(rows: list[Row], metric: str) -> dict[str, float]:
    """Score of each replicate."""
    scores = scores_of(rows, metric)
    return {row["replicate"]: score for row, score in zip(rows, scores, strict=True)}


def strip_of(record: Record, group: Group, pair: Pair) -> Strip:
    """A pair, positive where its first arm is ahead."""
    unit = group.unit
    sign = unit.factor if unit.higher else -unit.factor
    by_label = {line.label: list(line.rows) for line in group.lines}
    a, b = (by_replicate(by_label.get(pair[n], []), group.metric) for n in ("a", "b"))
    paired = pair.get("paired", True) and pair["unit"] == "runs"
    values = [sign * (a[r] - b[r]) for r in a if r in b] if paired else []
    diff, ci = pair["diff"], pair["ci"]
    mean, low, high = (float("nan") if x is None else unit.factor * x for x in (diff, *ci))
    note = f"{unit.signed(diff)} {unit.interval(ci)}"
    style = next((x.style for x in group.lines if x.label == pair["a"]), 0)
    return Strip(
        f"{pair['a']} – {pair['b']}", np.array(values, float), style, (mean, low, high), note
    )


def figure(
    group: Group, rows: list[Strip], rope: float | None, limits: tuple[float, float] | None
) -> Figure:
    """A row a pair."""
    unit = group.unit
    finding = f"Differences in {unit.name} on {group.dataset}: " + "; ".join(
        f"{row.label} {row.note}" for row in rows
    )
    drawn = strips(rows, unit.difference, finding, [Mark(0.0)], rope, limits)
    width = (
        f" Shaded: up to ±{rope:.4g} {unit.step}".rstrip() + ", which counts as none."
        if rope
        else ""
    )
    name = "Paired differences" if limits is None else "The closest pairs, enlarged"
    numbers = [[row.label, *row.ends, len(row.values)] for row in rows]
    step = f" ({unit.step})" if unit.step else ""
    return Figure(
        f"{name} on {group.dataset}",
        finding,
        drawn,
        table(["pair", f"difference{step}", "low", "high", "replicates"], numbers, name),
        "A dot a replicate: the first arm minus the second, to the right where the first is "
        f"ahead; arms of one result each are compared over test examples, and have none. Bar: "
        f"interval for all pairs at once.{width}",
    )
