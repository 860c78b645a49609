"""Images of every kind that files can hold: read as they look, or refused in one line."""

import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from dlfun import data
from dlfun.data.user_files import inputs
from dlfun.data.user_files.read_inputs import read_given
from dlfun.errors import UserError
from dlfun.preparation import Preparation
from dlfun.types import DataOptions, Spec

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (4, 6), np.uint8)
COLOUR = RNG.integers(0, 256, (4, 6, 3), np.uint8)
ALPHA = RNG.integers(0, 256, (4, 6), np.uint8)
ALPHA[0, 0] = 0
DRAWN = np.where(GREY > 99, 255, 0).astype(np.uint8)
PLACES = GREY % 5
PALETTE = RNG.integers(0, 256, (5, 3), np.uint8)
LAYERS = np.array([0, 255, 100, 255, 7], np.uint8)
BRIGHT = 128


def over(colour, alpha):
    """What is seen of a colour [4, 6, channels] of this opacity [4, 6] on mid-grey."""
    part = np.asarray(alpha, float)[..., None] / 255
    return np.round(part * np.asarray(colour, float) + (1 - part) * BRIGHT)


def palette(path, **options):
    image = Image.fromarray(PLACES, "P")
    image.putpalette(PALETTE.tobytes())
    image.save(path, **options)


def layered(colour, alpha):
    return Image.fromarray(np.dstack([colour, alpha]))


def keyed(path, array, key):
    Image.fromarray(array).save(path, transparency=key)


KINDS = {
    "grey": (lambda p: Image.fromarray(GREY).save(p), GREY[..., None]),
    "bits": (lambda p: Image.fromarray(GREY > 99).save(p), DRAWN[..., None]),
    "colour": (lambda p: Image.fromarray(COLOUR).save(p), COLOUR),
    "palette": (palette, PALETTE[PLACES]),
    "opaque": (lambda p: layered(COLOUR, np.full_like(GREY, 255)).save(p), COLOUR),
    "LA": (lambda p: layered(GREY, ALPHA).save(p), over(GREY[..., None], ALPHA)),
    "RGBA": (lambda p: layered(COLOUR, ALPHA).save(p), over(COLOUR, ALPHA)),
    "black": (lambda p: layered(0 * COLOUR, DRAWN).save(p), over(0 * COLOUR, DRAWN)),
    "white": (lambda p: layered(0 * COLOUR + 255, DRAWN).save(p), over(0 * COLOUR + 255, DRAWN)),
    "grey key": (
        lambda p: keyed(p, GREY, int(GREY[1, 2])),
        over(GREY[..., None], 255 * (GREY[1, 2] != GREY)),
    ),
    "colour key": (
        lambda p: keyed(p, COLOUR, tuple(map(int, COLOUR[1, 2]))),
        over(COLOUR, 255 * (COLOUR[1, 2] != COLOUR).any(-1)),
    ),
    "bits key": (lambda p: keyed(p, GREY > 99, 0), over(0 * GREY[..., None] + 255, DRAWN)),
    "palette key": (
        lambda p: palette(p, transparency=bytes(LAYERS)),
        over(PALETTE[PLACES], LAYERS[PLACES]),
    ),
}


def source_of(folder):
    raw = data.read(str(folder), DataOptions())
    return raw, inputs.source_of(raw)


@pytest.mark.parametrize("kind", KINDS)
def test_images_are_read_as_they_look(kind, tmp_path):
    """In a folder of classes, and as new inputs of its models."""
    save, seen = KINDS[kind]
    for i in range(4):
        (tmp_path / "ab"[i % 2]).mkdir(exist_ok=True)
        save(tmp_path / "ab"[i % 2] / f"{i}.png")
    raw, source = source_of(tmp_path)
    assert raw.spec.shape == seen.shape
    for image in (*raw.train.inputs, *raw.test.inputs):
        assert np.abs(image.astype(float) - seen).max() <= (
            1 if "key" in kind or "A" in kind else 0
        )
    new = read_given([tmp_path / "a" / "0.png"], source).inputs
    np.testing.assert_array_equal(new[0], raw.train.inputs[0])
    assert np.ptp(new.astype(int)) > 100


def deep(path, channels, alpha):
    """A PNG of 16 bits whose values are small: their upper bytes are 0."""
    values = np.arange(24 * channels, dtype=">u2").reshape(4, -1)
    colour = {(1, 0): 0, (3, 0): 2, (2, 1): 4, (4, 1): 6}[channels, alpha]
    head = struct.pack(">IIBBBBB", 6, 4, 16, colour, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, body in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
            sealed = struct.pack(">I", zlib.crc32(name + body))
            file.write(struct.pack(">I", len(body)) + name + body + sealed)


def moving(path, kind):
    first, *rest = (Image.fromarray(GREY + i) for i in range(3))
    first.save(path, kind, save_all=True, append_images=rest)


REFUSED = {
    "grey 16": (lambda p: deep(p, 1, 0), "has more than 8 bits a channel"),
    "colour 16": (lambda p: deep(p, 3, 0), "has more than 8 bits a channel"),
    "LA 16": (lambda p: deep(p, 2, 1), "has more than 8 bits a channel"),
    "RGBA 16": (lambda p: deep(p, 4, 1), "has more than 8 bits a channel"),
    "nothing": (lambda p: layered(COLOUR, 0 * ALPHA).save(p), "shows nothing"),
    "mid-grey": (lambda p: layered(0 * COLOUR + 127, DRAWN).save(p), "shows nothing"),
    "faint": (lambda p: layered(COLOUR, ALPHA // 128).save(p), "shows nothing"),
    "moving": (lambda p: moving(p, "PNG"), "holds 3 pictures"),
    "moving gif": (lambda p: moving(p, "GIF"), "holds 3 pictures"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_images_that_would_be_read_as_something_else_are_refused(kind, tmp_path):
    save, words = REFUSED[kind]
    for name in "ab":
        (tmp_path / name).mkdir()
        for i in range(2):
            layered(COLOUR, ALPHA).save(tmp_path / name / f"{i}.png")
    _, source = source_of(tmp_path)
    save(tmp_path / "a" / "2.png")
    with pytest.raises(UserError, match=rf"2\.png {words}"):
        data.read(str(tmp_path), DataOptions())
    with pytest.raises(UserError, match=rf"2\.png {words}"):
        read_given([tmp_path / "a" / "2.png"], source)


def test_a_record_says_whether_images_were_transparent(tmp_path):
    for kind, wanted in (("RGBA", True), ("opaque", False), ("grey", False)):
        for i in range(4):
            folder = tmp_path / kind / "ab"[i % 2]
            folder.mkdir(parents=True, exist_ok=True)
            KINDS[kind if i else "opaque"][0](folder / f"{i}.png")
        found = source_of(tmp_path / kind)[1].preparation
        assert found.transparent is wanted
        assert Preparation.of_json(json.loads(json.dumps(found.as_json()))) == found


def test_a_transparent_image_is_no_input_of_models_that_saw_none(tmp_path):
    spec = Spec((4, 6, 1), "image", "classification", 2, scale=1 / 255)
    source = inputs.Source("mnist", spec, np.dtype(np.uint8))
    layered(GREY, ALPHA).save(tmp_path / "new.png")
    with pytest.raises(UserError, match="has transparent parts, and none of the images learned"):
        read_given([tmp_path / "new.png"], source)
    layered(GREY, np.full_like(GREY, 255)).save(tmp_path / "new.png")
    found = read_given([tmp_path / "new.png"], source).inputs
    np.testing.assert_array_equal(found[0, ..., 0], GREY)


def test_a_photograph_with_a_small_one_behind_it_is_one(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        for i in range(2):
            first, *rest = (Image.fromarray(COLOUR) for _ in range(2))
            first.save(tmp_path / name / f"{i}.jpg", "MPO", save_all=True, append_images=rest)
    assert data.read(str(tmp_path), DataOptions()).spec.shape == (4, 6, 3)
