"""Images of a user's folder."""

from __future__ import annotations

import itertools
import re
import struct
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlfun.errors import UserError

BACKGROUND = 128
"""What fills transparent parts: mid-grey, on which both black and white drawings show."""

LEAST = 8
"""Levels that something must differ from it by to be seen."""

# Pillow raises what the damaged part happens to break; SyntaxError is its word for bad chunks.
BROKEN = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError),
    *(struct.error, zlib.error),
)

DEEP = re.compile(r"[IF](;|$)|(?!BGR)\w+;(16|32)")
"""How Pillow stores, or reads, more than 8 bits a channel; of colours it would drop the lower."""


FILLED = "filled"
"""Of the info of a PIL image: that it had transparent parts."""


def read_images(paths: Sequence[Path]) -> tuple[np.ndarray, bool]:
    """Images as an array, and whether any of them had transparent parts.

    Returns:
      [n, height, width, channels] uint8: one channel if all are grey, else red, green and blue;
      what `open_image` says holds for each.

    Raises:
      UserError: naming the file, if one cannot be read or is of another size than the first.
    """
    images = [open_image(path) for path in paths]
    for path, image in zip(paths, images, strict=True):
        if image.size != images[0].size:
            raise UserError(
                f"{path} is of {image.width} x {image.height} pixels and {paths[0]} of "
                f"{images[0].width} x {images[0].height}; make all images one size"
            )
    mode = "L" if all(image.mode == "L" for image in images) else "RGB"
    stacked = np.stack([np.asarray(image.convert(mode)) for image in images])
    filled = any(FILLED in image.info for image in images)
    return stacked[..., None] if mode == "L" else stacked, filled


def open_image(path: Path, size: tuple[int, int] | None = None, fill: bool = True) -> Any:
    """A PIL image, wholly read, grey or RGB of 8 bits.

    One that says how it is to be turned is turned so, and `BACKGROUND` fills transparent parts.

    Args:
      size: width and height that it must have, however it lies, before any more of it is read.
      fill: whether there may be transparent parts.

    Raises:
      UserError: if it cannot be read, is of another size, of more than 8 bits a channel,
        of several pictures, or shows nothing.
    """
    from PIL import Image, ImageOps

    bomb = Image.DecompressionBombWarning  # all that Pillow has for half a GB; more is an error
    try:
        with warnings.catch_warnings(action="error", category=bomb), Image.open(path) as file:
            if size is not None and sorted(file.size) != sorted(size):
                raise other_size(path, file.size, size)
            check_kind(file, path)
            image = ImageOps.exif_transpose(file)
            image.load()
            flat = flattened(image, path, fill)
    except (*BROKEN, bomb, Image.DecompressionBombError) as error:
        raise UserError(
            f"{path} cannot be read as an image ({type(error).__name__}); mend it, or take it out"
        ) from None
    if size is not None and flat.size != size:
        raise other_size(path, flat.size, size)
    return flat


def check_kind(file: Any, path: Path) -> None:
    """Raises UserError unless a file holds one picture of 8 bits a channel."""
    reading = [args if isinstance(args, tuple) else (args,) for *_, args in file.tile]
    if any(DEEP.match(str(part)) for part in (file.mode, *itertools.chain(*reading))):
        raise UserError(f"{path} has more than 8 bits a channel; make it grey or RGB of 8 bits")
    # Cameras put a small picture behind the one that was taken: MPO.
    if getattr(file, "n_frames", 1) > 1 and file.format != "MPO":
        raise UserError(f"{path} holds {file.n_frames} pictures; make each a file of its own")


def flattened(image: Any, path: Path, fill: bool) -> Any:
    """A PIL image as grey or RGB, its transparent parts filled; `open_image` says how."""
    from PIL import Image

    mode = "L" if image.mode in ("1", "L", "LA") else "RGB"
    if not image.has_transparency_data:
        return image.convert(mode)
    layer = image.convert("RGBA")
    if layer.getextrema()[3][0] == 255:
        return layer.convert(mode)
    if not fill:
        raise UserError(
            f"{path} has transparent parts, and none of the images learned from had any; fill "
            "them as the background of those is"
        )
    behind = Image.new("RGBA", image.size, (BACKGROUND,) * 3 + (255,))
    flat = Image.alpha_composite(behind, layer).convert(mode)
    if np.abs(np.asarray(flat, np.int16) - BACKGROUND).max() < LEAST:
        raise UserError(
            f"{path} shows nothing: its transparent parts are filled with mid-grey "
            f"({BACKGROUND} of 255), and all else is like it; fill them in another way"
        )
    flat.info[FILLED] = True
    return flat


def other_size(path: Path, found: tuple[int, int], wanted: tuple[int, int]) -> UserError:
    """The error of an image whose width and height are not those wanted."""
    return UserError(
        f"{path} is of {found[0]} x {found[1]} pixels and must be of {wanted[0]} x {wanted[1]}; "
        "resize it"
    )
