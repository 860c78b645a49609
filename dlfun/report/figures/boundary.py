"""Decision boundaries for print: regions, the line of every run, and training examples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from dlfun.report.boundaries import CLASS_STYLES, Boundaries, boundaries_of, lines, regions
from dlfun.report.figures.paper import INK, MARKERS, Paper, colour_of, legend_above, sheet
from dlfun.report.html.record import Record, arm_arrays
from dlfun.report.styles import shape

TINT = 0.23
"""How strongly regions are coloured."""


def boundary(record: Record, paper: Paper) -> Iterator[tuple[str, Figure]]:
    """A figure of every arm of two inputs, at the end of training."""
    for (dataset, model), arrays in arm_arrays(record, "evidence"):
        found = boundaries_of(arrays)
        if found is None:
            continue
        figure, (axes,) = sheet(paper, min(0.9 * paper.width, 4.5))
        draw(axes, found)
        legend_above(figure, axes, paper.width)
        yield f"boundary-{dataset}-{model}", figure


def draw(axes: Axes, found: Boundaries) -> None:
    """The plane of one arm: the best run's regions and strong line, those of others faint."""
    colours = [colour_of(CLASS_STYLES[k]) for k in range(len(found.classes))]
    said = regions(found.scores[0])
    axes.pcolormesh(
        np.linspace(found.xs[0], found.xs[-1], said.shape[1]),
        np.linspace(found.ys[0], found.ys[-1], said.shape[0]),
        said, cmap=ListedColormap(colours), vmin=-0.5, vmax=len(colours) - 0.5, alpha=TINT,
        shading="nearest", linewidth=0, rasterized=True, zorder=0,
    )  # fmt: skip
    for k, scores in reversed(list(enumerate(found.scores))):
        width, strength = (0.5, 0.4) if k else (1.4, 1.0)
        for line in lines(found, scores):
            axes.plot(*line.T, color=INK, linewidth=width, alpha=strength, zorder=2 if k else 3)
    size = 6.0 if len(found.points) <= 20 else 2.6
    for k, (name, colour) in enumerate(zip(found.classes, colours, strict=True)):
        own = found.points[found.targets == k]
        axes.plot(
            *own.T, linestyle="", marker=MARKERS[shape(CLASS_STYLES[k])], color=colour,
            markersize=size, markeredgecolor="white", markeredgewidth=0.3, label=name, zorder=4,
        )  # fmt: skip
    axes.set(
        xlim=(found.xs[0], found.xs[-1]), ylim=(found.ys[0], found.ys[-1]),
        xlabel=found.names[0], ylabel=found.names[1],
    )  # fmt: skip
