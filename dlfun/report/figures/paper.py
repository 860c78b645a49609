"""The sheet of a figure for print: exact width, letters of one size, and files that repeat."""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path as Outline

from dlfun.report import styles

INK, SOFT, FAINT = "#1b1f24", "#59616b", "#d9dce0"
"""The page's ink, its softer one, and that of grids."""

LETTERS, SMALL = 8.0, 7.0
"""Points, at print size: of names and labels, and of ticks. They do not grow with the width."""

LINE = LETTERS * 1.25 / 72
"""Inches from line to line."""

DASHES: tuple[Any, ...] = ("-", (0, (5, 1.7)), (0, (5, 1.7, 1.2, 1.7)), (0, (1.8, 1.5)))
MARKERS: tuple[Any, ...] = (
    *("o", "s", "^", "D", "P", "v"),
    Outline([(-1, -1), (1, -1), (-1, 1), (1, 1), (-1, -1)]),
)
"""The dashes and markers of styles, as on the page."""

LOOK: Mapping[str, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "font.size": LETTERS,
    "axes.labelsize": LETTERS,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "axes.linewidth": 0.6,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "legend.frameon": False,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03,
    "pdf.fonttype": 42,  # TrueType: publishers refuse type 3
    "svg.fonttype": "path",  # letters as outlines, alike where the font is not installed
    "svg.hashsalt": "dlfun",
    "text.parse_math": False,  # the name of a class may hold a dollar
}
"""matplotlib's settings of a figure for print."""

BARE: Mapping[str, dict[str, None]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
"""What of a format's metadata is left out, so that the same record gives the same bytes."""

DOTS = 300
"""Dots an inch of a PNG, and of pictures inside the others."""


class Paper(NamedTuple):
    """What figures are made for: their width in inches, and the format of their files."""

    width: float
    format: str


def sheet(paper: Paper, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, list]:
    """A figure as wide as the paper asks, `height` inches high, and its axes, row by row."""
    figure = Figure(figsize=(paper.width, height), layout="constrained")
    return figure, list(figure.subplots(rows, columns, squeeze=False).ravel())


def encoded(figure: Figure, format: str) -> bytes:
    """The file of a figure: the same bytes for the same figure."""
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(stream, format=format, dpi=DOTS, metadata=BARE.get(format))
    return stream.getvalue()


def colour_of(style: int) -> str:
    """The colour of a style on white paper."""
    return styles.colour(style).light


def wrapped(label: str, letters: int) -> str:
    r"""A label in at most two lines of so many letters.

    >>> wrapped("svm+hog", 9), wrapped("learning_rate=0.01, width=8", 20)
    ('svm+hog', 'learning_rate=0.01,\nwidth=8')
    """
    return "\n".join(textwrap.wrap(label, letters, max_lines=2, placeholder="…") or [label])


def spread(places: Sequence[float], gap: float) -> np.ndarray:
    """Places in [0, 1], moved up where they are nearer than `gap`, and down again at the top.

    >>> spread([0.5, 0.5, 0.1], 0.25).tolist()
    [0.5, 0.75, 0.1]
    """
    order = np.argsort(places, kind="stable")
    found = np.asarray(places, float)[order].copy()
    for k in range(1, len(found)):
        found[k] = max(found[k], found[k - 1] + gap)
    top = 1.0
    for k in reversed(range(len(found))):
        found[k] = min(found[k], top)
        top = found[k] - gap
    moved = np.empty(len(found))
    moved[order] = found
    return moved


def name_ends(axes: Axes, ends: Sequence[tuple[float, str, str]], height: float) -> None:
    """Names of lines at the right edge, beside their ends, clear of one another.

    Args:
      ends: last y, name and colour of each line.
      height: of the axes in inches, about.
    """
    low, high = axes.get_ylim()
    known = [end for end in ends if np.isfinite(end[0])]
    shares = [(y - low) / (high - low) for y, _, _ in known]
    for (y, name, colour), share in zip(known, spread(shares, LINE / height), strict=True):
        axes.annotate(
            name,
            (1.0, (y - low) / (high - low)),
            (1.045, share),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=colour,
            fontsize=SMALL,
            va="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.5, "shrinkA": 1,
                        "shrinkB": 0},
        )  # fmt: skip


def legend_above(figure: Figure, axes: Axes, width: float) -> None:
    """A legend above the axes, outside of them, in as many columns as have room."""
    handles, names = axes.get_legend_handles_labels()
    if len(names) < 2:
        return
    room = max(len(name) for name in names) * SMALL * 0.62 / 72 + 0.4
    columns = max(1, min(len(names), int((width - 0.2) / room)))
    figure.legend(
        handles, names, loc="outside upper center", ncols=columns, handlelength=2.4,
        columnspacing=1.0, handletextpad=0.5, borderpad=0.1, labelspacing=0.3,
    )  # fmt: skip
