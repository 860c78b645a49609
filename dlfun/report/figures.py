"""Pictures of a record, drawn from its files alone."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlfun.report.table import Row, metric_of, number, summarise, text
from dlfun.stats import t_interval

# Okabe & Ito's colours, told apart by colour-blind readers too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
WIDE = 7.0
FRAMES = 8  # of a video that are drawn


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of members.csv."""
    with (folder / "members.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def save(figure: Figure, path: Path) -> None:
    """Writes a PNG."""
    figure.savefig(path, dpi=150, bbox_inches="tight")


def axes_grid(count: int, columns: int, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with `count` axes in rows of at most `columns`."""
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(WIDE, height * rows), layout="constrained")
    found = figure.subplots(rows, columns, squeeze=False).ravel()
    for spare in found[count:]:
        spare.set_axis_off()
    return figure, list(found[:count])


def band(axes: Axes, steps: np.ndarray, values: np.ndarray, colour: str, label: str) -> None:
    """Mean over members of values [members, intervals] and its pointwise 95 % t band."""
    spans = [t_interval(column) for column in values.T]
    axes.plot(steps, [s.estimate for s in spans], color=colour, label=label)
    low, high = [s.low for s in spans], [s.high for s in spans]
    axes.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)


def curve_metric(arrays: Sequence[str], arm: str) -> str:
    """What an arm's curve shows: validation accuracy, else validation loss, else training loss."""
    wanted = ("validation_accuracy", "validation_loss", "train_loss")
    return next(metric for metric in wanted if f"{arm}/{metric}" in arrays)


def lines(axes: Axes, steps: np.ndarray, values: np.ndarray, colour: str, label: str) -> None:
    """A thin line for each of values [members, intervals]."""
    axes.plot(steps, values.T, color=colour, alpha=0.3, linewidth=0.8)
    axes.plot([], [], color=colour, label=label)


def draw_curves(folder: Path, single: bool = False) -> None:
    """curves.png: a panel a data set and metric, a curve with its band a model.

    `single` draws every member for itself, where members are not replicates of one another.
    """
    draw = lines if single else band
    with np.load(folder / "history.npz") as history:
        arms = [name.removesuffix("/step") for name in history.files if name.endswith("/step")]
        metrics = {arm: curve_metric(history.files, arm) for arm in arms}
        panels = list(dict.fromkeys((arm.rpartition("/")[0], metrics[arm]) for arm in arms))
        models = list(dict.fromkeys(arm.rpartition("/")[2] for arm in arms))
        figure, all_axes = axes_grid(len(panels), 2 if len(panels) > 1 else 1, 4.2)
        for axes, (dataset, metric) in zip(all_axes, panels, strict=True):
            for arm in arms:
                model = arm.rpartition("/")[2]
                if (arm.rpartition("/")[0], metrics[arm]) == (dataset, metric):
                    colour = COLOURS[models.index(model) % len(COLOURS)]
                    values = history[f"{arm}/{metric}"]
                    draw(axes, history[f"{arm}/step"], values, colour, model)
            axes.set(title=dataset, xlabel="step", ylabel=metric.replace("_", " "))
            axes.grid(alpha=0.3)
            axes.legend(frameon=False)
    shown = "a line a run" if single else "mean over seeds, band: pointwise 95 % t interval"
    figure.suptitle(shown, fontsize="small")
    save(figure, folder / "curves.png")


def strip(video: np.ndarray) -> np.ndarray:
    """At most `FRAMES` frames of a video, side by side, each behind a white or black line."""
    which = np.unique(np.linspace(0, len(video) - 1, FRAMES).round().astype(int))
    return np.concatenate([np.pad(video[i], ((0, 0), (1, 0), (0, 0))) for i in which], axis=1)


def draw_example(axes: Axes, example: np.ndarray, modality: str = "") -> None:
    """A vector or sequence as lines, images and spectrograms as pictures, videos as strips."""
    axes.set(xticks=[], yticks=[])
    if example.ndim == 4:
        example = strip(example)
    if modality == "speech":
        axes.imshow(example.T, origin="lower", aspect="auto", cmap="magma")
    elif example.ndim == 3:
        axes.imshow(example.squeeze(), cmap="gray_r" if example.shape[-1] == 1 else None)
    else:
        axes.set_prop_cycle(color=COLOURS)
        axes.plot(example, linewidth=1)


def draw_generated(source: Path) -> None:
    """The .png of a *-samples.npz: inputs, their reconstructions, and new samples, in rows."""
    with np.load(source) as arrays:
        kinds = {kind: arrays[kind] for kind in ("inputs", "reconstructions", "samples")}
    columns = len(kinds["inputs"])
    figure = Figure(figsize=(WIDE * 1.4, 3.2), layout="constrained")
    grid = figure.subplots(len(kinds), columns, squeeze=False)
    for row, (kind, examples) in zip(grid, kinds.items(), strict=True):
        row[0].set_ylabel(kind)
        for axes, example in zip(row, examples, strict=True):
            draw_example(axes, example)
    save(figure, source.with_suffix(".png"))


def draw_comparison(folder: Path) -> None:
    """All pictures of a comparison: curves, and what generative models made."""
    draw_curves(folder)
    for source in sorted(folder.glob("*-samples.npz")):
        draw_generated(source)


def draw_sweep(folder: Path, swept: Sequence[str]) -> None:
    """All pictures of a sweep: a curve a run, and the response to each swept value."""
    draw_curves(folder, single=True)
    draw_response(folder, swept)


def draw_response(folder: Path, swept: Sequence[str]) -> None:
    """response.png: the validation metric of every configuration against each swept value."""
    rows = read_rows(folder)
    metric = metric_of(rows, "validation")
    figure, all_axes = axes_grid(len(swept), 2, 3.4)
    for axes, name in zip(all_axes, swept, strict=True):
        lines = summarise(rows, "validation", swept)
        where, numeric = positions([line.rows[0] for line in lines], name)
        means = [line.score.estimate for line in lines]
        halves = np.nan_to_num([line.score.half_width for line in lines])
        axes.errorbar(where, means, halves, fmt="o", color=COLOURS[0], alpha=0.7, capsize=2)
        if numeric and min(where) > 0 and max(where) / min(where) >= 10:
            axes.set_xscale("log")
        axes.set(xlabel=name.replace("_", " "), ylabel=metric.replace("_", " "))
        axes.grid(alpha=0.3)
    figure.suptitle("a point a configuration, bar: 95 % t interval over seeds", fontsize="small")
    save(figure, folder / "response.png")


def positions(rows: Sequence[Row], name: str) -> tuple[list[Any], bool]:
    """Where the rows stand on the axis of a swept value, and whether that axis is of numbers."""
    try:
        return [number(row, name) for row in rows], True
    except ValueError:
        return [text(row[name]) for row in rows], False
