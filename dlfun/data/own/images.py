"""Images of a user's folder."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlfun.errors import UserError

GREY = ("1", "L")
DEEP = ("I", "F")  # and I;16 in its forms: more than 8 bits a pixel


def read_images(paths: Sequence[Path]) -> np.ndarray:
    """[n, height, width, channels] uint8: one channel if all are grey, else red, green and blue.

    An image that says how it is to be turned is turned so. Transparency is left out.

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
    mode = "L" if all(image.mode in GREY for image in images) else "RGB"
    stacked = np.stack([np.asarray(image.convert(mode)) for image in images])
    return stacked[..., None] if mode == "L" else stacked


def open_image(path: Path, size: tuple[int, int] | None = None) -> Any:
    """A PIL image, wholly read.

    Args:
      size: width and height that it must have, however it lies, before any more of it is read.

    Raises:
      UserError: if it cannot be read, or is of another size, or of more than 8 bits a pixel and
        channel.
    """
    from PIL import Image, ImageOps

    bomb = Image.DecompressionBombWarning  # all that Pillow has for half a GB; more is an error
    # It raises what the damaged part happens to break; SyntaxError is its word for bad chunks.
    unreadable = (OSError, SyntaxError, ValueError, EOFError, bomb, Image.DecompressionBombError)
    try:
        with warnings.catch_warnings(action="error", category=bomb), Image.open(path) as file:
            if size is not None and sorted(file.size) != sorted(size):
                raise other_size(path, file.size, size)
            image = ImageOps.exif_transpose(file)
            image.load()
    except unreadable as error:
        raise UserError(
            f"{path} cannot be read as an image ({type(error).__name__}); mend it, or take it out"
        ) from None
    if image.mode.split(";")[0] in DEEP:
        raise UserError(f"{path} has more than 8 bits a pixel; make it grey or RGB of 8 bits")
    if size is not None and image.size != size:
        raise other_size(path, image.size, size)
    return image


def other_size(path: Path, found: tuple[int, int], wanted: tuple[int, int]) -> UserError:
    """The error of an image whose width and height are not those wanted."""
    return UserError(
        f"{path} is of {found[0]} x {found[1]} pixels and must be of {wanted[0]} x {wanted[1]}; "
        "resize it"
    )
