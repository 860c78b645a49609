"""First layers, samples and confusion for print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlfun.records.reader import arm_file
from dlfun.report.figures.paper import SMALL, SOFT, Paper, colour_of, sheet
from dlfun.report.figures.record_figures import SPACED, draw_example, generated_rows
from dlfun.report.html.record import Record, arm_arrays, arms
from dlfun.report.html.sections.latent import labels_of
from dlfun.report.html.sections.weights import is_lines, is_rows, shown_of

DIVERGING = "RdBu_r"
"""Blue: negative, white: zero, red: positive; told apart by colour-blind readers."""

FEWEST = 4
"""Values of an example that is worth a picture, at least."""

CLASSES, COUNTED = 60, 12
"""Classes of a matrix that is drawn, and of one whose cells hold their shares, at most."""

Made = Iterator[tuple[str, Figure]]


def weights(record: Record, paper: Paper) -> Made:
    """A figure of every arm: the weights of each unit or kernel of its first layer."""
    for (dataset, model), arrays in arm_arrays(record, "evidence"):
        found = np.asarray(arrays.get("filters", np.empty(0)), float)
        if not found.size:
            continue
        name = f"weights-{dataset}-{model}"
        flat = found.reshape(len(found), -1)
        dense = is_rows(found)
        shown = shown_of(len(found), arrays, "filter_count", "unit")
        yield name, units(paper, flat, shown) if dense else kernels(paper, found, shown)


def units(paper: Paper, found: np.ndarray, shown: str) -> Figure:
    """Weights [units, inputs]: a row a unit, a column an input, with their scale."""
    height = float(np.clip(0.1 * len(found), 0.4, 3.5)) + 0.75
    figure, (axes,) = sheet(paper, height)
    top = float(np.abs(found).max()) or 1.0
    picture = axes.imshow(
        found, cmap=DIVERGING, vmin=-top, vmax=top, aspect="auto", interpolation="nearest",
        extent=(0.5, found.shape[1] + 0.5, len(found) + 0.5, 0.5),
    )  # fmt: skip
    axes.set(xlabel="input", ylabel="unit")
    if " of " in shown:
        axes.set_title(shown, fontsize=SMALL, color=SOFT)
    for axis, count in ((axes.xaxis, found.shape[1]), (axes.yaxis, len(found))):
        axis.get_major_locator().set_params(integer=True)
        if count < 3:
            axis.set_ticks(range(1, count + 1))
    figure.colorbar(picture, ax=axes, label="weight", aspect=12, pad=0.02)
    return figure


def kernels(paper: Paper, found: np.ndarray, shown: str) -> Figure:
    """Filters [count, *shape], a small picture or a few lines each, with their numbers.

    All stand on one pair of axes, a unit of which is a column or a row: many axes take long.
    """
    columns = min(len(found), max(2, int(paper.width / 0.55)))
    rows = -(-len(found) // columns)
    pitch = min(paper.width / columns, 0.8)
    below = 0.2 if " of " in shown else 0.0
    figure = Figure(figsize=(paper.width, 1.2 * pitch * rows + below))
    share = below / figure.get_figheight()
    axes = figure.add_axes((0, share, 1, 1 - share))
    axes.set(xlim=(0, paper.width / pitch), ylim=(1.2 * rows, 0))
    axes.set_axis_off()
    top = float(np.abs(found).max()) or 1.0
    for k, kernel in enumerate(found):
        left, high = k % columns + 0.06, 1.2 * (k // columns) + 0.25
        axes.text(left + 0.44, high - 0.05, str(k + 1), fontsize=6, color=SOFT, ha="center")
        (draw_lines if is_lines(found) else draw_kernel)(axes, kernel, top, (left, high))
    axes.set(xlim=(0, paper.width / pitch), ylim=(1.2 * rows, 0), aspect="auto")
    if below:
        figure.text(0.5, 0.04 / figure.get_figheight(), shown, fontsize=SMALL, color=SOFT,
                    ha="center")  # fmt: skip
    return figure


SIDE = 0.88
"""Of a filter, of which the pitch is 1."""

Place = tuple[float, float]
"""Left and upper end of a filter."""


def draw_lines(axes: Axes, kernel: np.ndarray, top: float, place: Place) -> None:
    """Weights [time, channels] over a line at zero, all filters on one scale."""
    xs = place[0] + SIDE * np.linspace(0, 1, len(kernel))
    zero = place[1] + SIDE / 2
    axes.plot(xs[[0, -1]], [zero, zero], color=SOFT, linewidth=0.4)
    for channel, values in enumerate(kernel.T):
        heights = zero - values / top * SIDE / 2
        axes.plot(xs, heights, color=colour_of(2 + channel), linewidth=0.9)


def draw_kernel(axes: Axes, kernel: np.ndarray, top: float, place: Place) -> None:
    """A kernel as a picture, all on one scale; of a video its middle frame."""
    extent = (place[0], place[0] + SIDE, place[1] + SIDE, place[1])
    if kernel.ndim == 4:
        kernel = kernel[len(kernel) // 2]
    if kernel.ndim == 3 and kernel.shape[-1] == 3:
        colours = np.clip(kernel / (2 * top) + 0.5, 0, 1)
        axes.imshow(colours, interpolation="nearest", extent=extent)
        return
    flat = kernel.mean(-1) if kernel.ndim == 3 else kernel.T[::-1]
    axes.imshow(
        flat, cmap=DIVERGING, vmin=-top, vmax=top, interpolation="nearest", extent=extent
    )  # fmt: skip


def samples(record: Record, paper: Paper) -> Made:
    """A figure of every generative arm: inputs, what is made of them, and new examples."""
    for dataset, model in arms(record):
        source = record.folder / arm_file(dataset, model, "samples.npz")
        if not source.is_file() or source.with_suffix(".txt").exists():
            continue
        modality, rows = generated_rows(source)
        if rows[0][1][0].size < FEWEST:
            continue
        columns = min(max(len(examples) for _, examples in rows), max(4, int(paper.width / 0.42)))
        high = 0.8 * paper.width / columns
        figure = Figure(figsize=(paper.width, high * len(rows)))
        # Fixed places: a layout that is computed takes longer than all drawing of many axes.
        room = 0.85 / paper.width
        edges = {"left": room, "right": 0.995, "bottom": 0.01, "top": 0.99} | SPACED
        axes = (
            figure.subplots(len(rows), columns, squeeze=False, gridspec_kw=edges).ravel().tolist()
        )
        for k, (label, examples) in enumerate(rows):
            own = axes[k * columns : (k + 1) * columns]
            draw_samples(own, examples, modality)
            own[0].set_axis_on()
            own[0].set_ylabel(label, fontsize=SMALL, rotation=0, ha="right", va="center")
        yield f"samples-{dataset}-{model}", figure


def draw_samples(axes: Sequence[Axes], examples: np.ndarray, modality: str) -> None:
    """Examples in a row, as many as have room."""
    for k, own in enumerate(axes):
        if k < len(examples):
            draw_example(own, examples[k], modality)
            own.spines[:].set_visible(False)
        else:
            own.set_axis_off()


def confusion(record: Record, paper: Paper) -> Made:
    """A figure of every arm: the share of each class that is taken for each class."""
    for (dataset, model), arrays in arm_arrays(record, "evidence"):
        counts = np.asarray(arrays.get("confusion", np.empty(0)))
        if not 2 <= len(counts) <= CLASSES or not counts.sum():
            continue
        names = labels_of(arrays, len(counts))
        yield f"confusion-{dataset}-{model}", matrix(paper, counts, names)


def matrix(paper: Paper, counts: np.ndarray, names: Sequence[str]) -> Figure:
    """A matrix of per cents of its rows; no number where there is less than half of one."""
    shares = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = min(paper.width, 5.0)
    figure, (axes,) = sheet(paper, side)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    short = [name if len(name) <= 11 else f"{name[:10]}…" for name in names]
    every = max(1, round(len(names) / (12 * side / 3.3)))
    turn = 90 if max(map(len, short)) > 2 else 0
    axes.set_xticks(range(0, len(names), every), short[::every], rotation=turn)
    axes.set_yticks(range(0, len(names), every), short[::every])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlabel="taken for", ylabel="is")
    if len(names) <= COUNTED:
        size = min(SMALL, 26 * side / len(names))
        for (i, j), share in np.ndenumerate(shares):
            if share >= 0.5:
                colour = "white" if share > 55 else "black"
                axes.text(j, i, f"{share:.0f}", ha="center", va="center", fontsize=size,
                          color=colour)  # fmt: skip
    return figure
