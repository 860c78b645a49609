"""The section on generative models: the latent plane, and what they make."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup, escape

from dlfun.records import reader
from dlfun.report.html import examples, plots
from dlfun.report.html.blocks import Block, Figure, Key, Source, Table, table
from dlfun.report.html.plots import Series
from dlfun.report.html.record import Arm, Record, arm_arrays, arms
from dlfun.words import plural

Arrays = dict[str, np.ndarray]
MADE = ("inputs", "reconstructions", "samples")


def latent(record: Record) -> list[Block]:
    """Latent planes, what was generated, and texts."""
    blocks: list[Block] = []
    for arm, arrays in arm_arrays(record, "evidence"):
        if arrays.get("latent", np.empty(0)).size:
            blocks.append(plane(arm, arrays))
    for arm, arrays in arm_arrays(record, "samples"):
        if str(arrays.get("modality", "")) != "text" and "inputs" in arrays:
            blocks.append(generated(arm, arrays))
    for arm in arms(record):
        name = reader.arm_file(*arm, "samples.txt")
        if lines := reader.optional(record.folder, name, reader.read_lines, []):
            blocks.append(Source(f"What {arm[1]} writes, {arm[0]}", "\n".join(lines), True))
    return blocks


def labels_of(arrays: Arrays, count: int) -> list[str]:
    """The names of classes; their numbers where they have none."""
    known = [str(name) for name in arrays.get("classes", ())]
    return known + [str(k) for k in range(len(known), count)]


def plane(arm: Arm, arrays: Arrays) -> Figure:
    """Test examples on the two most active latent dimensions, by class."""
    points = np.asarray(arrays["latent"], float)
    targets = np.asarray(arrays.get("latent_targets", np.zeros(len(points))))
    whole = targets.ndim == 1 and targets.dtype.kind in "iub"
    kinds = np.unique(targets) if whole else np.zeros(1, int)
    names = labels_of(arrays, int(kinds.max()) + 1) if whole else ["examples"]
    series = [
        Series(names[int(k)], i, *(points[targets == k].T if whole else points.T))
        for i, k in enumerate(kinds)
    ]
    axes = plots.plane(series, "most active latent dimension", "second most active")
    finding = (
        f"{plural(len(points), 'test example')} of {plural(len(kinds), 'class', 'classes')} "
        "on the two most active latent "
        f"dimensions of {arm[1]} on {arm[0]}; class means are "
        f"{apart(series):.2g} of the spread within classes apart"
    )
    rows = [
        [s.label, len(s.x), *(float(v) for v in (s.x.mean(), s.y.mean(), s.x.std(), s.y.std()))]
        for s in series
    ]
    columns = ["class", "examples", "mean 1", "mean 2", "sd 1", "sd 2"]
    return Figure(
        f"Latent plane of {arm[1]}, {arm[0]}",
        finding,
        plots.scatter(series, axes, finding, size=2.6),
        table(columns, rows, "Classes on the plane"),
        "A mark an example, the mean of its posterior; colour and shape give its class.",
        [Key(s.label, s.style) for s in series],
    )


def apart(series: list[Series]) -> float:
    """The spread of class means over the spread within classes."""
    centres = np.array([[s.x.mean(), s.y.mean()] for s in series])
    within = float(np.mean([s.x.std() + s.y.std() for s in series])) / 2
    return float(centres.std(0).mean() / within) if within else float("nan")


def generated(arm: Arm, arrays: Arrays) -> Figure:
    """Inputs, reconstructions, samples and traversals, a row each."""
    modality = str(arrays["modality"])
    rows = [(kind, arrays[kind]) for kind in MADE if kind in arrays]
    rows += [
        (f"dimension {d}", along)
        for d, along in zip(arrays.get("traversed", ()), arrays.get("traversals", ()), strict=False)
    ]
    finding = f"Inputs, reconstructions, samples and traversals of {arm[1]} on {arm[0]}"
    if "reconstructions" in arrays:
        error = np.abs(arrays["inputs"] - arrays["reconstructions"]).mean()
        finding += f"; mean absolute error of a reconstruction {error:.3g}"
    return Figure(
        f"What {arm[1]} makes, {arm[0]}",
        finding,
        Markup('<div class="made">')
        + Markup("").join(made_row(label, found, modality) for label, found in rows)
        + Markup("</div>"),
        ranges(rows),
        "Samples are drawn from the prior; in a traversal one latent dimension goes from −3 to 3 "
        "while all others are 0.",
        wide=True,
    )


def made_row(label: str, found: np.ndarray, modality: str) -> Markup:
    """A labelled row of examples."""
    shown = examples.show_row(list(found), modality, label)
    return Markup('<div class="made-label">') + escape(label) + Markup("</div>") + shown


def ranges(rows: list[tuple[str, np.ndarray]]) -> Table:
    """What values the pictures have."""
    numbers = [
        [label, len(found), float(found.min()), float(found.mean()), float(found.max())]
        for label, found in rows
    ]
    return table(["row", "examples", "smallest", "mean", "largest"], numbers, "Values of each row")
