"""Tables for papers: each format read back, and escaped so that it prints what the cells hold."""

import csv
import io
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlfun.errors import UserError, visible
from dlfun.report.text.formats import FORMATS, Bold, latex_text, markdown_text, table_as
from dlfun.report.text.papers import print_tables
from dlfun.report.text.table import text_table
from dlfun.stats import t_interval
from tests.report import records

ROWS = [
    {"model": "a_b & c", "score %": "-0.50 ± 0.10", "n": "3"},
    {"model": "[x] {y} $z$ #1 ~^\\ |", "score %": Bold("1,234"), "n": "20"},
]
SPELLED = {
    r"\textbackslash{}": "\\",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    r"\textquotedbl{}": '"',
    r"$\pm$": "±",
    r"$\Delta$": "Δ",
    r"$\theta$": "θ",
    "$-$": "-",
    "{[}": "[",
    "{]}": "]",
    "{*}": "*",
    **{f"\\{sign}": sign for sign in "&%$#_{}"},
}


def printed(source):
    """What LaTeX prints of a cell, read token by token; anything that is not escaped fails."""
    known = "|".join(re.escape(text) for text in sorted(SPELLED, key=len, reverse=True))
    found = re.findall(rf"({known})|([^\\{{}}$&%#_^~\[\]*<>|\"])|(.)", source, re.S)
    assert not [other for _, _, other in found if other]
    return "".join(SPELLED[known] if known else plain for known, plain, _ in found)


@given(st.text('\\{}&%$#_^~[]*<>|"±Δθé−-ab1. \n'))
@settings(max_examples=200, deadline=None)
def test_latex_prints_every_text_as_it_is(text):
    wanted = re.sub(r"(?<![\w.)])−", "-", " ".join(text.split()))
    assert printed(latex_text(text)).replace("−", "-") == wanted.replace("−", "-")


@given(st.text("ab|\\`*_<>[]~#-1 \n"))
@settings(max_examples=100, deadline=None)
def test_markdown_leaves_no_sign_with_a_meaning(text):
    source = markdown_text(text)
    assert re.sub(r"\\([\\|*_`<>\[\]~#])", r"\1", source) == " ".join(text.split())
    assert not re.search(r"(?<!\\)(?:\\\\)*[|*_`<>\[\]~#]", re.sub(r"\\[^\\]", "", source))


def test_csv_reads_back():
    found = list(csv.DictReader(io.StringIO(table_as(ROWS, "csv"))))
    assert found == [dict(row) for row in ROWS]


FORMULAS = (
    "=1+1",
    "+A1",
    "-A1",
    "@x",
    "\t=1",
    "\r=1",
    " =1",
    "＝1",
    "-1+cmd|' /C calc'!A0",
    "-2-3",
)
NUMERALS = (
    "-0.5",
    "+1e-3",
    "-1,234.5",
    "-",
    "-0.10 to 0.20",
    "-1 ± 2",
    "-25.0 to -",
    "-inf",
    "1",
    "a=1",
    "−1",
    "",
)


def test_csv_holds_no_formulas_and_numbers_stay_numbers():
    rows = [{"=name": text, "n": text} for text in (*FORMULAS, *NUMERALS)]
    found = [list(row.values()) for row in csv.DictReader(io.StringIO(table_as(rows, "csv")))]
    assert found == [[f"'{visible(text)}"] * 2 for text in FORMULAS] + [
        [text] * 2 for text in NUMERALS
    ]
    assert table_as(rows, "csv").startswith("'=name,n")


def test_names_cannot_steer_a_terminal():
    rows = [{"model": "\x1b]0;owned\x07cnn\u202e", "n": "3"}, {"model": "a\nb\r\x9b1A", "n": "1"}]
    for text in (text_table(rows), *(table_as(rows, format) for format in FORMATS)):
        assert all(character.isprintable() or character == "\n" for character in text)
        assert "owned" in text
        assert "u001b" in text
    lines = text_table(rows).splitlines()
    assert len(lines) == 4
    assert len({line.rindex(end) for line, end in zip(lines, "n-31", strict=True)}) == 1


def test_latex_has_balanced_rules_and_as_many_cells_as_columns():
    lines = table_as(ROWS, "latex").splitlines()
    assert lines.pop(0) == r"% \usepackage{booktabs}"
    assert lines[0] == r"\begin{tabular}{lrr}"
    assert [lines[i] for i in (1, 3, -2, -1)] == [
        r"\toprule",
        r"\midrule",
        r"\bottomrule",
        r"\end{tabular}",
    ]
    for line in (lines[2], *lines[4:-2]):
        assert line.endswith(r" \\")
        assert len(re.findall(r"(?<!\\)&", line)) == 2
        bare = re.sub(r"\\[{}\\]", "", line)
        assert bare.count("{") == bare.count("}")
        assert not line.startswith(("[", "*"))
        assert len(re.findall(r"(?<!\\)\$", line)) % 2 == 0
    assert lines[4] == r"a\_b \& c & $-$0.50 $\pm$ 0.10 & 3 \\"
    assert r"\textbf{1,234}" in lines[5]


def test_a_table_of_many_lines_goes_on_over_pages():
    lines = table_as(ROWS * 30, "latex").splitlines()
    assert lines[:2] == [r"% \usepackage{booktabs,longtable}", r"\begin{longtable}{lrr}"]
    assert lines[5] == r"\endhead"
    assert len(lines) == 8 + 30 * len(ROWS)


def test_markdown_has_as_many_cells_as_columns():
    head, rule, *body = table_as(ROWS, "markdown").splitlines()
    assert rule == "| :--- | ---: | ---: |"
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in (head, rule, *body)} == {4}
    assert "**1,234**" in body[1]


def test_an_unknown_format_is_named():
    with pytest.raises(UserError, match="unknown format 'latx'; did you mean 'latex'"):
        table_as(ROWS, "latx")


SCORES = {"cnn": [0.9, 0.8, 0.85], "rnn": [0.7, 0.75, None], "vae": [0.2, 0.3, 0.25]}


def pair(a, b, **more):
    usual = {
        "a": a,
        "b": b,
        "dataset": "d",
        "metric": "test_accuracy",
        "n": 3,
        "unit": "runs",
        "diff": -0.125,
        "ci": [-0.25, None],
        "ci_level": 1 - 0.05 / 3,
        "p_holm": 0.0123,
        "theta": 0.75,
        "theta_ci": None,
        "hedges_g": None,
        "n_distinct_a": 3,
        "n_distinct_b": 3,
        "paired": True,
        "scope": "this-test-set",
        "split_scheme": "official",
        "verdict": "unresolved",
        "winner": None,
    }
    return usual | more


def record(folder, script="compare", columns=("", ""), pairs=None):
    folder.mkdir()
    name, values = columns
    records.write_request(folder, script, **({"grid": (f"{name}={values}",)} if name else {}))
    split = "validation" if script == "sweep" else "test"
    with (folder / "members.csv").open("w") as file:
        print(f"model,dataset,status,{split}_accuracy,{name or 'other'}", file=file)
        for model, scores in SCORES.items():
            for score in scores:
                status = "failed" if score is None else "ok"
                own = 0.1 if model == "cnn" else 0.2
                print(f"{model},d,{status},{'' if score is None else score},{own}", file=file)
    if pairs is not None:
        (folder / "comparison.json").write_text(json.dumps(pairs))
    return folder


def test_the_tables_of_a_comparison(tmp_path):
    pairs = [pair("cnn", "rnn"), pair("cnn", "vae", winner="cnn", verdict="better")]
    folder = record(tmp_path / "r", pairs=pairs)
    (folder / "notes.json").write_text('[{"text": "rnn: 50 % of 2_000"}]')
    arms, compared = print_tables([folder], "csv").split("\n\n")
    first, second, _ = csv.DictReader(io.StringIO(arms))
    span = t_interval(100 * np.array([0.9, 0.8, 0.85]))
    assert first == {
        "dataset": "d",
        "model": "cnn",
        "test accuracy %": "85.00",
        "half width": f"{span.half_width:.2f}",
        "sd": f"{span.sd:.2f}",
        "n": "3",
        "failed": "0",
    }
    assert (second["model"], second["n"], second["failed"]) == ("rnn", "2", "1")
    one, two = csv.DictReader(io.StringIO(compared))
    assert one["a - b"] == "-12.50"
    assert one["interval"] == "-25.00 to -"
    assert one["level %"] == "98.33"
    assert [one[name] for name in ("p (Holm)", "θ", "θ interval", "g")] == [
        "0.0123",
        "0.75",
        "-",
        "-",
    ]
    assert two["verdict"] == "better"
    latex = print_tables([folder], "latex")
    first, *_ = latex.split("\n\n")
    assert first.splitlines()[:2] == [r"% \usepackage{booktabs}", r"\begin{table}"]
    assert r"\caption{$\pm$ is the half-width of the 95 \% t interval" in first
    assert "Bold: the best mean, and the arms that a verdict calls equivalent to it.}" in first
    assert latex.endswith("\n\n% rnn: 50 % of 2_000")
    assert print_tables([folder], "markdown").endswith("\n\n- rnn: 50 % of 2\\_000")
    assert rf"d & cnn & \textbf{{85.00 $\pm$ {span.half_width:.2f}}} &" in latex
    assert [line for line in latex.splitlines() if r"\textbf" in line and "vae" in line] == []
    assert r"\textbf{72.50" not in latex  # not beaten, and not shown to be as good
    assert print_tables([folder], "markdown").count("**") == 2
    assert "Verdicts are about new seeds on this test set." in latex
    pairs[0] |= {"verdict": "equivalent"}
    (folder / "comparison.json").write_text(json.dumps(pairs))
    assert r"\textbf{72.50" in print_tables([folder], "latex")


def test_what_is_not_known_is_one_dash_and_the_arm_behind_is_named(tmp_path):
    """Two results compared over examples have no chance to win; ranks may favour the second arm."""
    pairs = [
        pair("cnn", "rnn", theta=None, theta_ci=[None, None], unit="examples", n=1000),
        pair("cnn", "vae", winner="vae", verdict="better (small)", split_scheme="random"),
    ]
    text = print_tables([record(tmp_path / "r", pairs=pairs)], "csv")
    one, two = csv.DictReader(io.StringIO(text.split("\n\n")[1]))
    assert (one["θ"], one["θ interval"], one["n"]) == ("-", "-", "1,000 examples")
    assert two["verdict"] == "vae better (small)"
    about = "Verdicts are about new seeds and new splits of data like these; of two arms with one"
    assert about in print_tables([tmp_path / "r"], "latex")


def test_several_records_share_a_table_and_a_sweep_has_its_names(tmp_path):
    plain = record(tmp_path / "plain")
    swept = record(tmp_path / "swept", "sweep", ("learning_rate", "0.1,0.2"))
    rows = list(csv.DictReader(io.StringIO(print_tables([plain, str(swept)], "csv"))))
    assert [row["record"] for row in rows] == ["plain"] * 3 + ["swept"] * 3
    assert [row["learning_rate"] for row in rows] == ["", "", "", "0.1", "0.2", "0.2"]
    assert {row["metric"] for row in rows} == {"test accuracy", "validation accuracy"}
    assert "Bold" not in print_tables([plain], "markdown")
    assert "**" not in print_tables([plain], "markdown")  # nothing was compared


@pytest.mark.parametrize("text", ["{", "[1]", '[{"a": "cnn"}]', "{}"])
def test_a_damaged_comparison_is_one_line(tmp_path, text):
    folder = record(tmp_path / "r")
    (folder / "comparison.json").write_text(text)
    with pytest.raises(UserError, match=r"comparison\.json: missing or damaged"):
        print_tables([folder], "csv")
    with pytest.raises(UserError, match="no such directory"):
        print_tables([tmp_path / "nowhere"], "csv")
