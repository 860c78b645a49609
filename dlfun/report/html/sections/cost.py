"""The section on cost: quality against time and parameters, and time to a target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from markupsafe import Markup

from dlfun.report.html import marks, plots
from dlfun.report.html.blocks import Block, Figure, table
from dlfun.report.html.plots import Plane, Series
from dlfun.report.html.record import Record
from dlfun.report.html.results import Group, Line, groups, swept_names, tested
from dlfun.report.html.sections.targets import targets
from dlfun.report.html.units import first_upper

Price = Callable[[Line], float]


def run_seconds(line: Line) -> float:
    """The mean time of a run."""
    values = tested(line.rows, "seconds")
    return float(values.mean()) if len(values) else float("nan")


def parameters(line: Line) -> float:
    """The parameters of a run."""
    values = tested(line.rows, "parameters")
    return float(values[0]) if len(values) else float("nan")


def cost(record: Record) -> list[Block]:
    """Score against time and parameters, and times to a target, where there are several arms."""
    prices: list[tuple[str, str, Price]] = [
        ("run time", "seconds a run, log scale", run_seconds),
        ("parameters", "parameters, log scale", parameters),
    ]
    plain = bool(swept_names(record))
    blocks = [
        figure
        for group in groups(record)
        if len(group.lines) > 1
        for name, label, price in prices
        for figure in against(group, name, label, price, plain)
    ]
    return blocks + targets(record)


def against(group: Group, name: str, label: str, price: Price, plain: bool) -> list[Block]:
    """The figure of one price, if at least two lines have it."""
    known = [x for x in group.lines if price(x) > 0 and np.isfinite(x.score.estimate)]
    if len({price(line) for line in known}) < 2:
        return []
    unit = group.unit
    series = [point(line, price(line), group) for line in known]
    axes = plots.plane(series, label, unit.label, log_x=True)
    front = cheapest(series, unit.higher)
    finding = f"{unit.name} against {name} on {group.dataset}: " + "; ".join(
        f"{s.label} {unit.text(float(s.y[0]) / unit.factor)} at {s.x[0]:.3g}" for s in series[:12]
    )
    rows = [[s.label, float(s.x[0]), float(s.y[0])] for s in series]
    return [
        Figure(
            f"{first_upper(unit.name)} against {name}, {group.dataset}",
            finding,
            plots.scatter(series, axes, finding, [stairs(front, axes)]),
            table(["arm", name, unit.label], rows, f"{unit.name} against {name}"),
            "Bar: 95 % t interval of the mean. Dotted: the best that so much buys; an arm off it "
            "is beaten by one that costs no more.",
            () if plain else plots.keys_of(series, line=False),
        )
    ]


def point(line: Line, price: float, group: Group) -> Series:
    """An arm as a point."""
    shown = (line.score.estimate, *group.ends(line))
    ends = (np.array([group.unit.factor * x]) for x in shown)
    return Series(line.label, line.style, np.array([price]), *ends)


def cheapest(series: list[Series], higher: bool) -> list[Series]:
    """The arms that no other one beats at the same price or less, cheapest first."""
    front: list[Series] = []
    for s in sorted(series, key=lambda s: (s.x[0], -s.y[0] if higher else s.y[0])):
        if not front or ((s.y[0] > front[-1].y[0]) == higher and s.y[0] != front[-1].y[0]):
            front.append(s)
    return front


def stairs(front: list[Series], axes: Plane) -> Markup:
    """The steps from one arm of the front to the next."""
    xs, ys = axes.x.at([s.x[0] for s in front]), axes.y.at([s.y[0] for s in front])
    if len(front) < 2:
        return Markup("")
    corners = [f"M{marks.short(xs[0])} {marks.short(ys[0])}"]
    corners += [f"H{marks.short(x)}V{marks.short(y)}" for x, y in zip(xs[1:], ys[1:], strict=True)]
    return marks.element("path", class_="stairs", d="".join(corners))
