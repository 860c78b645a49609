"""The page made of a complete record: what it holds, that it is whole, and that it is safe."""

import html.parser
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from dlfun.commands import command
from dlfun.report.html import write_report
from dlfun.report.html.page import SECTIONS
from dlfun.report.html.sections.scores import about_mean
from dlfun.report.html.units import unit_of
from tests.report import records

VOID = {"meta", "link", "img", "input", "br"}
SHAPES = {"path", "rect", "image"}


class Page(html.parser.HTMLParser):
    """Elements of a page with their attributes, in order; raises if one is not closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.texts = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), tuple(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def named(self, tag):
        return [attrs for name, attrs, _ in self.elements if name == tag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return records.make_record(tmp_path_factory.mktemp("report") / "study")


@pytest.fixture(scope="module")
def text(folder):
    return write_report(folder, [folder]).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def section(text, key):
    """The text of one section."""
    found = re.search(rf'<section id="{key}".*?</section>', text, re.S)
    return found.group() if found else ""


def tables(text):
    """Rows of cell texts of every table."""
    found = []
    for table in re.findall(r"<table.*?</table>", text, re.S):
        rows = re.findall(r"<tr>(.*?)</tr>", table, re.S)
        cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
        found.append([[re.sub(r"<[^>]+>", "", cell) for cell in row] for row in cells])
    return found


def test_all_sections_are_there_in_their_order(page):
    found = [a["id"] for a in page.named("section") if "id" in a]
    # The one data set of the record is not enough for what is said over several.
    assert found == [section.key for section in SECTIONS if section.key != "across"]
    links = [a["href"] for a in page.named("a")]
    assert links == ["#main", *(f"#{key}" for key in found)]


def mean_of(model):
    """The mean accuracy of the record's healthy runs, by numpy."""
    own = [r["test_accuracy"] for r in records.members(12, ["waves"]) if r["model"] == model]
    return np.mean([score for score in own if score != ""])


def test_the_headline_has_the_best_score_and_how_far_it_is_ahead(text):
    title = re.search(r"<h1>(.*?)</h1>", text).group(1)
    score = f"{100 * mean_of('cnn'):.1f} % test accuracy on waves"
    assert title == f"cnn: {score}, not told apart from rnn: 1.0 points [0.1, 1.9]."
    lines = re.findall(r"<p class=\"finding\">([^<]*)</p>", text)
    assert lines == [
        "12 seeds, about new seeds on this test set.",
        "cnn is better than bpnn, vae and softmax; is not told apart from rnn.",
        "1 of 60 runs failed; they are named below.",
    ]
    verdicts = section(text, "verdicts")
    assert "may come in up to 22 % of its runs (95 %)" in verdicts  # 1 - .05^(1/12)
    assert "Of 10 pairs: 9 better and 1 unresolved." in verdicts


def test_scores_stand_before_verdicts_and_curves_between(text):
    """What a reader wants first is first: the best score, every score, how it came, how sure."""
    shown = f"{100 * mean_of('cnn'):.2f} ±"
    places = [
        text.index("</h1>"),
        text.index(shown),
        text.index("Validation accuracy on waves"),
        text.index('class="matrix'),
    ]
    assert places == sorted(places)


def told(text):
    """The sentences that a reader sees, but for those with numbers of their own."""
    body = re.sub(r"<(script|style|svg|pre).*?</\1>", " ", text, flags=re.S)
    parts = [re.sub(r"<[^>]+>", "", part) for part in re.findall(r"<p.*?</p>", body, re.S)]
    sentences = [one.strip() for part in parts for one in re.split(r"(?<=[.!?]) ", part)]
    return [one for one in sentences if not re.search(r"\d", one.replace("95 %", ""))]


def test_no_section_says_a_sentence_twice(text, tmp_path):
    several = tmp_path / "several"
    made = records.make_record(several)
    for name in ("members.csv", "comparison.json"):  # each data set once more, under another name
        content = (made / name).read_text()
        body = content.partition("\n")[2] if name.endswith(".csv") else content
        more = body.replace("waves", "tides")
        joined = json.dumps(json.loads(body) + json.loads(more)) if body is content else ""
        (made / name).write_text(joined or content + more)
    for page in (text, write_report(made, [made]).read_text(encoding="utf-8")):
        for key in re.findall(r'<section id="(\w+)"', page):
            found = told(section(page, key))
            assert len(found) == len(set(found)), (key, sorted(found))


def test_the_glossary_has_the_words_of_the_page_and_no_other(text, tmp_path):
    def words(page):
        (block,) = re.findall(r'<details class="glossary">.*?</details>', page, re.S)
        return set(re.findall(r"<dt>(.*?)</dt>", block))

    assert {"arm", "seed", "θ (theta)", "Holm p", "unresolved", "δ (delta)"} <= words(text)
    assert not {"suggestive", "no verdict"} & words(text)
    folder = tmp_path / "alone"
    folder.mkdir()
    records.write_csv(folder / "members.csv", records.members(4, ["waves"])[:4])
    alone = write_report(folder, [folder]).read_text(encoding="utf-8")
    assert not {"Holm p", "θ (theta)", "unresolved"} & words(alone)


def test_nothing_leaves_the_page(page, text):
    for name in ("src", "href", "action", "srcset", "poster"):
        for tag, attrs, _ in page.elements:
            link = attrs.get(name, "#")
            assert link.startswith(("#", "data:")), (tag, link)
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text
    assert "@import" not in text
    (policy,) = [a["content"] for a in page.named("meta") if "http-equiv" in a]
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_every_figure_has_words_and_numbers(text, page):
    figures = re.findall(r"<figure.*?</figure>", text, re.S)
    assert len(figures) > 30
    for figure in figures:
        assert re.search(r'<div class="drawing" role="group" aria-label="[^"]{20,}"', figure)
        assert "<details><summary>Numbers</summary>" in figure
        assert len(tables(figure)[-1]) > 1, figure[:200]
    drawings = [a for a in page.named("svg") if a.get("aria-hidden") != "true"]
    assert all(a["role"] == "img" and a["aria-label"] for a in drawings)
    assert all(a["alt"] for a in page.named("img"))


def test_ids_are_unique_and_numbers_finite(page, text):
    ids = [attrs["id"] for _, attrs, _ in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    drawn = " ".join(
        value
        for tag, attrs, _ in page.elements
        if tag in SHAPES | {"text"}
        for name, value in attrs.items()
        if name in ("d", "x", "y", "width", "height", "transform")
    )
    assert "nan" not in drawn
    assert "inf" not in drawn
    assert 'data-v="nan"' not in text


def test_the_table_of_scores_agrees_with_numpy(text):
    rows = records.members(12, ["waves"])
    names, *lines = tables(section(text, "scores"))[-1]
    found = {line[0]: dict(zip(names, line, strict=True)) for line in lines}
    assert list(found) == ["cnn", "rnn", "bpnn", "vae", "softmax"]
    for model in records.MODELS:
        own = [r["test_accuracy"] for r in rows if r["model"] == model and r["status"] == "ok"]
        half = stats.sem(own) * stats.t.ppf(0.975, len(own) - 1)
        wanted = [f"{100 * x:.2f}" for x in (np.mean(own), half, np.std(own, ddof=1))]
        assert [found[model][n] for n in ("test accuracy (%)", "±", "sd")] == wanted
    counted = {arm: [found[arm][n] for n in ("runs", "failed", "at chance")] for arm in found}
    assert counted["bpnn"] == ["12", "1", "0"]
    assert counted["softmax"] == ["12", "0", "1"]
    bold = set(re.findall(r'<th scope="row"><strong>(\w+)</strong>', section(text, "scores")))
    assert bold == {"cnn"}  # rnn is not shown to be worse, and no verdict calls it equivalent


def test_skewed_scores_have_the_bootstrap_t_interval_beside_the_other(text):
    rows = records.members(12, ["waves"])
    names, *lines = tables(section(text, "scores"))[-1]
    place = names.index("bootstrap-t")
    assert names[place - 1] == "±"
    shown = {line[0]: line[place] for line in lines}
    own = np.array([r["test_accuracy"] for r in rows if r["model"] == "softmax"])
    assert abs(stats.skew(own)) > 1  # the run that stayed at chance
    low, high = (float(end) for end in shown["softmax"].strip("[]").split(", "))
    t = stats.t.interval(0.95, len(own) - 1, 100 * own.mean(), 100 * stats.sem(own))
    assert low < t[0]
    assert high < t[1]  # both ends lean to the side of the far run
    for model in ("cnn", "rnn"):
        own = [r["test_accuracy"] for r in rows if r["model"] == model]
        assert abs(stats.skew(own)) < 1
        assert shown[model] == ""
    assert "bootstrap-t: the 95 % interval of the mean by 9,999 resamples" in text


def test_the_matrix_has_differences_below_and_chances_above_the_diagonal(text):
    names, *rows = tables(section(text, "verdicts"))[0]
    assert names[1:] == ["cnn", "rnn", "bpnn", "vae", "softmax"]
    assert rows[0][1:3] == ["", "θ 0.71[0.44, 0.88]unresolved"]
    assert rows[1][1:3] == ["+1.00[0.10, 1.90]unresolved", ""]
    assert rows[4][1] == "+58.50[57.60, 59.40]better"


def test_failed_and_idle_runs_are_named_with_their_hyperparameters(text):
    _, *rows = tables(section(text, "failures"))[0]
    usual = ["0.003", "0.0", "inf", "0.0", "adam"]
    assert rows[0] == ["bpnn", "waves", "1", "not finite", "731", *usual]
    assert rows[1] == ["softmax", "waves", "2", "at chance", "", *usual]


def test_the_footer_says_how(text):
    how = section(text, "how")
    for words in (
        f"{command('compare')} --flagfile=RUN_DIR/config.flags",
        "9f2c" * 16,
        "1 of 2, declared at n = 12 and 24",
        "waves: 1.00 points (the default)",
        "1 time",
        "all pairs of arms",
        "learning_rate 0.004, dropout_rate 0.1",
    ):
        assert words in how, words


@pytest.mark.parametrize(
    ("files", "keys"),
    [
        (["comparison.json"], ["verdicts", "differences"]),
        (["gates.json"], ["gates"]),
        (["history.npz"], ["curves"]),
        (["tuning.csv"], ["tuning", "response"]),
        (["readout.csv"], ["readout"]),
        (["variance.csv"], ["variance"]),
        (["determinism.json"], ["determinism"]),
        (["waves-vae-samples.npz"], []),
        (["waves-cnn-evidence.npz", "waves-rnn-evidence.npz"], ["states"]),
        (["environment.json", "frozen.json", "config.flags", "comparison.json"], ["how"]),
        (
            ["*-evidence.npz", "*-samples.npz"],
            ["boundary", "weights", "mistakes", "confusion", "calibration"],
        ),
    ],
)
def test_what_is_absent_is_left_out(folder, tmp_path, files, keys):
    copy = shutil.copytree(folder, tmp_path / "copy")
    for pattern in files:
        for file in copy.glob(pattern):
            file.unlink()
    text = write_report(copy, [copy]).read_text(encoding="utf-8")
    for key in keys:
        assert f'id="{key}"' not in text
    assert 'id="scores"' in text


def test_members_alone_are_enough(folder, tmp_path):
    shutil.copy(folder / "members.csv", tmp_path)
    text = write_report(tmp_path, [tmp_path]).read_text(encoding="utf-8")
    found = re.findall(r'<section id="(\w+)"', text)
    assert found == ["scores", "cost", "generalisation", "failures"]
    assert "test accuracy on waves, the best mean of 5 arms." in text
    assert "ahead of rnn; no verdicts were made." in text


EVIL = "<img src=x onerror=alert(1)>&\"'"


def planted(folder: Path) -> Path:
    """A record whose every word that others choose is markup."""
    arm = "<script>alert('arm')</script>"
    words = {"words": f"{EVIL} beats {arm}", "a": "cnn", "b": arm, "verdict": f"better{EVIL}"}
    made = records.make_record(folder, dataset=f"d{EVIL}", classes=[EVIL] * 10, modality="text")
    for name in ("members", "tuning", "curve", "variance", "readout"):
        path = made / f"{name}.csv"
        content = path.read_text().replace("rnn", f'"{arm}"').replace("mfcc", "<b>mfcc</b>")
        path.write_text(content)
    pairs = json.loads((made / "comparison.json").read_text())
    pairs[0] |= words
    (made / "comparison.json").write_text(json.dumps(pairs))
    frozen = records.FROZEN | {"spaces": {EVIL: {EVIL: EVIL}}, "hash": EVIL}
    (made / "frozen.json").write_text(json.dumps(frozen))
    environment = records.ENVIRONMENT | {"system": EVIL, "commit": "</style><script>"}
    (made / "environment.json").write_text(json.dumps(environment))
    with (made / "config.flags").open("a") as file:
        file.write(f"--datasets={EVIL}</pre><script>alert(2)</script>\n")
    name = f"d{EVIL}-cnn-samples.txt".replace("/", "-")
    (made / name).write_text("</pre><script>alert(3)</script>")
    return made


def test_markup_in_a_record_stays_text(tmp_path):
    made = planted(tmp_path / "evil")
    page = Page(write_report(made, [made]).read_text(encoding="utf-8"))
    assert len(page.named("script")) == 1
    assert not page.named("b")
    assert all(attrs.get("src", "data:").startswith("data:") for attrs in page.named("img"))
    assert not any(name.startswith("on") for _, attrs, _ in page.elements for name in attrs)
    shown = "".join(words for tag, words in page.texts if tag not in ("script", "style"))
    for words in (EVIL, "<script>alert('arm')</script>", "<script>alert(3)", "<script>alert(2)"):
        assert words in shown, words


def test_500_members_fit_in_5_mb(tmp_path):
    made = records.make_record(tmp_path / "large", seeds=100)
    assert write_report(made, [made]).stat().st_size < 5e6


def test_records_stand_side_by_side(folder, tmp_path):
    other = records.make_record(tmp_path / "other", modality="image", dataset="blobs")
    (other / "variance.csv").unlink()
    written = write_report(tmp_path, [folder, other], "both.html")
    text = written.read_text(encoding="utf-8")
    Page(text)
    assert written == tmp_path / "both.html"
    assert section(text, "calibration").count('class="part"') == 2
    assert "Test accuracy on waves" in section(text, "scores")
    assert "Test accuracy on blobs" in section(text, "scores")
    assert section(text, "variance").count("Nothing of this in the record.") == 1


def test_a_sentence_that_begins_with_an_arm_keeps_its_letters():
    rows = [{"chance": "1.0", "test_rmse": "2.0", "status": "ok", "test_r2": "-1"}]
    lines = [SimpleNamespace(label=label, rows=rows) for label in ("cnn", "my_net")]
    group = SimpleNamespace(metric="test_rmse", lines=lines, unit=unit_of("test_rmse"))
    assert ". cnn, my_net are no better than always saying" in about_mean(group)
