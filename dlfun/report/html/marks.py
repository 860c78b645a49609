"""Marks of a drawing, as SVG: dots, lines, bands, bars and text; the CSS gives the colours."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from markupsafe import Markup, escape

from dlfun.report import styles

COLOURS, SHAPES = len(styles.COLOURS), styles.SHAPES
"""So many of each are told apart; `dlfun.report.styles` says which a style has."""


def short(value: float) -> str:
    """A coordinate with one decimal at most.

    >>> short(12.04), short(3.25), short(-0.01)
    ('12', '3.2', '0')
    """
    return f"{round(float(value), 1) + 0.0:g}"


def element(name: str, body: str = "", **attributes: object) -> Markup:
    """An element with its attributes; `_` in their names is `-`, at their end nothing.

    >>> element("path", class_="line", d="M0 0", stroke_width=2)
    Markup('<path class="line" d="M0 0" stroke-width="2"/>')
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(short(v) if isinstance(v, float) else v)}"'
        for key, v in attributes.items()
        if v is not None
    )
    return Markup(f"<{name}{given}>{body}</{name}>" if body else f"<{name}{given}/>")


def drawing(width: float, height: float, finding: str, *parts: str) -> Markup:
    """A drawing with its text alternative."""
    return element(
        "svg",
        "".join(parts),
        viewBox=f"0 0 {short(width)} {short(height)}",
        role="img",
        aria_label=finding,
    )


def words(x: float, y: float, text: str, look: str = "", anchor: str | None = None) -> Markup:
    """A line of text; `anchor` is middle or end where it does not start at x."""
    return element(
        "text",
        escape(text),
        x=float(x),
        y=float(y),
        class_=look or None,
        text_anchor=anchor,
    )


def style(index: int) -> str:
    """The class that gives a style its colour."""
    return f"s{index % COLOURS}"


def marker(shape: int, x: float, y: float, r: float) -> str:
    """The outline of a marker around a point."""
    place, size, twice = f"M{short(x)} {short(y)}", short(r), short(2 * r)
    half = short(0.4 * r)
    outlines = (
        f"m-{size} 0a{size} {size} 0 1 0 {twice} 0a{size} {size} 0 1 0-{twice} 0z",
        f"m-{size}-{size}h{twice}v{twice}h-{twice}z",
        f"m0-{short(1.2 * r)}l{short(1.1 * r)} {twice}h-{short(2.2 * r)}z",
        f"m0-{short(1.4 * r)}l{short(1.4 * r)} {short(1.4 * r)}l-{short(1.4 * r)} "
        f"{short(1.4 * r)}l-{short(1.4 * r)}-{short(1.4 * r)}z",
        f"m-{half}-{short(1.2 * r)}h{short(0.8 * r)}v{short(0.8 * r)}h{short(0.8 * r)}"
        f"v{short(0.8 * r)}h-{short(0.8 * r)}v{short(0.8 * r)}h-{short(0.8 * r)}"
        f"v-{short(0.8 * r)}h-{short(0.8 * r)}v-{short(0.8 * r)}h{short(0.8 * r)}z",
        f"m0 {short(1.2 * r)}l{short(1.1 * r)}-{twice}h-{short(2.2 * r)}z",
        f"m-{size}-{size}h{twice}l-{twice} {twice}h{twice}z",
    )
    return place + outlines[shape % SHAPES]


def dots(
    xs: Iterable[float], ys: Iterable[float], index: int, r: float = 3.0, look: str = "dots"
) -> Markup:
    """A marker at every point; points that are not finite are left out."""
    outline = "".join(
        marker(styles.shape(index), x, y, r)
        for x, y in zip(xs, ys, strict=True)
        if np.isfinite(x) and np.isfinite(y)
    )
    return element("path", class_=f"{look} {style(index)}", d=outline)


def path(xs: Iterable[float], ys: Iterable[float]) -> str:
    """A line through points; it is broken where one is not finite."""
    parts, pen = [], "M"
    for x, y in zip(xs, ys, strict=True):
        if np.isfinite(x) and np.isfinite(y):
            parts.append(f"{pen}{short(x)} {short(y)}")
            pen = "L"
        else:
            pen = "M"
    return "".join(parts)


def line(xs: Iterable[float], ys: Iterable[float], index: int, look: str = "line") -> Markup:
    """A line in the colour and dash of a style."""
    dash = f" d{styles.dash(index)}" if look == "line" else ""
    return element("path", class_=f"{look}{dash} {style(index)}", d=path(xs, ys))


def band(xs: np.ndarray, lows: np.ndarray, highs: np.ndarray, index: int) -> Markup:
    """The area between two lines."""
    known = np.isfinite(lows) & np.isfinite(highs)
    if not known.any():
        return Markup("")
    there = path(xs[known], highs[known])
    back = path(xs[known][::-1], lows[known][::-1]).replace("M", "L", 1)
    return element("path", class_=f"band {style(index)}", d=f"{there}{back}z")


def rule(x1: float, y1: float, x2: float, y2: float, look: str) -> Markup:
    """A straight line."""
    return element("path", class_=look, d=f"M{short(x1)} {short(y1)}L{short(x2)} {short(y2)}")


def bar(
    low: float,
    high: float,
    at: float,
    look: str,
    upright: bool = False,
    caps: tuple[bool, bool] = (True, True),
) -> Markup:
    """An interval with caps at its ends: along x, or upright along y.

    An end without a cap is where the drawing ends, and not the interval.
    """
    if not (np.isfinite(low) and np.isfinite(high)):
        return Markup("")
    lo, hi, m = short(low), short(high), float(at)
    if upright:
        d = f"M{short(m)} {lo}V{hi}M{short(m - 4)} {lo}h8M{short(m - 4)} {hi}h8"
    else:
        ends = [f"M{x} {short(m - 4)}v8" for x, cap in zip((lo, hi), caps, strict=True) if cap]
        d = f"M{lo} {short(m)}H{hi}" + "".join(ends)
    return element("path", class_=f"bar {look}", d=d)


def box(
    x: float, y: float, width: float, height: float, look: str, fill_opacity: str | None = None
) -> Markup:
    """A rectangle."""
    return element(
        "rect",
        class_=look,
        x=float(x),
        y=float(y),
        width=float(width),
        height=float(height),
        fill_opacity=fill_opacity,
    )


def swatch(index: int, lined: bool, marked: bool) -> Markup:
    """The sign of a style in a legend: a piece of its line, its marker, or both."""
    piece = rule(0, 7, 28, 7, f"line d{styles.dash(index)} {style(index)}") if lined else ""
    point = dots([14.0], [7.0], index, 4.0) if marked else ""
    return element("svg", piece + point, viewBox="0 0 28 14", aria_hidden="true")
