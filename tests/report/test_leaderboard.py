"""The leaderboard's page and tables, and the command that makes them."""

import csv
import io
import re

import pytest

from dlfun.cli import app
from dlfun.cli.commands import report
from dlfun.errors import UserError
from tests.report.test_html import Page, tables
from tests.studies.leaderboard.test_leaderboard import drawn, make


@pytest.fixture
def runs(tmp_path):
    """Two records, and a file beside them."""
    first = {"cnn": drawn(0, 0.905), "rnn": drawn(1, 0.9), "bpnn": drawn(2, 0.7), "vae": [0.95] * 2}
    make(tmp_path / "first", first)
    make(tmp_path / "second", {"bpnn": drawn(3, 0.8)}, steps=2000, seed=1)
    (tmp_path / "notes_&_more.txt").write_text("")
    return sorted(tmp_path.iterdir())


def run(*given):
    words = app.parse(
        report.FLAGS, ["report", *map(str, given)], check=report.check, words=report.WORDS
    )
    report.main(words)


def printed(capsys, runs, format):
    run("--leaderboard", f"--format={format}", *runs)
    found = capsys.readouterr()
    assert re.fullmatch(r"left out: .*notes_&_more\.txt: is a file, and no record\n", found.err)
    return found.out


def test_tables_have_the_arms_best_first_with_their_groups(runs, capsys):
    rows = list(csv.DictReader(io.StringIO(printed(capsys, runs, "csv"))))
    assert [row["arm"] for row in rows] == [
        "vae",
        "cnn",
        "rnn",
        "bpnn (steps 2000)",
        "bpnn (steps 1000)",
    ]
    assert [row["groups"] for row in rows] == ["-", "a", "a", "b", "c"]
    assert [row["place"] for row in rows] == ["-", "1–2", "1–2", "3", "4"]
    assert rows[3]["note"] == "beside bpnn (steps 1000), other steps: 1000 / 2000"
    assert rows[1]["score"] == f"{100 * drawn(0, 0.905).mean():.2f}"
    assert [rows[3][name] for name in ("records", "date", "device")] == [
        "second",
        "2026-01-02",
        "1 × cpu",
    ]
    text = printed(capsys, runs, "markdown")
    assert "cnn is first by its score, tied for the lead with rnn" in text
    assert "| rnn | 1–2 | a |" in text
    assert r"1 $\times$ cpu" in printed(capsys, runs, "latex")


def test_the_page_is_one_file_that_says_who_is_tied_and_what_is_missing(runs, tmp_path, capsys):
    file = tmp_path / "board.html"
    run("--leaderboard", f"--output_file={file}", *runs)
    found = capsys.readouterr()
    assert "leaderboard of 2 records" in found.out
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=\"(?!#|data:)|@import|url\(", text)
    assert "<title>d: cnn is first by its score, tied for the lead with rnn.</title>" in text
    assert "notes_&amp;_more.txt" in text
    assert "Apart, pooled, or without a verdict" in text
    (rows, left_out) = tables(text)
    assert [row[:3] for row in rows] == [
        ["arm", "groups", "place"],
        ["vae", "–", "–"],
        ["cnn", "a", "1–2"],
        ["rnn", "a", "1–2"],
        ["bpnn (steps 2000)", "b", "3"],
        ["bpnn (steps 1000)", "c", "4"],
    ]
    assert re.findall(r"<th scope=\"row\"><strong>([^<]*)", text) == ["cnn"]
    assert left_out[1][1] == "is a file, and no record"
    page = Page(text)  # every element is closed
    assert [attrs["class"].split()[0] for attrs in page.named("table")] == ["sortable"] * 2
    (drawing,) = (attrs for attrs in page.named("svg") if attrs.get("role") == "img")
    assert drawing["aria-label"].endswith("not told apart: cnn and rnn")


def test_a_command_that_makes_no_sense_is_refused_in_one_line(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for given, what in (
        (["--between=paired"], "leave --leaderboard out"),
        (["--format=csv", "--output_file=x.html"], "leave --output_file out"),
        (["--delta=e:0.1"], "--delta=e: unknown data set 'e'"),
    ):
        with pytest.raises(UserError, match=what):
            run("--leaderboard", *given, *runs)
    with pytest.raises(UserError, match="is a file, and no record; name records of train"):
        run("--leaderboard", runs[1])
    assert sorted(tmp_path.iterdir()) == runs
