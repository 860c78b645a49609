"""Curves, responses and samples of a record as PNG files."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlfun.objectives.metrics import shown_ends
from dlfun.records.reader import read_rows
from dlfun.report import styles
from dlfun.report.figures.learning_curves import curves_figure
from dlfun.report.rows import Row, number, run_of, summarise, text
from dlfun.studies.comparison.verdicts import metric_of

COLOURS = tuple(colour.light for colour in styles.COLOURS)
MAIN = COLOURS[2]
"""What is of no arm is blue."""

WIDE = 7.0
FRAMES, STRIPS = 6, 4
"""Frames of a video that are shown side by side, and such strips in a row."""

COLUMNS = 10
"""Generated examples in a row."""

SPACED = {"wspace": 0.08, "hspace": 0.08}


def save(figure: Figure, path: Path, tight: bool = True) -> None:
    """Writes a PNG, cut to what is drawn if `tight`; letters that no font has are boxes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(path, dpi=150, format="png", bbox_inches="tight" if tight else None)


def axes_grid(count: int, columns: int, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with `count` axes in rows of at most `columns`."""
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(WIDE, height * rows), layout="constrained")
    found = figure.subplots(rows, columns, squeeze=False).ravel()
    for spare in found[count:]:
        spare.set_axis_off()
    return figure, list(found[:count])


def draw_curves(folder: Path, swept: Sequence[str] = ()) -> None:
    """curves.png: training and validation of all arms, or of the configurations of a sweep."""
    save(curves_figure(folder, swept), folder / "curves.png")


def evenly(count: int, most: int) -> np.ndarray:
    """Indices of a few among many: first, last, and some between."""
    return np.unique(np.linspace(0, count - 1, most).round().astype(int))


def strip(video: np.ndarray) -> np.ndarray:
    """At most `FRAMES` frames of a video, parted by lines of their largest value."""
    between = np.full_like(video[0, :, :1], video.max())
    frames = [part for i in evenly(len(video), FRAMES) for part in (between, video[i])]
    return np.concatenate(frames[1:], axis=1)


def picture(image: np.ndarray) -> np.ndarray:
    """An image as matplotlib draws it: [h, w] grey, or [h, w, 3 or 4] whose floats are in [0, 1].

    Other channels than those of colours are drawn as their mean.
    """
    if image.shape[-1] not in (3, 4):
        return image.mean(-1)
    if image.dtype.kind == "f" and not 0 <= image.min() <= image.max() <= 1:
        return (image - image.min()) / max(np.ptp(image), 1e-12)
    return image


def draw_example(axes: Axes, example: np.ndarray, modality: str = "") -> None:
    """A vector or sequence as lines, images and spectrograms as pictures, videos as strips."""
    axes.set(xticks=[], yticks=[])
    if example.ndim == 4:
        example = strip(example)
    if modality == "speech":
        axes.imshow(example.T, origin="lower", aspect="auto", cmap="magma")
    elif example.ndim == 3:
        axes.imshow(picture(example), cmap="gray_r")  # a colour image needs no map
    else:
        axes.set_prop_cycle(color=[*COLOURS[2:6], *COLOURS[:2]])
        axes.plot(example, linewidth=1)


def generated_rows(source: Path) -> tuple[str, list[tuple[str, np.ndarray]]]:
    """The modality of a *-samples.npz, and its rows: label, and examples [columns, *shape]."""
    with np.load(source) as arrays:
        modality = str(arrays["modality"])
        kinds = [kind for kind in ("inputs", "reconstructions", "samples") if kind in arrays]
        rows = [
            (kind if not first else "", arrays[kind][first : first + COLUMNS])
            for kind in kinds
            for first in range(0, len(arrays[kind]), COLUMNS)
        ]
        traversed = zip(arrays["traversed"], arrays["traversals"], strict=True)
        rows += [(f"latent {dimension}", examples) for dimension, examples in traversed]
    if modality == "video":
        rows = [(label, examples[evenly(len(examples), STRIPS)]) for label, examples in rows]
    return modality, rows


def draw_generated(source: Path) -> None:
    """The .png of a *-samples.npz: inputs, reconstructions, samples and traversals, in rows."""
    modality, rows = generated_rows(source)
    columns = max(len(examples) for _, examples in rows)
    height = 0.85 if modality == "video" else 1.0
    figure = Figure(figsize=(WIDE * 1.4, height * len(rows)))
    # Fixed places: a layout that is computed takes longer than all drawing of these many axes.
    edges = {"left": 0.04, "right": 0.995, "bottom": 0.01, "top": 0.99}
    grid = figure.subplots(len(rows), columns, squeeze=False, gridspec_kw=edges | SPACED)
    for row, (label, examples) in zip(grid, rows, strict=True):
        row[0].set_ylabel(label, fontsize="small")
        for axes, example in zip(row, examples, strict=False):
            draw_example(axes, example, modality)
        for axes in row[len(examples) :]:
            axes.set_axis_off()
    save(figure, source.with_suffix(".png"), tight=False)


def draw_comparison(folder: Path, swept: Sequence[str] = ()) -> None:
    """All pictures of a comparison, of which nothing was swept: curves, and what models made."""
    draw_curves(folder)
    for source in sorted(folder.glob("*-samples.npz")):
        if not source.with_suffix(".txt").exists():
            draw_generated(source)


def draw_sweep(folder: Path, swept: Sequence[str]) -> None:
    """All pictures of a sweep: a curve a configuration, and the response to each swept value."""
    draw_curves(folder, swept)
    draw_response(folder, swept)


def draw_response(folder: Path, swept: Sequence[str]) -> None:
    """response.png: the validation metric of every configuration against each swept value."""
    rows = read_rows(folder)
    metric = metric_of(rows, "validation")
    lines = summarise(rows, "validation", swept)
    whole = np.array([any(row["status"] != "stopped" for row in line.rows) for line in lines])
    means = np.array([line.score.estimate for line in lines])
    ends = [shown_ends(x.score.low, x.score.high, metric) for x in lines]
    reach = np.nan_to_num(np.abs(np.array(ends) - means[:, None])).T
    figure, all_axes = axes_grid(len(swept), 2, 3.4)
    for axes, name in zip(all_axes, swept, strict=True):
        where, numeric = positions([line.rows[0] for line in lines], name)
        for shown, fill in ((whole, MAIN), (~whole, "white")):
            at = [where[i] for i in np.flatnonzero(shown)]
            if at:
                axes.errorbar(
                    at,
                    means[shown],
                    reach[:, shown],
                    fmt="o",
                    color=MAIN,
                    markerfacecolor=fill,
                    alpha=0.7,
                    capsize=2,
                )
        if numeric and min(where) > 0 and max(where) / min(where) >= 10:
            axes.set_xscale("log")
        axes.set(xlabel=name.replace("_", " "), ylabel=metric.replace("_", " "))
        axes.grid(alpha=0.3)
    hollow = "" if whole.all() else "; hollow: stopped early by the search, scored as it was then"
    first = rows[0]
    said = f"{first['model']} on {first['dataset']}: a point a configuration, bar: 95 % t interval"
    figure.suptitle(f"{said} over {run_of(rows)}s{hollow}", size="small")
    save(figure, folder / "response.png")


def positions(rows: Sequence[Row], name: str) -> tuple[list[Any], bool]:
    """Where the rows stand on the axis of a swept value, and whether that axis is of numbers."""
    try:
        return [number(row, name) for row in rows], True
    except ValueError:
        return [text(row[name]) for row in rows], False
