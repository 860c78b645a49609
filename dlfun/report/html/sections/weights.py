"""The section on first layers: filters and feature maps."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from dlfun.report.html import examples, marks, pixels
from dlfun.report.html.blocks import Block, Figure, Table, table
from dlfun.report.html.record import Arm, Record, arm_arrays
from dlfun.report.html.sections.states import embedded
from dlfun.report.html.units import first_upper
from dlfun.words import plural

Arrays = dict[str, np.ndarray]
SHEET = 420.0
"""Width of a drawing."""


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


def shown_of(shown: int, arrays: Arrays, count: str, noun: str) -> str:
    """How many are shown, and of how many where these are more and known.

    >>> shown_of(32, {"filter_count": np.array(100)}, "filter_count", "unit")
    '32 of 100 units shown'
    >>> shown_of(3, {}, "filter_count", "unit")
    '3 units shown'
    """
    if count not in arrays:
        return f"{plural(shown, noun)} shown"
    total = int(arrays[count])
    return plural(shown, noun) if total <= shown else f"{shown} of {plural(total, noun)} shown"


def filters(arm: Arm, arrays: Arrays) -> Figure:
    """The weights of every unit or kernel of the first layer."""
    found = np.asarray(arrays["filters"], float)
    norms = np.linalg.norm(found.reshape(len(found), -1), axis=1)
    shown = shown_of(len(found), arrays, "filter_count", "unit")
    finding = (
        f"First layer of {arm[1]} on {arm[0]}, {shown}, the weights of each of shape "
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
        table(["unit", "norm", "smallest", "largest"], rows, "Units"),
        f"{first_upper(shown)}, numbered as in the network. {how_filters(found)}",
    )


def how_filters(found: np.ndarray) -> str:
    """How the drawing of filters is read."""
    if is_lines(found):
        return "Weights of each unit along time or position; all on one scale."
    if is_rows(found):
        return "A row a unit, a column an input; blue: negative, red: positive weights."
    return "Blue: negative, pale: near zero, red: positive weights."


def is_lines(found: np.ndarray) -> bool:
    """Whether filters are drawn as lines: over time or position, with few channels."""
    return found.ndim == 3 and found.shape[2] <= 2 and found.shape[1] > 2


def is_rows(found: np.ndarray) -> bool:
    """Whether all filters are one picture, a row each: of inputs that have one axis at most."""
    return max(found.shape[1:]) == found[0].size and not is_lines(found)


def drawn_filters(found: np.ndarray, finding: str) -> Markup:
    """Filters as lines, as tiles, or all units as one picture; each has its number."""
    if is_lines(found):
        return lines(found, finding)
    top = float(np.abs(found).max()) or 1.0
    if is_rows(found):
        return unit_rows(found.reshape(len(found), -1), top, finding)
    return numbered_tiles([tile(f, top) for f in found], finding)


def unit_rows(found: np.ndarray, top: float, finding: str) -> Markup:
    """Weights [units, inputs] as a picture, with the numbers of units and inputs beside it."""
    units, inputs = found.shape
    left, width, pitch = 34.0, SHEET - 38.0, min(22.0, max(9.0, 300 / units))
    bottom = 8 + pitch * units
    parts = [embedded(pixels.signed(found, top), left, 8.0, width, pitch * units)]
    for k in range(0, units, int(-(-15 // pitch))):
        parts.append(marks.words(left - 6, 8 + pitch * (k + 0.5) + 4.5, str(k + 1), "tick", "end"))
    for k in range(0, inputs, max(1, inputs // 8)):
        x = left + width * (k + 0.5) / inputs
        parts.append(marks.words(x, bottom + 17, str(k + 1), "tick", "middle"))
    parts.append(marks.words(left + width / 2, bottom + 36, "input", "label", "middle"))
    return marks.drawing(SHEET, bottom + 42, finding, *parts)


def numbered_tiles(tiles: list[np.ndarray], finding: str) -> Markup:
    """Pictures in rows, the number of each above it."""
    long = tiles[0].shape[1] > 3 * tiles[0].shape[0]
    columns = 4 if long else 5 if len(tiles) <= 10 else 8
    pitch = SHEET / columns
    high = (pitch - 6) * tiles[0].shape[0] / tiles[0].shape[1]
    parts = []
    for k, picture in enumerate(tiles):
        x, y = pitch * (k % columns), (high + 20) * (k // columns)
        parts.append(marks.words(x + 1, y + 13, str(k + 1), "tick"))
        parts.append(embedded(picture, x, y + 17, pitch - 6, high))
    return marks.drawing(SHEET, (high + 20) * -(-len(tiles) // columns), finding, *parts)


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
    columns, width, height = 6, 64.0, 44.0
    rows = -(-len(found) // columns)
    top = float(np.abs(found).max()) or 1.0
    parts = []
    for k, f in enumerate(found):
        left, middle = (k % columns) * 70.0 + 3, (k // columns) * 64.0 + 40
        parts.append(marks.words(left, middle - 25, str(k + 1), "tick"))
        xs = left + np.linspace(2, width - 2, len(f))
        parts.append(marks.rule(left, middle, left + width, middle, "grid"))
        for channel, values in enumerate(f.T):
            parts.append(marks.line(xs, middle - values / top * height / 2, 2 + channel, "thin"))
    return marks.drawing(70 * columns, 64 * rows + 4, finding, *parts)


def feature_maps(arm: Arm, arrays: Arrays) -> Figure:
    """What the first layer makes of some inputs: the input, and a map a channel."""
    maps, modality = np.asarray(arrays["feature_maps"], float), modality_of(arrays)
    inputs = arrays.get("feature_inputs")
    shown = shown_of(maps.shape[-1], arrays, "map_count", "channel")
    finding = (
        f"Feature maps of {arm[1]} on {arm[0]}: {shown} for each of "
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
        f"Left: the input; right: what each channel of the first layer makes of it, number 1 to "
        f"{maps.shape[-1]} ({shown}); the lighter the stronger.",
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
