"""The section on confusion: which classes are taken for which."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from dlfun.report.html import marks
from dlfun.report.html.blocks import Block, Figure, Table, table
from dlfun.report.html.record import Arm, Record, arm_arrays
from dlfun.report.html.sections.latent import labels_of
from dlfun.report.html.units import listed

WIDTH, SIDE = 420.0, 88.0
MOST = 60
"""Classes of a matrix that is drawn, at most."""

COUNTED = 12
"""Classes, at most, whose shares are written into the cells."""


def confusion(record: Record) -> list[Block]:
    """A matrix for every arm that left one."""
    return [
        figure(arm, arrays["confusion"], labels_of(arrays, len(arrays["confusion"])))
        for arm, arrays in arm_arrays(record, "evidence")
        if 2 <= len(arrays.get("confusion", ())) <= MOST and arrays["confusion"].sum()
    ]


def figure(arm: Arm, counts: np.ndarray, names: list[str]) -> Figure:
    """The share of each class that was taken for each class."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    worst = pairs(counts, shares, names)
    right = float(np.trace(counts) / counts.sum())
    told = [f"{a} for {b} ({100 * share:.1f} %)" for a, b, _, share in worst[:3]]
    finding = f"{arm[1]} on {arm[0]} takes {100 * right:.1f} % of all test examples right"
    finding += f"; most often it takes {listed(told)}" if told else ""
    return Figure(
        f"Confusion of {arm[1]}, {arm[0]}",
        finding,
        drawn(shares, names, finding),
        numbers(worst),
        "Row: what it is; column: what it was taken for; per cent of the row, over all healthy "
        "runs.",
    )


def pairs(
    counts: np.ndarray, shares: np.ndarray, names: list[str]
) -> list[tuple[str, str, int, float]]:
    """The confusions that happened, the largest share first."""
    off = shares * (1 - np.eye(len(shares)))
    order = np.argsort(-off, axis=None)[: int((off > 0).sum())][:100]
    places = zip(*np.unravel_index(order, off.shape), strict=True)
    return [(names[i], names[j], int(counts[i, j]), float(off[i, j])) for i, j in places]


def numbers(worst: list[tuple[str, str, int, float]]) -> Table:
    """The largest confusions as a table."""
    rows = [[a, b, count, 100 * share] for a, b, count, share in worst]
    return table(["is", "taken for", "times", "of the class (%)"], rows, "Largest confusions")


def head(names: list[str]) -> float:
    """Room above the columns for their names."""
    return 84.0 if max(map(len, names)) > 2 else 44.0


def drawn(shares: np.ndarray, names: list[str], finding: str) -> Markup:
    """A square of cells, darker where more; correct ones in another colour."""
    size, top = (WIDTH - SIDE - 4) / len(shares), head(names)
    parts = []
    for i, row in enumerate(shares):
        for j, share in enumerate(row):
            if share < 5e-4:
                continue
            x, y = SIDE + j * size, top + i * size
            look = "hit" if i == j else "miss"
            opacity = f"{min(0.06 + 0.94 * share, 1):.2f}"
            parts.append(marks.box(x, y, size - 1, size - 1, look, fill_opacity=opacity))
            if len(shares) <= COUNTED:
                tone = "count light" if share > 0.5 else "count"
                text = f"{100 * share:.0f}" if share >= 0.005 else ""
                parts.append(marks.words(x + size / 2, y + size / 2 + 4, text, tone, "middle"))
    parts += labels(names[: len(shares)], size, top)
    return marks.drawing(WIDTH, top + len(shares) * size + 4, finding, *parts)


def cut(name: str) -> str:
    """A name that fits."""
    return name if len(name) <= 11 else f"{name[:10]}…"


def labels(names: list[str], size: float, top: float) -> list[Markup]:
    """Names beside the rows and, turned where they are long, above the columns."""
    every = max(1, round(13 / size))
    turned = max(map(len, names)) > 2
    parts = [
        marks.words(SIDE - 6, top - 8, "is ↓", "aside", "end"),
        marks.words(SIDE - 6, top - 26, "taken for →", "aside", "end"),
    ]
    for k in range(0, len(names), every):
        middle, name = (k + 0.5) * size, cut(names[k])
        parts.append(marks.words(SIDE - 6, top + middle + 4.5, name, "tick", "end"))
        x, y = SIDE + middle, top - 8
        if turned:
            place = f"translate({marks.short(x + 4.5)} {marks.short(y)}) rotate(-90)"
            parts.append(marks.element("text", marks.escape(name), class_="tick", transform=place))
        else:
            parts.append(marks.words(x, y, name, "tick", "middle"))
    return parts
