"""Arrays as small PNGs inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from dlfun.report.html import marks

LARGEST = 4_000_000
"""Pixels that one picture may have, at most; larger ones are thinned."""

# From Okabe & Ito's blue over near-white to their vermilion.
COLD, PALE, WARM = (0, 114, 178), (247, 247, 247), (213, 94, 0)
Ends = tuple[float, float] | None
"""The numbers that the ends of a scale stand for; None are the smallest and largest there are."""

RISING = ((22, 18, 58), (96, 32, 120), (190, 60, 90), (240, 130, 50), (252, 240, 180))
"""Colours of a scale from little to much, each lighter than the one before."""


def grey(values: np.ndarray, ends: Ends = None) -> np.ndarray:
    """[h, w] -> uint8 [h, w, 3]: the larger the darker, like ink; `ends` are pale and black."""
    low, high = ends or extent(values)
    level = (255 * (1 - (values - low) / (high - low))).clip(0, 255)
    return np.repeat(np.nan_to_num(level).astype(np.uint8)[..., None], 3, axis=-1)


def extent(values: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest finite value; 0 and 1 where all are alike."""
    kept = values[np.isfinite(values)]
    if not len(kept) or kept.min() == kept.max():
        return 0.0, 1.0
    return float(kept.min()), float(kept.max())


def blended(values: np.ndarray, colours: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """Values in [0, 1] -> uint8 [..., 3] between evenly spaced colours."""
    stops = np.linspace(0, 1, len(colours))
    channels = [np.interp(values, stops, [c[i] for c in colours]) for i in range(3)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def signed(values: np.ndarray, most: float | None = None) -> np.ndarray:
    """[h, w] -> uint8 [h, w, 3]: blue below zero, pale at zero, vermilion above, up to `most`."""
    found = np.nan_to_num(values.astype(float))
    top = most or float(np.abs(found).max()) or 1.0
    return blended((found / top).clip(-1, 1) / 2 + 0.5, (COLD, PALE, WARM))


def rising(values: np.ndarray, ends: Ends = None) -> np.ndarray:
    """[h, w] -> uint8 [h, w, 3]: from dark to light."""
    low, high = ends or extent(values)
    return blended(np.nan_to_num((values - low) / (high - low)).clip(0, 1), RISING)


def colours(image: np.ndarray) -> np.ndarray:
    """[h, w, 3 or more] -> uint8 [h, w, 3]; floats outside [0, 1] are brought into it."""
    rgb = np.nan_to_num(image[..., :3].astype(float))
    low, high = extent(rgb)
    if image.dtype.kind == "f" and not 0 <= low <= high <= 1:
        rgb = (rgb - low) / (high - low)
    return (rgb * (255 if image.dtype.kind == "f" else 1)).clip(0, 255).astype(np.uint8)


def row_of(pictures: Sequence[np.ndarray], gap: int = 1) -> np.ndarray:
    """uint8 pictures [h, w, 3] side by side -> [h, w, 4]; the gaps between them are clear."""
    height = max(p.shape[0] for p in pictures)
    width = sum(p.shape[1] + gap for p in pictures) - gap
    sheet = np.zeros((height, width, 4), np.uint8)
    left = 0
    for p in pictures:
        sheet[: p.shape[0], left : left + p.shape[1], :3] = p
        sheet[: p.shape[0], left : left + p.shape[1], 3] = 255
        left += p.shape[1] + gap
    return sheet


def sheet_of(pictures: Sequence[np.ndarray], columns: int, gap: int = 1) -> np.ndarray:
    """Pictures in rows of so many -> [h, w, 4]."""
    rows = [row_of(pictures[i : i + columns], gap) for i in range(0, len(pictures), columns)]
    width = max(row.shape[1] for row in rows)
    parts = []
    for row in rows:
        parts.append(np.pad(row, ((0, gap), (0, width - row.shape[1]), (0, 0))))
    return np.concatenate(parts)[:-gap] if gap else np.concatenate(parts)


def thinned(picture: np.ndarray) -> np.ndarray:
    """A picture with every n-th row and column of one that is too large."""
    every = int(np.ceil(np.sqrt(picture.shape[0] * picture.shape[1] / LARGEST)))
    return picture[::every, ::every]


def png(picture: np.ndarray) -> str:
    """A uint8 picture [h, w, 3 or 4] as a data URI."""
    from PIL import Image

    kept = np.ascontiguousarray(thinned(picture))
    image = Image.fromarray(kept)
    flat = kept.reshape(-1, kept.shape[-1])
    if kept.shape[-1] == 4 and bool((flat[:, 3] == 255).all()):
        image = image.convert("RGB")
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=kept.size < 200_000)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def image(picture: np.ndarray, alt: str, zoom: float = 1.0, look: str = "pixels") -> Markup:
    """An element that shows a picture, `zoom` times as large as its pixels."""
    return marks.element(
        "img",
        class_=look,
        src=png(picture),
        alt=alt,
        width=round(picture.shape[1] * zoom),
        height=round(picture.shape[0] * zoom),
    )


def zoom_to(size: int, wanted: float) -> float:
    """How much larger a picture of so many pixels is to be shown: by whole numbers if it grows."""
    return max(1.0, wanted // size) if size <= wanted else wanted / size
