"""Image files by content and by a list of formats, whatever their names say."""

import os

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from dlfun import data
from dlfun.data.user_files.inputs import Source
from dlfun.data.user_files.read_inputs import read_given
from dlfun.errors import UserError
from dlfun.types import DataOptions, Spec

PIXELS = np.random.default_rng(3).integers(0, 256, (4, 6, 3), np.uint8)
SOURCE = Source(
    "faces", Spec((4, 6, 3), "image", "classification", 2, scale=1 / 255), np.dtype("u1")
)

POSTSCRIPT = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 6 4
%%EndComments
(mark) (w) file closefile
showpage
"""

STRANGE = {
    "PostScript": (POSTSCRIPT, "PostScript"),
    "a PDF": (b"%PDF-1.4\n", "a PDF"),
    "a page": (b"<!DOCTYPE html><html>not found</html>", "a page or a drawing in XML"),
    "a drawing": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a page or a drawing in XML"),
    "text": (b"hello there, this is text", "no image"),
}


def save(path, form):
    if form in STRANGE:
        path.write_bytes(STRANGE[form][0])
    else:
        Image.fromarray(PIXELS).save(path, form, **({"lossless": True} if form == "WEBP" else {}))
    return path


def folder_with(tmp_path, form):
    for i, name in enumerate("aabb"):
        (tmp_path / name).mkdir(exist_ok=True)
        Image.fromarray(PIXELS).save(tmp_path / name / f"{i}.png")
    return save(tmp_path / "b" / "4.png", form)


@pytest.fixture
def no_program(monkeypatch):
    """Whatever would be started fails the test."""

    def started(*args, **kwargs):
        raise AssertionError(f"started {args}")

    for name in ("subprocess.Popen", "subprocess.check_call", "subprocess.run", "os.system"):
        monkeypatch.setattr(name, started)
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", "/bin/false")
    monkeypatch.setattr(os, "execv", started)


REFUSED = {name: words for name, (_, words) in STRANGE.items()} | {
    "TIFF": "a TIFF",
    "EPS": "PostScript",
    "PPM": "a PPM",
    "ICO": "an icon",
    "JPEG2000": "a JPEG 2000",
    "AVIF": "an AVIF or HEIF",
}


@pytest.mark.parametrize("form", REFUSED)
def test_what_is_no_image_that_is_read_is_named(tmp_path, no_program, form):
    try:
        path = folder_with(tmp_path, form)
    except (OSError, KeyError):
        pytest.skip(f"this Pillow does not write {form}")
    for read in (
        lambda: data.read(str(tmp_path), DataOptions()),
        lambda: read_given([path], SOURCE),
    ):
        with pytest.raises(UserError, match=rf"4\.png is {REFUSED[form]} by its content[,;]"):
            read()


@pytest.mark.parametrize("form", ["PNG", "BMP", "WEBP"])
def test_images_are_read_by_their_content(tmp_path, form):
    path = folder_with(tmp_path, form)
    raw = data.read(str(tmp_path), DataOptions())
    for inputs in (raw.train.inputs, raw.test.inputs, read_given([path], SOURCE).inputs):
        np.testing.assert_array_equal(inputs, np.broadcast_to(PIXELS, inputs.shape))


def test_one_image_in_colour_makes_the_grey_ones_so(tmp_path):
    folder_with(tmp_path, "PNG")
    Image.fromarray(PIXELS[..., 0]).save(tmp_path / "a" / "0.png")
    raw = data.read(str(tmp_path), DataOptions())
    grey = np.repeat(PIXELS[..., :1], 3, -1)
    images = np.concatenate([raw.train.inputs, raw.test.inputs])
    same = [(image == grey).all() for image in images]
    assert sorted(same) == [False] * 4 + [True]


def test_images_that_do_not_fit_the_memory_are_refused_at_the_first(tmp_path, monkeypatch):
    folder_with(tmp_path, "text")
    monkeypatch.setattr("dlfun.host_memory.free_bytes", lambda: 3 * 5 * 4 * 6 * 3 - 1)
    with pytest.raises(UserError, match=r"5 images of 6 x 4 pixels would take .* MiB of memory"):
        data.read(str(tmp_path), DataOptions())
