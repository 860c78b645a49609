"""First layers, samples and confusion for print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlfun.records.reader import arm_file
from dlfun.report.figures.paper import SMALL, SOFT, Paper, colour_of, sheet
from dlfun.report.figures.record_figures import draw_example, generated_rows
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
    """Filters [count, *shape], a small picture or a few lines each, with their numbers."""
    columns = min(len(found), max(2, int(paper.width / 0.55)))
    rows = -(-len(found) // columns)
    high = min(1.1 * paper.width / columns, 0.8)
    figure, axes = sheet(paper, high * rows + 0.1, rows, columns)
    top = float(np.abs(found).max()) or 1.0
    for k, own in enumerate(axes):
        if k >= len(found):
            own.set_axis_off()
            continue
        draw_kernel(own, found[k], top, is_lines(found))
        own.set_title(str(k + 1), fontsize=6, pad=1.5, color=SOFT)
    if " of " in shown:
        figure.supxlabel(shown, fontsize=SMALL, color=SOFT)
    return figure


def draw_kernel(axes: Axes, kernel: np.ndarray, top: float, lines: bool) -> None:
    """A kernel, all on one scale: as lines over time, or as a picture."""
    axes.set(xticks=[], yticks=[])
    if lines:
        axes.axhline(0, color=SOFT, linewidth=0.4)
        for channel, values in enumerate(kernel.T):
            axes.plot(values, color=colour_of(2 + channel), linewidth=0.9)
        axes.set_ylim(-top, top)
        return
    if kernel.ndim == 4:
        kernel = kernel[len(kernel) // 2]  # the frame in the middle
    if kernel.ndim == 3 and kernel.shape[-1] == 3:
        axes.imshow(np.clip(kernel / (2 * top) + 0.5, 0, 1), interpolation="nearest")
        return
    flat = kernel.mean(-1) if kernel.ndim == 3 else kernel.T[::-1]
    axes.imshow(flat, cmap=DIVERGING, vmin=-top, vmax=top, interpolation="nearest",
                aspect="equal" if kernel.ndim == 3 else "auto")  # fmt: skip


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
        figure, axes = sheet(paper, high * len(rows), len(rows), columns)
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
