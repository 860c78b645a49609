"""The picture of a data set: some of its examples, with what is wanted of them."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from dlfun.data import Raw
from dlfun.records.outputs import taking_place
from dlfun.report.figures.record_figures import WIDE, draw_example, save
from dlfun.report.text.datasets import (
    caption,
    examples,
    spread,
)

SHOWN = 10  # examples of a picture
COLUMNS = 5


def draw_dataset(raw: Raw, path: Path) -> None:
    """A PNG of some training examples, each under what is wanted of it."""
    video = raw.spec.modality == "video"
    rows = spread(raw, SHOWN // 2 if video else SHOWN)
    columns = 1 if video else min(COLUMNS, len(rows))
    lines = -(-len(rows) // columns)
    figure = Figure(figsize=(WIDE, (1.2 if video else 1.6) * lines + 0.3), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    for axes in grid[len(rows) :]:
        axes.set_axis_off()
    for axes, row in zip(grid, rows, strict=False):
        example = raw.train.inputs[row]
        if raw.train.lengths is not None:
            example = example[: raw.train.lengths[row]]
        draw_example(axes, example, raw.spec.modality)
        # Not as TeX: the name of a class may hold a dollar.
        axes.set_title(caption(raw, row), fontsize="small", parse_math=False)
    figure.suptitle(f"{raw.name}: {examples(raw.spec)}", fontsize="small", parse_math=False)
    with taking_place(path) as part:
        save(figure, part, tight=False)
