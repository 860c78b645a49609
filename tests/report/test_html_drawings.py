"""Drawings of the page: where marks stand, what colours they have, what pictures hold."""

import base64
import io
import itertools
import re

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from dlfun.report.html import examples, marks, pixels, plots
from dlfun.report.html.arm_curves import SCALE
from dlfun.report.html.axes import Axis, spanning, ticks
from dlfun.report.html.page import TEMPLATES
from dlfun.report.html.sections.cost import cheapest
from dlfun.report.html.strips import MOST, Mark, Strip, strips


def numbers(text):
    return [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?", text)]


def starts(path):
    """Where the parts of a path start."""
    return np.array([numbers(part)[:2] for part in path.split("M")[1:]])


def attribute(markup, look, name="d"):
    """An attribute of the first element whose class begins so."""
    element = re.search(rf'<\w+ class="{look}[^>]*>', markup).group()
    return re.search(rf' {name}="([^"]*)"', element).group(1)


@pytest.mark.parametrize("log", [False, True])
def test_ticks_lie_inside_in_order_and_read_back(log):
    rng = np.random.default_rng(0)
    for _ in range(200):
        low = 10 ** rng.uniform(-6, 4)
        high = low * 10 ** rng.uniform(0.05, 5)
        axis = Axis(low, high, 0, 100, log)
        found = ticks(axis)
        values = [value for value, _ in found]
        assert 1 < len(found) < 14
        assert values == sorted(set(values))
        assert low * (1 - 1e-6) <= values[0]
        assert values[-1] <= high * (1 + 1e-6)
        assert len({text for _, text in found}) == len(found)


def test_an_axis_holds_what_it_spans():
    axis = spanning([3.0, np.nan, 7.0], 10, 110, pad=0.1)
    np.testing.assert_allclose(axis[:2], [2.6, 7.4])
    np.testing.assert_allclose(axis.at([2.6, 5, 7.4]), [10, 60, 110])
    assert spanning([5.0, 5.0], 0, 1).low < 5 < spanning([5.0, 5.0], 0, 1).high
    log = spanning([1e-3, 1e-1, 0.0], 0, 1, log=True, pad=0)
    np.testing.assert_allclose([log.low, log.high], [1e-3, 1e-1])


def test_dots_stand_where_their_values_are():
    values = np.array([10.0, 20.0, 40.0, np.nan])
    row = Strip("a", values, 0, (20.0, 15.0, 25.0))
    drawn = strips([row], "x", "finding", [Mark(0.0, "zero")], limits=(0.0, 50.0))
    axis = Axis(0, 50, 8, 412)
    np.testing.assert_allclose(
        starts(attribute(drawn, "dots"))[:, 0], axis.at(values[:3]), atol=0.06
    )
    np.testing.assert_allclose(
        starts(attribute(drawn, "mean"))[0, 0], float(axis.at(20)), atol=0.06
    )
    bar = numbers(attribute(drawn, "bar"))
    np.testing.assert_allclose([bar[0], bar[2]], axis.at([15, 25]), atol=0.06)


def test_what_lies_outside_is_pointed_at():
    drawn = strips([Strip("a", np.array([90.0]), 0, (90.0, 80.0, 99.0))], "x", "f", limits=(-5, 5))
    assert 'class="arrow"' in drawn
    assert 'class="mean"' not in drawn
    assert attribute(drawn, "dots") == ""


def test_an_interval_that_leaves_the_drawing_has_no_cap_there():
    drawn = strips([Strip("a", np.array([1.0]), 0, (1.0, -9.0, 3.0))], "x", "f", limits=(-5, 5))
    axis = Axis(-5, 5, 8, 412)
    bar = starts(attribute(drawn, "bar"))
    np.testing.assert_allclose(bar[:, 0], [8, float(axis.at(3))], atol=0.06)


def test_many_dots_are_thinned_and_keep_their_range():
    values = np.random.default_rng(0).normal(size=5000)
    drawn = strips([Strip("a", values, 0, (0.0, -0.1, 0.1))], "x", "f")
    places = starts(attribute(drawn, "dots"))[:, 0]
    assert len(places) == MOST
    axis = spanning(values, 8, 412)
    np.testing.assert_allclose(
        [places.min(), places.max()], axis.at([values.min(), values.max()]), atol=0.06
    )


def test_bands_are_t_intervals_of_the_runs_that_are_finite():
    runs = np.random.default_rng(0).normal(size=(9, 4))
    runs[0, 2:] = np.nan
    runs[1:, 3] = np.nan
    runs[5, 3] = 0.5
    found = plots.mean_series("a", 0, np.arange(4.0), runs, 5)
    for k in range(4):
        own = runs[np.isfinite(runs[:, k]), k]
        assert found.y[k] == pytest.approx(own.mean())
        if len(own) > 1:
            wanted = stats.t.interval(0.95, len(own) - 1, own.mean(), stats.sem(own))
            np.testing.assert_allclose([found.low[k], found.high[k]], wanted)
        else:
            assert np.isnan(found.low[k])
    assert len(found.runs) == 5


def test_single_runs_are_there_and_hidden_at_first():
    found = plots.mean_series("a", 0, np.arange(3.0), np.arange(6.0).reshape(2, 3), 9)
    drawn = plots.curves([found], plots.plane([found], "x", "y"), "finding")
    assert attribute(drawn, "runs").count("M") == 2
    css = (TEMPLATES / "style.css").read_text()
    assert re.search(r"\.runs \{[^}]*display: none", css)


def test_the_front_holds_what_nothing_cheaper_beats():
    rng = np.random.default_rng(0)
    for higher in (True, False):
        points = rng.integers(0, 9, size=(30, 2)).astype(float)
        series = [plots.Series(str(i), 0, p[:1], p[1:]) for i, p in enumerate(points)]
        front = {(float(s.x[0]), float(s.y[0])) for s in cheapest(series, higher)}
        sign = 1 if higher else -1
        wanted = {
            tuple(p)
            for p in points
            if not any(
                q[0] <= p[0] and sign * q[1] >= sign * p[1] and tuple(q) != tuple(p) for q in points
            )
        }
        assert front == wanted


def test_styles_of_many_arms_differ_in_colour_or_shape():
    looks = {(k % marks.COLOURS, k % marks.SHAPES) for k in range(56)}
    assert len(looks) == 56
    outlines = {marks.marker(k, 0, 0, 3) for k in range(marks.SHAPES)}
    assert len(outlines) == marks.SHAPES


def luminance(colour):
    """WCAG 2.1 relative luminance of #rrggbb."""
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def palettes():
    css = (TEMPLATES / "style.css").read_text()
    long = {
        name: f"#{value * (6 // len(value))}"
        for name, value in re.findall(r"--(\w+): #([0-9a-f]{3,6})", css.split("@media")[0])
    }
    dark = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", css.split("@media")[1]))
    return {"light": long, "dark": long | dark}


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours_stand_out_from_what_is_behind_them(mode):
    colours = palettes()[mode]
    for ground in ("card", "paper"):
        for k in range(marks.COLOURS):
            assert contrast(colours[f"c{k}"], colours[ground]) >= 3, (k, ground)
        for k in range(SCALE):
            assert contrast(colours[f"q{k}"], colours[ground]) >= 3, (k, ground)
        for text in ("ink", "soft", "link"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for tint in ("good", "small", "maybe", "same", "open", "head"):
        assert contrast(colours["ink"], colours[tint]) >= 4.5, tint
    assert contrast(colours["soft"], colours["open"]) >= 4.5
    assert len({colours[f"c{k}"] for k in range(marks.COLOURS)}) == marks.COLOURS


def decoded(uri):
    data = base64.b64decode(uri.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)))


def test_pictures_read_back():
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    np.testing.assert_array_equal(decoded(pixels.png(picture)), picture)
    sheet = pixels.sheet_of([picture, picture, picture], 2)
    assert sheet.shape == (11, 15, 4)
    np.testing.assert_array_equal(sheet[6:, :7, :3], picture)
    assert (sheet[6:, :7, 3] == 255).all()
    assert not sheet[6:, 8:, 3].any()
    assert decoded(pixels.png(sheet)).shape == (11, 15, 4)


def test_signs_and_ink():
    found = pixels.signed(np.array([[-2.0, 0.0, 2.0]]))
    assert [tuple(c) for c in found[0]] == [pixels.COLD, pixels.PALE, pixels.WARM]
    ink = pixels.grey(np.array([[0.0, 0.5, 1.0, np.nan]]))[0, :, 0]
    assert ink[0] == 255
    assert ink[2] == 0
    assert pixels.grey(np.array([[0.0, 0.5]]), (0.0, 1.0))[0, 1, 0] == 127


@pytest.mark.parametrize(
    ("modality", "shape"),
    [
        ("image", (8, 8, 1)),
        ("image", (8, 8, 3)),
        ("video", (9, 6, 6, 1)),
        ("speech", (30, 12)),
        ("sequence", (40, 1)),
        ("vector", (2,)),
        ("vector", (64,)),
    ],
)
def test_examples_of_all_modalities_are_drawn(modality, shape):
    example = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    drawn = examples.show(example, modality, "alt & words")
    assert ("<img" in drawn) == (modality in ("image", "video", "speech"))
    assert "alt &amp; words" in drawn
    assert "nan" not in drawn
    row = examples.show_row([example, example], modality, "row")
    assert row.count("<img") == (1 if modality in ("image", "video", "speech") else 0)


def test_spectrograms_have_time_to_the_right_and_low_bands_below():
    example = np.zeros((4, 3))
    example[3, 0] = 1.0
    picture = examples.as_pixels(example, "speech")
    brightest = np.unravel_index(picture.sum(-1).argmax(), picture.shape[:2])
    assert picture.shape[:2] == (3, 4)
    assert brightest == (2, 3)


def test_texts_are_quoted_and_padding_is_left_out():
    ids = np.array([60, 98, 62, 10, 0, 0], np.uint8)
    assert examples.text_of(ids, "") == '"<b>\\n"'
    assert "&lt;b&gt;" in examples.show(ids, "text", "alt")
    assert examples.text_of(np.array([1, 0]), "ab") == '"ba"'


def test_lines_break_where_nothing_is_known():
    assert marks.path([0, 1, 2, 3], [0, np.nan, 2, 3]) == "M0 0M2 2L3 3"
    assert all(
        a != b for a, b in itertools.pairwise([marks.style(k) for k in range(marks.COLOURS)])
    )
