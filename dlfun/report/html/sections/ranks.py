"""Ranks of arms over many data sets, and which of them are told apart."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from markupsafe import Markup

from dlfun.report.html import marks
from dlfun.report.html.axes import Axis
from dlfun.report.html.blocks import Block, Figure, table
from dlfun.report.html.units import listed, number
from dlfun.report.scales import Across
from dlfun.stats import Ranks, rank_algorithms
from dlfun.stats.ranks import FEWEST

WIDTH, SIDE, PITCH, BAR = 420.0, 14.0, 26.0, 12.0


def ranks(known: Across, style: Mapping[str, int]) -> list[Block]:
    """The critical-difference diagram, from ten data sets on."""
    if len(known.scales) < FEWEST:
        return []
    found = rank_algorithms(known.normalised)
    return [figure(list(known.arms), found, len(known.scales), style)]


def figure(names: list[str], found: Ranks, datasets: int, style: Mapping[str, int]) -> Figure:
    """The critical-difference diagram of ranks that were found."""
    order = np.argsort(found.mean, kind="stable").tolist()
    alike = [listed([names[k] for k in group], 12) for group in found.groups]
    finding = "Mean ranks: " + "; ".join(f"{names[k]} {found.mean[k]:.2f}" for k in order)
    finding += f"; not told apart: {'; '.join(alike)}" if alike else "; all are told apart"
    pairs = [
        [f"{names[a]} – {names[b]}", float(found.mean[b] - found.mean[a]), float(found.p[a, b])]
        for a, b in combinations(order, 2)
    ]
    return Figure(
        "Ranks over data sets",
        finding,
        diagram(names, order, found, style, finding),
        table(["pair", "ranks apart", "Holm p"], pairs, "Wilcoxon's signed-rank test"),
        f"Mean rank over {datasets} data sets of the mean scores, 1 being the best. A bar joins "
        "arms no two of which are told apart at 5 %: Wilcoxon's signed-rank test of the means, "
        "Holm's correction. It speaks of data sets like these.",
    )


def diagram(
    names: list[str], order: list[int], found: Ranks, style: Mapping[str, int], finding: str
) -> Markup:
    """An axis of ranks, bars under it, and a line for each arm with its name."""
    axis = Axis(1, len(names), SIDE, WIDTH - SIDE)
    below = 44 + BAR * len(found.groups)
    parts = [marks.rule(axis.start, 28, axis.end, 28, "axis")]
    for rank in range(1, len(names) + 1):
        x = float(axis.at(rank))
        parts.append(marks.rule(x, 24, x, 28, "axis"))
        parts.append(marks.words(x, 18, str(rank), "tick", "middle"))
    for k, group in enumerate(found.groups):
        low, high = axis.at([found.mean[group[0]], found.mean[group[-1]]])
        parts.append(marks.rule(low - 3, 40 + BAR * k, high + 3, 40 + BAR * k, "arrow"))
    places = [(float(axis.at(found.mean[arm])), below + PITCH * k) for k, arm in enumerate(order)]
    for arm, (x, y) in zip(order, places, strict=True):
        parts.append(marks.rule(x, 28, x, y, f"hair {marks.style(style[names[arm]])}"))
    for arm, (x, y) in zip(order, places, strict=True):  # names over all lines
        side, gap = ("end", -9.0) if x > WIDTH / 2 else (None, 9.0)
        text = f"{names[arm]} {number(found.mean[arm], 2)}"
        parts.append(marks.dots([x], [y], style[names[arm]], 4.0))
        parts.append(marks.words(x + gap, y + 5, text, "name", side))
    return marks.drawing(WIDTH, below + PITCH * len(names), finding, *parts)
