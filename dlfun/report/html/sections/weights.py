"""The section on first layers: filters and feature maps."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from dlfun.report.html import examples, marks, pixels
from dlfun.report.html.blocks import Block, Figure, Table, table
from dlfun.report.html.record import Arm, Record, arm_arrays
from dlfun.words import plural

Arrays = dict[str, np.ndarray]


def weights(record: Record) -> list[Block]:
    """The filters and feature maps of every arm that left them."""
    blocks: list[Block] = []
    for arm, arrays in arm_arrays(record, "evidence"):
        if arrays.get("filters", np.empty(0)).size:
            blocks.append(filters(arm, arrays))
        if arrays.get("feature_maps", np.empty(0)).size:
            blocks.append(feature_maps(arm, arrays))
    return blocks


def modality_of(arrays: Arrays) -> str:
    """The modality of an arm's data; empty where it is not known."""
    return str(arrays.get("modality", ""))


def filters(arm: Arm, arrays: Arrays) -> Figure:
    """The weights of every unit or kernel of the first layer."""
    found = np.asarray(arrays["filters"], float)
    norms = np.linalg.norm(found.reshape(len(found), -1), axis=1)
    finding = (
        f"{len(found)} first-layer filters of {arm[1]} on {arm[0]}, each of shape "
        f"{' × '.join(map(str, found.shape[1:]))}; the strongest is number {norms.argmax() + 1}"
    )
    rows = [
        [k + 1, float(norm), float(f.min()), float(f.max())]
        for k, (f, norm) in enumerate(zip(found, norms, strict=True))
    ]
    return Figure(
        f"First layer of {arm[1]}, {arm[0]}",
        finding,
        drawn_filters(found, finding),
        table(["filter", "norm", "smallest", "largest"], rows, "Filters"),
        how_filters(found),
        wide=found.ndim >= 5,
    )


def how_filters(found: np.ndarray) -> str:
    """How the drawing of filters is read."""
    if is_lines(found):
        return "Weights of each filter along time or position; all on one scale."
    if found.ndim == 2:
        sides = "row a unit, a column an input"
        if found.shape[1] < found.shape[0]:
            sides = "column a unit, a row an input"
        return f"A {sides}; blue: negative, red: positive weights."
    return "Blue: negative, pale: near zero, red: positive weights."


def is_lines(found: np.ndarray) -> bool:
    """Whether filters are drawn as lines: over time or position, with few channels."""
    return found.ndim == 3 and found.shape[2] <= 2 and found.shape[1] > 2


def drawn_filters(found: np.ndarray, finding: str) -> Markup:
    """Filters as lines, as tiles, or all units as one picture."""
    if is_lines(found):
        return lines(found, finding)
    top = float(np.abs(found).max()) or 1.0
    if found.ndim == 2:
        wide = found if found.shape[1] >= found.shape[0] else found.T
        zoom = min(pixels.zoom_to(wide.shape[1], 360), 28.0)
        return pixels.image(pixels.signed(wide, top), finding, zoom)
    tiles = [tile(f, top) for f in found]
    columns = 4 if tiles[0].shape[1] > 3 * tiles[0].shape[0] else 5 if len(tiles) <= 10 else 8
    sheet = pixels.sheet_of(tiles, columns)
    return pixels.image(sheet, finding, 380 / sheet.shape[1], "pixels filling")


def tile(found: np.ndarray, top: float) -> np.ndarray:
    """One filter [h, w, channels], [time, bands] or [frames, h, w, channels] as a picture."""
    if found.ndim == 4:
        return pixels.row_of([tile(frame, top)[..., :3] for frame in found])[..., :3]
    if found.ndim == 3 and found.shape[-1] == 3:
        return pixels.colours(found / (2 * top) + 0.5)
    flat = found.mean(-1) if found.ndim == 3 else found.T[::-1]
    return pixels.signed(flat, top if found.ndim == 2 else None)


def lines(found: np.ndarray, finding: str) -> Markup:
    """Filters [count, length, channels] as small lines over a zero line, on a common scale."""
    columns, width, height = 6, 64.0, 48.0
    rows = -(-len(found) // columns)
    top = float(np.abs(found).max()) or 1.0
    parts = []
    for k, f in enumerate(found):
        left, middle = (k % columns) * 70.0 + 3, (k // columns) * 54.0 + 27
        xs = left + np.linspace(2, width - 2, len(f))
        parts.append(marks.rule(left, middle, left + width, middle, "grid"))
        for channel, values in enumerate(f.T):
            parts.append(marks.line(xs, middle - values / top * height / 2, channel, "thin"))
    return marks.drawing(70 * columns, 54 * rows, finding, *parts)


def feature_maps(arm: Arm, arrays: Arrays) -> Figure:
    """What the first layer makes of some inputs: the input, and a map a channel."""
    maps, modality = np.asarray(arrays["feature_maps"], float), modality_of(arrays)
    inputs = arrays.get("feature_inputs")
    finding = (
        f"Feature maps of {arm[1]} on {arm[0]}: {plural(maps.shape[-1], 'channel')} for each of "
        f"{plural(len(maps), 'input')}, in [{maps.min():.3g}, {maps.max():.3g}]"
    )
    rows = []
    for k, own in enumerate(maps):
        if inputs is not None:
            rows.append(shown_input(inputs[k], modality, k, arrays))
        rows.append(maps_of(own, f"feature maps of input {k + 1}"))
    numbers: list[list[object]] = [
        [c + 1, float(maps[..., c].mean()), float(maps[..., c].max()), share(maps[..., c])]
        for c in range(maps.shape[-1])
    ]
    return Figure(
        f"Feature maps of {arm[1]}, {arm[0]}",
        finding,
        Markup('<div class="pairs">') + Markup("").join(rows) + Markup("</div>"),
        summary_table(numbers),
        "Left: the input; right: what each channel of the first layer makes of it; the lighter "
        "the stronger.",
        wide=True,
    )


def summary_table(numbers: list[list[object]]) -> Table:
    """Channels in numbers."""
    names = ["channel", "mean", "largest", "share above zero"]
    return table(names, numbers, "Activity of each channel")


def share(values: np.ndarray) -> float:
    """The share of values above zero."""
    return float((values > 0).mean())


def shown_input(given: np.ndarray, modality: str, k: int, arrays: Arrays) -> Markup:
    """An input, small."""
    alphabet = str(arrays.get("alphabet", ""))
    return examples.show(np.asarray(given), modality, f"input {k + 1}", alphabet)


def maps_of(maps: np.ndarray, alt: str) -> Markup:
    """Maps [time, channels] as one picture, or [..., h, w, channels] as tiles side by side."""
    if maps.ndim <= 2:
        flat = maps.reshape(len(maps), -1).T
        return pixels.image(pixels.rising(np.repeat(flat, 3, axis=0)), alt, 1.0, "pixels stretch")
    if maps.ndim == 4:
        maps = maps[len(maps) // 2]  # the frame in the middle
    tiles = [pixels.rising(maps[..., c]) for c in range(maps.shape[-1])]
    sheet = pixels.row_of(tiles, 1)
    return pixels.image(sheet, alt, 480 / sheet.shape[1], "pixels filling")
