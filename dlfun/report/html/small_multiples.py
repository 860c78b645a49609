"""Small plots of training against validation, one below the other for each arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup, escape

from dlfun.report.html import marks, plots
from dlfun.report.html.axes import Axis, spanning, ticks
from dlfun.report.html.examples import evenly

WIDTH, HEIGHT = 236.0, 146.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 10.0, 24.0, 12.0
BELOW = 30.0
"""The room of the numbers and the name of the x axis, under the last plot."""

POINTS = 60
"""Points of a curve that are drawn, at most."""

BESIDE = 3
"""Arms that do not need the whole width of a page."""

ALIKE = 5.0
"""Axes are shared while they are not longer than this many of the curves in the middle."""


class Pair(NamedTuple):
    """One metric of an arm in shown units, in training and in validation; [runs, intervals].

    `share`: it is a share of examples, which has the same axis for all arms.
    """

    train: np.ndarray | None
    held_out: np.ndarray | None
    share: bool = False


class Small(NamedTuple):
    """The plots of an arm: `pairs` by the label of their y axis, and `since` an onset, in steps."""

    name: str
    look: str
    steps: np.ndarray
    pairs: Mapping[str, Pair]
    finding: str
    words: Sequence[str] = ()
    since: float | None = None


def small_multiples(arms: Sequence[Small], shown: int) -> Markup:
    """All plots of arms on shared axes; those after the first `shown` stand behind a click."""
    x = spanning(np.concatenate([arm.steps for arm in arms]), LEFT, WIDTH - RIGHT, pad=0.03)
    labels = dict.fromkeys(label for arm in arms for label in arm.pairs)
    limits = {label: limits_of([arm.pairs.get(label) for arm in arms]) for label in labels}
    cells = [
        cell(arm, x, {label: limits[label][i] for label in arm.pairs}) for i, arm in enumerate(arms)
    ]
    body = legend() + grid(cells[:shown])
    if len(cells) > shown:
        summary = marks.element("summary", escape(f"{len(cells) - shown} more"))
        body += marks.element("details", summary + grid(cells[shown:]))
    return body


def grid(cells: Sequence[Markup]) -> Markup:
    """Plots side by side."""
    return marks.element("div", Markup("").join(cells), class_="fits")


def legend() -> Markup:
    """The two kinds of lines."""
    kinds = {"validation": "line ink", "training": "line ink train"}
    entries = [
        marks.element("li", marks.element("span", sample(look) + escape(name)))
        for name, look in kinds.items()
    ]
    return marks.element("ul", Markup("").join(entries), class_="keys")


def sample(look: str) -> Markup:
    """A piece of a line in a legend."""
    piece = marks.rule(0, 7, 28, 7, look)
    return marks.element("svg", piece, viewBox="0 0 28 14", aria_hidden="true")


Limits = tuple[float, float, bool]
"""The ends of an axis, and whether it is that of all arms."""


def limits_of(pairs: Sequence[Pair | None]) -> list[Limits]:
    """The axis of a metric for each arm."""
    reaches = [reach(pair) for pair in pairs]
    if not any(pair is not None and pair.share for pair in pairs):
        return shared(reaches)
    finite = [ends for ends in reaches if np.isfinite(ends).all()] or [(0.0, 1.0)]
    return [(min(a for a, _ in finite), max(b for _, b in finite), True)] * len(pairs)


def reach(pair: Pair | None) -> tuple[float, float]:
    """The lowest and highest mean of the curves of an arm; NaN where there are none."""
    both = () if pair is None else (pair.train, pair.held_out)
    kept = [v for v in both if v is not None and np.isfinite(v).any()]
    if not kept:
        return (np.nan, np.nan)
    means = np.concatenate([plots.mean_series("", 0, np.arange(v.shape[1]), v, 0).y for v in kept])
    return float(np.nanmin(means)), float(np.nanmax(means))


def shared(reaches: Sequence[tuple[float, float]]) -> list[Limits]:
    """The ends of the axis of each arm, and whether it is that of all.

    Arms far from the others have axes of their own, so that the others are no flat lines: the one
    farthest away is taken out until the axis is no longer than `ALIKE` times the median curve.

    >>> shared([(0, 2), (0.5, 2), (1, 2.5), (28, 31)])
    [(0, 2.5, True), (0, 2.5, True), (0, 2.5, True), (28, 31, False)]
    """
    among = {i: ends for i, ends in enumerate(reaches) if np.isfinite(ends).all()}
    while len(among) > 1:
        low, high = min(a for a, _ in among.values()), max(b for _, b in among.values())
        if high - low <= ALIKE * np.median([b - a for a, b in among.values()]):
            break
        middle = np.median([a + b for a, b in among.values()])
        del among[max(among, key=lambda i: abs(sum(among[i]) - middle))]
    if len(among) < 2:  # nobody to share with
        return [(*ends, True) for ends in reaches]
    ends = (min(a for a, _ in among.values()), max(b for _, b in among.values()))
    return [(*ends, True) if i in among else (*own, False) for i, own in enumerate(reaches)]


def cell(arm: Small, x: Axis, limits: Mapping[str, Limits]) -> Markup:
    """The plots of an arm under its name, with what is said of it below."""
    drawn = [
        plot(arm, arm.pairs[label], label, x, limits[label], k) for k, label in enumerate(arm.pairs)
    ]
    height = HEIGHT * len(drawn) + BELOW
    drawing = marks.drawing(WIDTH, height, arm.finding, *drawn, foot(x, height))
    words = [marks.element("p", escape(line), class_="caption") for line in arm.words]
    name = marks.element("p", escape(arm.name), class_="fit-name")
    return marks.element("div", name + drawing + Markup("").join(words), class_="fit")


def foot(x: Axis, height: float) -> Markup:
    """The numbers and the name of the x axis."""
    low = height - BELOW - BOTTOM
    parts = []
    for value, text in ticks(x, 4):
        place, half = float(x.at(value)), 3.9 * len(text)
        parts.append(marks.words(min(place, WIDTH - half), low + 17, text, "tick", "middle"))
    name = marks.words((x.start + x.end) / 2, height - 4, "training step", "label", "middle")
    return Markup("").join([*parts, name])


def plot(arm: Small, pair: Pair, label: str, x: Axis, limits: Limits, row: int) -> Markup:
    """One metric of an arm: training dashed, validation as a line, each with its band."""
    top, low = row * HEIGHT + TOP, (row + 1) * HEIGHT - BOTTOM
    y = spanning(limits[:2], low, top, pad=0.08)
    parts = []
    for value, text in ticks(y, 3):
        place = float(y.at(value))
        parts.append(marks.rule(x.start, place, x.end, place, "grid"))
        parts.append(marks.words(x.start - 6, place + 4.5, text, "tick", "end"))
    parts.append(marks.rule(x.start, low, x.end, low, "axis"))
    parts.append(marks.words(2, top - 10, label if limits[2] else f"{label}, own axis", "label"))
    if arm.since is not None:
        at = float(x.at(arm.since))
        parts.append(marks.box(at, top, x.end - at, low - top, "since"))
    kept = evenly(len(arm.steps), POINTS)
    for values, more in ((pair.train, " train"), (pair.held_out, "")):
        if values is not None:
            parts.append(line(arm.look, more, x.at(arm.steps[kept]), values[:, kept], y))
    return Markup("").join(parts)


def line(look: str, more: str, xs: np.ndarray, runs: np.ndarray, y: Axis) -> Markup:
    """The mean over runs [runs, points] with its band, cut at the ends of the axis."""
    mean = plots.mean_series("", 0, xs, runs, 0)
    assert mean.low is not None
    assert mean.high is not None
    low, high = (y.at(np.clip(end, y.low, y.high)) for end in (mean.low, mean.high))
    return area(f"band {look}{more}", xs, low, high) + marks.element(
        "path", class_=f"line {look}{more}", d=marks.path(xs, y.at(mean.y))
    )


def area(look: str, xs: np.ndarray, lows: np.ndarray, highs: np.ndarray) -> Markup:
    """The area between two lines, of any look."""
    known = np.isfinite(lows) & np.isfinite(highs)
    if not known.any():
        return Markup("")
    there = marks.path(xs[known], highs[known])
    back = marks.path(xs[known][::-1], lows[known][::-1]).replace("M", "L", 1)
    return marks.element("path", class_=look, d=f"{there}{back}z")
