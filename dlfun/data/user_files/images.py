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

from dlfun.data.user_files.parts import COPIES
from dlfun.errors import OPT, UserError
from dlfun.host_memory import check_room

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


FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
"""What is read, by content. Pillow would hand others to programs of this machine (PostScript)."""

OTHERS = {
    "a TIFF": rb"II\*\0|MM\0\*|II\+\0|MM\0\+",
    "PostScript": rb"%!PS|\xc5\xd0\xd3\xc6",
    "a PDF": rb"%PDF",
    "an AVIF or HEIF": rb"....ftyp(avi|hei|hev|mif|msf)",
    "a JPEG 2000": rb"\0\0\0\x0cjP|\xff\x4f\xff\x51",
    "a PPM": rb"P[1-7fFy]\s",
    "an icon": rb"\0\0[\1\2]\0",
    "a Photoshop file": rb"8BPS",
    "a page or a drawing in XML": rb"\s*<(\?xml|!doctype|html|svg)",
}
"""The first bytes of files that are often named like an image."""

FILLED = "filled"
"""Of the info of a PIL image: that it had transparent parts."""


def read_images(
    paths: Sequence[Path], resize: tuple[int, ...] | None = None
) -> tuple[np.ndarray, bool]:
    """Images as an array, and whether any of them had transparent parts.

    Args:
      resize: width and height that each is brought to; None: all must be of one size.

    Returns:
      [n, height, width, channels] uint8: one channel if all are grey, else red, green and blue;
      what `open_image` says holds for each.

    Raises:
      UserError: naming the file, if one cannot be read or is of another size than the first.
    """
    stacked: np.ndarray = np.empty(0, np.uint8)
    filled, height, width = False, 0, 0
    for i, path in enumerate(paths):
        image = resized(open_image(path), resize)
        if not i:
            check_size(image, paths)
            width, height = image.size
            stacked = np.empty((len(paths), height, width, len(image.getbands())), np.uint8)
        if image.size != (width, height):
            raise UserError(
                f"{path} is of {image.width} x {image.height} pixels and {paths[0]} of "
                f"{width} x {height}; make all images one size, or give {OPT.resize}="
                f"{width}x{height}"
            )
        if len(image.getbands()) > stacked.shape[-1]:
            stacked = np.repeat(stacked, 3, axis=-1)
        stacked[i] = np.asarray(image).reshape(height, width, -1)
        filled |= FILLED in image.info
    return stacked, filled


def resized(image: Any, size: tuple[int, ...] | None) -> Any:
    """A PIL image of another width and height: bilinear, over all pixels that one stands for."""
    from PIL import Image

    if not size:
        return image
    width, height = size
    made = image.resize((width, height), Image.Resampling.BILINEAR)
    made.info.update(image.info)
    return made


def check_size(image: Any, paths: Sequence[Path]) -> None:
    """Raises UserError if so many images of this size do not fit the memory."""
    check_room(
        COPIES * len(paths) * image.width * image.height * len(image.getbands()),
        f"{len(paths)} images of {image.width} x {image.height} pixels",
        "make them smaller, or leave some out",
    )


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
    from PIL import Image, ImageOps, UnidentifiedImageError

    bomb = Image.DecompressionBombWarning  # all that Pillow has for half a GB; more is an error
    try:
        with (
            warnings.catch_warnings(action="error", category=bomb),
            Image.open(path, formats=FORMATS) as file,
        ):
            if size is not None and sorted(file.size) != sorted(size):
                raise other_size(path, file.size, size)
            check_kind(file, path)
            image = ImageOps.exif_transpose(file)
            image.load()
            flat = flattened(image, path, fill)
    except UnidentifiedImageError:
        raise unidentified(path) from None
    except (*BROKEN, bomb, Image.DecompressionBombError) as error:
        raise UserError(
            f"{path} cannot be read as an image ({type(error).__name__}); mend it, or take it out"
        ) from None
    if size is not None and flat.size != size:
        raise other_size(path, flat.size, size)
    return flat


def unidentified(path: Path) -> UserError:
    """The error of a file that is no image, or none that is read; it says what it looks like."""
    with path.open("rb") as file:
        start = file.read(32)
    known = (
        f"is {what} by its content, whatever its name"
        for what, pattern in OTHERS.items()
        if re.match(pattern, start, re.IGNORECASE | re.DOTALL)
    )
    why = next(known, "is no image by its content" if start else "is empty")
    return UserError(f"{path} {why}; make it a PNG or JPEG, or take it out")


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
