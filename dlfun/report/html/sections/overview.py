"""The overview of verdicts on many data sets: who leads, who is tied, and where the order turns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from dlfun.objectives.metrics import higher_is_better
from dlfun.report.html.blocks import Block, Cell, table
from dlfun.report.html.record import Record
from dlfun.report.html.results import groups, styles
from dlfun.report.html.sections.ranks import figure
from dlfun.report.html.units import listed
from dlfun.report.text.judged import counts
from dlfun.results.ranked import Ranked, rank

MANY = 12
"""From so many data sets on, verdicts are summed up before they are shown one by one."""

NAMED = 12
ALPHA = 0.05


def is_many(record: Record) -> bool:
    """Whether verdicts are summed up, as they are of many data sets."""
    return len({pair["dataset"] for pair in record.pairs}) >= MANY


def ranked(record: Record) -> Ranked | None:
    """The arms over all data sets; None where they are judged by several metrics, or are few."""
    metrics = {pair["metric"] for pair in record.pairs}
    if len(metrics) != 1:
        return None
    (metric,) = metrics
    found = rank(record.rows, metric, higher_is_better(metric))
    return None if found is None or found.tests is None else found


def summed_up(record: Record) -> list[str]:
    """In sentences: who leads, and how often each verdict was given."""
    found = ranked(record)
    kinds = Counter(pair["verdict"] for pair in record.pairs)
    datasets = len({pair["dataset"] for pair in record.pairs})
    said = listed([f"{count:,} {kind}" for kind, count in kinds.most_common()], NAMED)
    lines = [f"Of {len(record.pairs):,} pairs on {datasets} data sets: {said}"]
    return lines if found is None else [leads(found), *lines]


def overview(record: Record) -> list[Block]:
    """Ranks, how often each verdict was given, and the data sets on which the order turns."""
    blocks: list[Block] = []
    found = ranked(record)
    if found is not None and found.tests is not None:
        blocks.append(figure(found.names, found.tests, found.datasets, styles(record)))
        blocks += turns(found, record.pairs)
    summed = counts(record.pairs)
    rows = [list(row.values()) for row in summed]
    blocks.append(table(list(summed[0]), rows, "Verdicts of all data sets, pair by pair"))
    return blocks


def mean_table(record: Record) -> list[Block]:
    """Mean scores, a row a data set and a column an arm, the best of each in bold."""
    named = groups(record)
    if len({group.metric for group in named}) != 1:
        return []
    found = ranked(record)
    arms = found.names if found else list(styles(record))
    unit, rows = named[0].unit, []
    for group in named:
        means = {line.label: float(line.score.estimate) for line in group.lines}
        best = group.lines[0].label
        own = [means.get(arm, math.nan) for arm in arms]
        cells = [
            Cell(unit.whole(mean), unit.factor * mean, strong=arm == best)
            if math.isfinite(mean)
            else Cell("–")
            for arm, mean in zip(arms, own, strict=True)
        ]
        rows.append([group.dataset, *cells])
    return [table(["data set", *arms], rows, f"Mean {unit.name} of each data set")]


def leads(found: Ranked) -> str:
    """Who leads, and who is not told apart from them."""
    assert found.tests is not None
    first, *others = found.names
    tied = [name for k, name in enumerate(others, 1) if found.tests.p[0, k] >= ALPHA]
    said = f"{first} leads with a mean rank of {found.mean[0]:.2f} over {found.datasets} data sets"
    if tied:
        return f"{said}, and is not told apart from {listed(tied, NAMED)}."
    return f"{said}, ahead of {others[0]} ({found.mean[1]:.2f}), from which it is told apart."


def turns(found: Ranked, pairs: Sequence[dict[str, Any]]) -> list[Block]:
    """The data sets on which a method is better than one that ranks before it."""
    place = {name: k for k, name in enumerate(found.names)}
    where: dict[tuple[str, str], list[str]] = {}
    for pair in pairs:
        first, second = sorted((pair["a"], pair["b"]), key=lambda name: place[name])
        if pair["winner"] == second:
            where.setdefault((first, second), []).append(pair["dataset"])
    order = sorted(where, key=lambda key: (place[key[0]], place[key[1]]))
    rows = [
        [f"{second} over {first}", len(where[first, second]), ", ".join(where[first, second])]
        for first, second in order
    ]
    if not rows:
        return []
    title = "Where the order turns over: a method that ranks behind is better"
    return [table(["better", "data sets", "which"], rows, title)]
