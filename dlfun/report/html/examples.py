"""Examples as people see them: images, frame strips, spectrograms, waveforms and texts."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape

from dlfun.data.text import decode_text
from dlfun.report.html import marks, pixels
from dlfun.report.html.pixels import Ends

FRAMES = 6
"""Frames of a video that are shown side by side."""

LINES = 4
"""Channels of a sequence that are drawn as lines."""

POINTS = 200
"""Points of a line, at most."""

TEXT = 160
"""Characters of a text, at most."""


def evenly(count: int, most: int) -> np.ndarray:
    """Indices of a few among many: first, last, and some between."""
    return np.unique(np.linspace(0, max(count - 1, 0), min(most, count)).round().astype(int))


def is_picture(example: np.ndarray, modality: str) -> bool:
    """Whether an example is drawn with pixels."""
    return modality in ("image", "video", "speech") or example.ndim >= 3


def as_pixels(example: np.ndarray, modality: str, ends: Ends = None) -> np.ndarray:
    """An image, a strip of frames or a spectrogram (time to the right) as uint8 [h, w, 3 or 4]."""
    if modality == "speech" and example.ndim == 2:
        return pixels.rising(example.T[::-1], ends)
    if example.ndim == 4:
        frames = example[evenly(len(example), FRAMES)]
        return pixels.row_of([still(frame, ends) for frame in frames], 2)
    return still(example, ends)


def still(picture: np.ndarray, ends: Ends = None) -> np.ndarray:
    """[h, w] or [h, w, channels] as uint8 [h, w, 3]; other channels than colours as their mean."""
    if picture.ndim == 3 and picture.shape[-1] in (3, 4):
        return pixels.colours(picture)
    return pixels.grey(picture.mean(-1) if picture.ndim == 3 else picture, ends)


def sparkline(example: np.ndarray, alt: str, ends: Ends = None) -> Markup:
    """A small drawing of a sequence [time, channels] or a vector, a line a channel."""
    rows = np.asarray(example, float).reshape(len(example), -1)
    rows = rows[evenly(len(rows), POINTS)][:, :LINES]
    low, high = ends or pixels.extent(rows)
    heights = 38 - 36 * (rows - low) / (high - low)
    xs = np.linspace(1, 99, len(rows)) if len(rows) > 1 else np.array([50.0])
    if len(rows) <= 2:  # too few for a line
        lines = [marks.dots(xs, ys, 2, 3) for ys in heights.T]
    else:
        lines = [marks.line(xs, ys, 2 + k, "thin") for k, ys in enumerate(heights.T)]
    return marks.element(
        "svg",
        "".join(lines),
        class_="spark",
        viewBox="0 0 100 40",
        preserveAspectRatio="none",
        role="img",
        aria_label=alt,
    )


def text_of(ids: np.ndarray, alphabet: str) -> str:
    """A text in quotes, cut if it is long; padding behind it is left out."""
    kept = np.asarray(ids, int).ravel()
    if not alphabet:
        kept = kept[: int(np.flatnonzero(kept)[-1]) + 1] if kept.any() else kept[:0]
    text = decode_text(kept[:TEXT].tolist(), alphabet)
    return json.dumps(text, ensure_ascii=False) + (" …" if len(kept) > TEXT else "")


def show(
    example: np.ndarray, modality: str, alt: str, alphabet: str = "", ends: Ends = None
) -> Markup:
    """One example, as its modality is seen, on the scale of its `ends`."""
    if modality == "text":
        return (
            Markup('<q class="excerpt">')
            + escape(text_of(example, alphabet)[1:-1])
            + Markup("</q>")
        )
    if is_picture(example, modality):
        picture = as_pixels(example, modality, ends)
        wide = 300 if example.ndim == 4 else 150 if modality == "speech" else 96
        return pixels.image(picture, alt, pixels.zoom_to(picture.shape[1], wide))
    return sparkline(example, alt, ends)


def show_row(examples: Sequence[np.ndarray], modality: str, alt: str, alphabet: str = "") -> Markup:
    """Several examples side by side, on one scale; pictures are one image."""
    ends = pixels.extent(np.stack(examples).astype(float))
    if modality != "text" and is_picture(examples[0], modality):
        shown = examples[:3] if examples[0].ndim == 4 else examples
        sheet = pixels.row_of([as_pixels(e, modality, ends)[..., :3] for e in shown], 2)
        return pixels.image(sheet, alt, 620 / sheet.shape[1], "pixels filling")
    each = [
        show(e, modality, f"{alt}, number {k + 1}", alphabet, ends) for k, e in enumerate(examples)
    ]
    return Markup('<div class="side">') + Markup("").join(each) + Markup("</div>")
