"""Figures for print: exact width, embedded fonts, the same bytes again, and what they show."""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

import dlfun
from dlfun.config.figure_options import WIDTH
from dlfun.errors import UserError
from dlfun.report.figures import dot_plots, line_plots
from dlfun.report.figures.paper import LOOK, Paper, spread
from dlfun.report.figures.publication import encoded_figures, write_figures
from dlfun.report.html.record import read_record
from dlfun.report.html.results import groups
from dlfun.report.styles import COLOURS, styles
from tests.report import records

ROOT = Path(__file__).parents[2]
FIGURES = (
    *("scores-waves", "differences-waves", "curves-waves", "boundary-waves-bpnn"),
    *("weights-waves-cnn", "samples-waves-vae", "confusion-waves-cnn", "calibration-waves"),
)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """All kinds of figures, each of few arms."""
    folder = records.make_record(tmp_path_factory.mktemp("report") / "study")
    for model in ("softmax", "rnn", "vae"):
        (folder / f"waves-{model}-evidence.npz").unlink()
    return read_record(folder)


@pytest.fixture
def small(record, tmp_path):
    """A record of members alone."""
    (tmp_path / "study").mkdir()
    shutil.copy(record.folder / "members.csv", tmp_path / "study")
    return tmp_path / "study"


@pytest.fixture(scope="module")
def pdfs(record):
    return encoded_figures(record, Paper(3.3, "pdf"))


def test_a_pdf_is_as_wide_as_asked_and_has_its_fonts_in_it(pdfs):
    assert {f"{name}.pdf" for name in FIGURES} <= set(pdfs)
    for name, content in pdfs.items():
        box = re.search(rb"/MediaBox \[ ?([\d. ]+)\]", content)[1].split()
        assert float(box[2]) - float(box[0]) == pytest.approx(3.3 * 72, abs=0.01), name
        assert b"/FontFile2" in content, name
        assert b"/CIDFontType2" in content or b"/TrueType" in content, name
        assert b"/Type3" not in content, name
        assert b"CreationDate" not in content, name


def test_the_same_record_gives_the_same_bytes_whatever_the_users_settings(small, pdfs):
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 20}):
        ((name, content),) = encoded_figures(read_record(small), Paper(3.3, "pdf")).items()
    assert content == pdfs[name]
    assert len(set(pdfs.values())) == len(pdfs)
    drawn = [encoded_figures(read_record(small), Paper(3.3, "svg")) for _ in range(2)]
    assert drawn[0] == drawn[1]


def test_an_svg_is_xml_as_wide_as_asked_with_letters_as_outlines(record):
    for name, content in encoded_figures(record, Paper(WIDTH.parse("84mm"), "svg")).items():
        root = ET.fromstring(content)
        assert float(root.attrib["width"].removesuffix("pt")) == pytest.approx(84 / 25.4 * 72)
        assert not root.findall(".//{http://www.w3.org/2000/svg}text"), name
        assert b"dc:date" not in content, name


def test_letters_keep_their_size_and_axes_have_no_titles_at_any_width(record):
    for width in (3.3, 6.9):
        with matplotlib.rc_context(dict(LOOK)):
            made = [*dot_plots.scores(record, Paper(width, "pdf")),
                    *line_plots.curves(record, Paper(width, "pdf"))]  # fmt: skip
        for _, figure in made:
            (axes,) = figure.axes
            assert not axes.get_title()
            assert axes.xaxis.label.get_size() == 8
            assert {text.get_size() for text in axes.get_xticklabels()} == {7}


def test_scores_show_every_run_and_the_intervals_of_the_page(record):
    (group,) = groups(record)
    _, figure = next(dot_plots.scores(record, Paper(3.3, "pdf")))
    (axes,) = figure.axes
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == [line.label for line in group.lines]
    drawn = {len(line.get_xdata()): line for line in axes.lines}
    assert max(drawn) == np.isfinite(group.lines[0].scores).sum()
    for line in group.lines:
        wanted = 100 * np.array([line.score.low, min(line.score.high, 1.0)])
        ends = [own.get_xdata() for own in axes.lines if len(own.get_xdata()) == 2]
        assert any(np.allclose(end, wanted) for end in ends), line.label


def test_an_arm_has_the_colour_of_the_page(record):
    _, figure = next(line_plots.curves(record, Paper(3.3, "pdf")))
    wanted = {name: COLOURS[k % len(COLOURS)].light for name, k in styles(records.MODELS).items()}
    named = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert named == wanted


@pytest.mark.parametrize("count", [1, 5, 9])
def test_names_at_the_ends_of_lines_keep_apart_and_in_order(count):
    for seed in range(20):
        places = np.random.default_rng(seed).uniform(0.8, 1, count)
        found = spread(places, 0.1)
        assert found.max() <= 1
        assert (np.diff(np.sort(found)) > 0.1 - 1e-9).all()
        np.testing.assert_array_equal(np.argsort(found), np.argsort(places))


def test_figures_of_python_go_beside_the_record_and_replace_those_of_before(small, tmp_path):
    folder, before = small, sorted(small.rglob("*"))
    files = write_figures(folder, None, Paper(2.0, "png"))
    assert {file.parent for file in files} == {tmp_path / "study-figures"}
    with Image.open(files[0]) as image:
        assert image.width == 600
    again = write_figures(folder, None, Paper(3.0, "png"))
    assert again == files
    with Image.open(files[0]) as image:
        assert image.width == 900
    assert sorted(folder.rglob("*")) == before
    (tmp_path / "taken").touch()
    with pytest.raises(UserError, match="is a file"):
        write_figures(folder, tmp_path / "taken", Paper(2.0, "png"))
    (folder / "checksums.txt").touch()
    with pytest.raises(UserError, match="is a record"):
        write_figures(folder, folder, Paper(2.0, "png"))


def test_a_sweep_has_responses_and_a_curve_for_each_configuration(tmp_path):
    rates = {"learning_rate": [0.01, 0.1, 1.0]}
    study = dlfun.sweep("softmax", "xor", rates, seeds=2, steps=6, evaluations=2,
                        output_dir=tmp_path / "sweep")  # fmt: skip
    files = study.figures(tmp_path / "figures", format="svg", width="3.3in")
    assert [file.name for file in files] == [
        "scores-xor.svg", "curves-xor.svg", "response-learning_rate-xor.svg",
    ]  # fmt: skip
    with pytest.raises(UserError, match=r"width=3.3: must be a length.*such as 3.3in"):
        study.figures(width="3.3")
    record = read_record(study.folder)
    _, curves = next(line_plots.curves(record, Paper(3.3, "pdf")))
    found = {tuple(np.round(line.get_ydata(), 6)) for line in curves.axes[0].lines}
    history = study.history["xor/softmax/validation_accuracy"]
    wanted = {tuple(np.round(100 * history[k : k + 2].mean(0), 6)) for k in (0, 2, 4)}
    assert found == wanted
    _, response = next(line_plots.response(record, Paper(3.3, "pdf")))
    assert response.axes[0].get_xscale() == "log"


@pytest.mark.parametrize(
    "text", ["3.3", "3,3in", "in", "0.2in", "99in", "nanin", "-3in", "3 furlongs"]
)
def test_a_width_is_a_length_with_a_unit(text):
    with pytest.raises(ValueError, match="must be a length with its unit, in, cm, mm, pt"):
        WIDTH.parse(text)


def test_the_command_prints_its_files_and_says_what_is_wrong(small, tmp_path):
    def run(*args):
        command = [sys.executable, "-m", "experiments.figures", *map(str, args)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    ran = run(small, f"--output_dir={tmp_path}/f", "--format=png", "--width=2in")
    assert ran.returncode == 0, ran.stderr
    files = sorted((tmp_path / "f").iterdir())
    assert sorted(ran.stdout.splitlines()[:-1]) == [str(file) for file in files]
    assert ran.stdout.splitlines()[-1] == f"figures: {len(files)} file in {tmp_path}/f"
    ran = run()
    assert ran.returncode == 2
    assert (
        ran.stderr == "error: name one record, the --output_dir of a study, such as runs/compare\n"
    )
