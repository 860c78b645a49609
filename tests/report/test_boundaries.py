"""Boundaries as lines and regions, against circles; and the slider of the page."""

import json
import re

import numpy as np
import pytest

from dlfun.report.boundaries import boundaries_of, lines, margins, regions
from dlfun.report.html import write_report
from dlfun.report.html.record import read_record
from dlfun.report.html.sections.boundary import boundary
from dlfun.report.html.sections.weights import weights
from tests.report import records
from tests.report.test_html_browser import BROWSER, opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return records.make_record(tmp_path_factory.mktemp("report") / "study")


@pytest.fixture(scope="module")
def found():
    return boundaries_of(records.plane(4))


def test_a_line_is_where_the_scores_of_two_classes_are_equal(found):
    (line,) = lines(found, found.scores[0])
    assert len(line) > 10
    np.testing.assert_allclose(np.hypot(line[:, 0], line[:, 1] - 1), 1.0, atol=0.02)


def test_regions_are_those_of_the_scores_in_between(found):
    said = regions(found.scores[0])
    xs, ys = (np.linspace(axis[0], axis[-1], len(said)) for axis in (found.xs, found.ys))
    away = np.hypot(*np.meshgrid(xs, ys - 1))
    clear = abs(away - 1) > 0.03
    np.testing.assert_array_equal(said[clear], (away > 1).astype(int)[clear])


def test_a_margin_is_the_lead_over_the_best_of_the_others():
    scores = np.random.default_rng(0).normal(size=(7, 5, 4))
    for k in range(4):
        others = np.delete(scores, k, axis=-1).max(-1)
        np.testing.assert_allclose(margins(scores)[..., k], scores[..., k] - others)


def test_lines_of_three_classes_end_where_all_three_meet():
    plane = records.plane(1)
    towards = np.array([[1.0, 0.0], [-0.5, 0.8], [-0.5, -0.8]])
    places = np.stack(np.meshgrid(plane["boundary_x"], plane["boundary_y"] - 1), axis=-1)
    plane["boundary_scores"] = (places @ towards.T)[None]
    found = boundaries_of(plane)
    made = np.concatenate(lines(found, found.scores[0]))
    leads = np.sort((made - [0, 1]) @ towards.T, axis=-1)
    np.testing.assert_allclose(leads[:, -1], leads[:, -2], atol=0.15)
    assert np.hypot(made[:, 0], made[:, 1] - 1).min() < 0.2


def test_a_frame_for_each_evaluation_and_the_record_itself_at_the_end(folder):
    (figure,) = boundary(read_record(folder))
    frames = re.findall(r'<g class="(frame[^"]*)">(.*?)</g>', figure.drawing, re.S)
    assert [look for look, _ in frames] == ["frame", "frame", "frame shown"]
    faint = [re.search(r'class="side-line" d="([^"]*)"', body)[1].count("M") for _, body in frames]
    assert faint == [1, 1, 3]
    texts = re.search(r'data-frames="([^"]*)"', figure.drawing)[1].split("|")
    history = read_record(folder).history["waves/bpnn/validation_accuracy"]
    if history.shape[1] == len(texts):
        assert f"{100 * history[2, -1]:.2f}" in texts[-1]
    assert [text.partition(":")[0] for text in texts] == ["step 100", "step 200", "step 300"]


def test_units_are_numbered_and_those_left_out_are_said(folder):
    by_arm = {
        block.title: block for block in weights(read_record(folder)) if "First" in block.title
    }
    bpnn = by_arm["First layer of bpnn, waves"]
    assert "32 of 100 units shown" in bpnn.caption
    assert "shown" not in by_arm["First layer of cnn, waves"].caption.partition(",")[0]
    for name, count in (("bpnn", 32), ("cnn", 25), ("rnn", 6)):
        drawing = by_arm[f"First layer of {name}, waves"].drawing
        numbers = re.findall(r"<text [^>]*>(\d+)</text>", drawing)
        assert set(map(str, range(1, count + 1))) <= set(numbers), name


@pytest.mark.skipif(BROWSER is None, reason="no headless Chromium here")
def test_the_slider_moves_through_training(folder, tmp_path):
    page = write_report(folder, [folder])
    probe = """<script>
      const box = document.querySelector("#boundary input[type=range]");
      const frames = [...document.querySelectorAll("#boundary .frame")];
      const shown = () => frames.map((f) => getComputedStyle(f).display !== "none");
      const said = [shown()];
      box.value = 0;
      box.dispatchEvent(new Event("input", { bubbles: true }));
      said.push(shown(), document.querySelector("#boundary output").textContent);
      document.body.dataset.said = JSON.stringify(said);
    </script>"""
    file = tmp_path / "probe.html"
    file.write_text(page.read_text(encoding="utf-8").replace("</body>", f"{probe}</body>"))
    dom = opened(file, tmp_path / "profile").stdout
    said = json.loads(re.search(r'data-said="([^"]*)"', dom)[1].replace("&quot;", '"'))
    assert said[0] == [False, False, True]
    assert said[1] == [True, False, False]
    assert said[2].startswith("step 100")
