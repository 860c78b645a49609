"""Records that cannot be shown, and the script that shows the others."""

import csv
import json
import os
import re
import shutil
import subprocess

import numpy as np
import pytest

from dlfun.cli import app
from dlfun.cli.commands import report as script
from dlfun.errors import UserError
from dlfun.records.checksums import check_record, write_checksums
from dlfun.records.writer import write_members
from dlfun.report.html.blocks import Folded, Table, Words
from dlfun.report.html.headline import headline
from dlfun.report.html.page import render
from dlfun.report.html.record import read_record
from dlfun.report.html.results import groups, swept_names
from dlfun.report.html.sections.differences import strip_of
from dlfun.report.html.sections.response import of_sweep
from dlfun.report.html.sections.tuning import by_arm, trials, tuning
from dlfun.report.html.sections.verdicts import verdicts
from tests.report import records


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return records.make_record(tmp_path_factory.mktemp("records") / "study")


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def refused(folder, *words):
    """That a record is refused in one line which holds these words."""
    with pytest.raises(UserError) as caught:
        read_record(folder)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(str(folder))
    for word in words:
        assert word in said, said


def test_what_is_no_record(tmp_path, copy):
    refused(tmp_path / "nowhere", "no such directory", "--output_dir")
    (tmp_path / "file").touch()
    refused(tmp_path / "file", "is a file")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "holds nothing")
    (copy / "members.csv").unlink()
    refused(copy, "is no record", "members.csv")
    (copy / "benchmark.json").write_text("{}")
    refused(copy, "record of a benchmark")


def test_records_of_another_version(copy):
    pairs = json.loads((copy / "comparison.json").read_text())
    del pairs[3]["words"]
    (copy / "comparison.json").write_text(json.dumps(pairs))
    refused(copy, "has pairs without words; put a copy of the file back")
    environment = json.loads((copy / "environment.json").read_text())
    environment["versions"]["dlfun"] = "0.0.9"
    (copy / "environment.json").write_text(json.dumps(environment))
    refused(copy, "another version", "without words", "made by dlfun 0.0.9, this is")
    (copy / "comparison.json").unlink()
    with (copy / "members.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    renamed = [{("state" if n == "status" else n): v for n, v in row.items()} for row in rows]
    records.write_csv(copy / "members.csv", renamed)
    refused(copy, "another version", "no column status")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("members.csv", b"model,dataset\na,b,c\n"),
        ("members.csv", b"\xff\xfe\x00"),
        ("comparison.json", b"[{"),
        ("comparison.json", b"{}"),
        ("history.npz", b"PK\x03\x04 and no more"),
        ("frozen.json", b"[]"),
        ("tuning.csv", b"dataset,model\nx\n"),
    ],
)
def test_damaged_files_are_named(copy, name, content):
    said = "as many cells as columns" if name.endswith(".csv") and content.isascii() else "damaged"
    (copy / name).write_bytes(content)
    refused(copy, name, said)


def test_a_record_without_runs(copy):
    header = (copy / "members.csv").read_text().splitlines()[0]
    (copy / "members.csv").write_text(f"{header}\n")
    refused(copy, "holds no runs")


def test_damaged_evidence_and_certificates_are_named(copy, capsys):
    (copy / "waves-cnn-evidence.npz").write_bytes(b"nothing")
    assert run(copy) == app.BAD_INPUT
    assert "waves-cnn-evidence.npz: missing or damaged" in capsys.readouterr().err
    (copy / "waves-cnn-evidence.npz").unlink()
    (copy / "determinism.json").write_text('{"words": [], "arms": [{}]}')
    assert run(copy) == app.BAD_INPUT
    assert "determinism.json: missing or damaged" in capsys.readouterr().err
    assert not (copy / "report.html").exists()
    assert not list(copy.glob(".report*"))


def run(*args):
    """What the script does with these arguments; its exit code."""

    def body():
        words = app.parse(
            script.FLAGS, ["report", *map(str, args)], "", script.check, words=script.WORDS
        )
        return script.main(words)

    return app.guarded(body)


def test_the_script_writes_into_the_record_or_where_it_is_told(copy, tmp_path, capsys, monkeypatch):
    assert not run(copy)
    note = f"waves: vae {records.NOTE}"
    assert capsys.readouterr().out == f"{note}\nreport: {copy / 'report.html'}\n"
    first = (copy / "report.html").read_text()
    assert not run(copy, f"--output_file={tmp_path / 'there.html'}")
    assert (tmp_path / "there.html").read_text() == first
    (tmp_path / "link.html").symlink_to("real.html")
    assert not run(copy, f"--output_file={tmp_path / 'link.html'}")
    assert (tmp_path / "real.html").read_text() == first
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "seen.html").open("w") as seen:
        reader = subprocess.Popen(["cat", tmp_path / "pipe"], stdout=seen)
    assert not run(copy, f"--output_file={tmp_path / 'pipe'}")
    assert reader.wait(10) == 0
    assert (tmp_path / "seen.html").read_text() == first
    monkeypatch.chdir(tmp_path)
    assert not run(copy, copy)
    assert (tmp_path / "report.html").read_text().count("<h1>") == 1


def test_a_page_takes_the_place_of_no_other_file_of_a_record(copy, capsys):
    write_checksums(copy)
    assert not run(copy, f"--output_file={copy / 'mine'}")
    assert not run(copy, f"--output_file={copy / 'mine'}")
    before = (copy / "members.csv").read_bytes()
    for name in ("members.csv", "checksums.txt"):
        assert run(copy, f"--output_file={copy / name}") == app.BAD_INPUT
        assert f"{name}: is a file of a record; name another" in capsys.readouterr().err
    assert (copy / "members.csv").read_bytes() == before
    check_record(copy)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "name the --output_dir of a study"),
        (["nowhere"], "nowhere: no such directory"),
        (["--output_file=/"], "is a directory"),
        (["--output_file=/nowhere/there/page.html"], "there is no directory"),
    ],
)
def test_the_script_says_what_is_wrong(args, said, capsys):
    assert run(*args) == app.BAD_INPUT
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert said in line


def test_paired_differences_agree_with_a_loop(folder):
    record = read_record(folder)
    (group,) = groups(record)
    pair = next(p for p in record.pairs if {p["a"], p["b"]} == {"cnn", "bpnn"})
    found = strip_of(record, group, pair)
    rows = records.members(12, ["waves"])
    scores = {(r["model"], r["replicate"]): r["test_accuracy"] for r in rows}
    wanted = [100 * (scores["cnn", r] - scores["bpnn", r]) for r in range(12) if r != 1]
    np.testing.assert_allclose(found.values[np.isfinite(found.values)], wanted)
    np.testing.assert_allclose(found.ends, (26.0, 25.1, 26.9))


def test_where_lower_is_better_the_lower_arm_is_ahead(copy):
    with (copy / "members.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["test_loss"] = "" if row["status"] != "ok" else 1 - float(row["test_accuracy"])
        del row["test_accuracy"]
    records.write_csv(copy / "members.csv", rows)
    pairs = json.loads((copy / "comparison.json").read_text())
    for pair in pairs:
        pair |= {"metric": "test_loss", "direction": "lower"}
    (copy / "comparison.json").write_text(json.dumps(pairs))
    record = read_record(copy)
    (group,) = groups(record)
    assert [line.label for line in group.lines] == ["cnn", "rnn", "bpnn", "vae", "softmax"]
    assert [line.best for line in group.lines] == [True, False, False, False, False]
    strip = strip_of(record, group, next(p for p in pairs if p["b"] == "softmax"))
    assert np.nanmin(strip.values) > 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verdict": "better"}, "11.2 points ahead of rnn [10.1, 12.3]."),
        ({"verdict": "better (small)"}, "[10.1, 12.3], perhaps by less than 1 point."),
        ({"verdict": "suggestive"}, "11.2 points ahead of rnn [10.1, 12.3], suggestive."),
        ({"verdict": "equivalent", "winner": None}, "equivalent to rnn within 1 point."),
        ({"verdict": "no verdict", "winner": None}, "11.2 points ahead of rnn."),
        ({"mixture": True, "words": "cnn beats rnn by rank"}, "cnn beats rnn by rank."),
        ({"winner": "rnn", "words": "rnn beats cnn by rank"}, "rnn beats cnn by rank."),
        ({"diff": None, "ci": [None, None], "words": "cnn and rnn: none"}, "cnn and rnn: none."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("second", [False, True])
def test_the_best_arm_is_told_against_the_next_by_their_verdict(copy, change, said, second):
    """Whichever of the two is the first of the pair."""
    pairs = json.loads((copy / "comparison.json").read_text())
    pair = next(p for p in pairs if {p["a"], p["b"]} == {"cnn", "rnn"})
    pair |= {"diff": 0.112, "ci": [0.101, 0.123], "winner": "cnn", "delta": 0.01} | change
    if second:
        ends = [None if end is None else -end for end in reversed(pair["ci"])]
        diff = None if pair["diff"] is None else -pair["diff"]
        pair |= {"a": "rnn", "b": "cnn", "diff": diff, "ci": ends}
    (copy / "comparison.json").write_text(json.dumps([pair]))
    told = headline(read_record(copy))
    assert told.title.startswith("cnn: 91.")
    assert told.title.endswith(said)
    assert "−" not in told.title


def test_data_sets_have_a_line_each_and_why_there_is_no_verdict_stands_once(copy):
    rows = records.members(3, ["waves", "tides"])
    records.write_csv(copy / "members.csv", rows)
    words = "{} and {}: no verdict from 3 seeds, 5 at least are needed"
    pairs = [
        pair | {"dataset": name, "verdict": "no verdict", "winner": None, "n": 3, "diff": 0.02}
        | {"words": words.format(pair["a"], pair["b"])}
        for name in ("waves", "tides")
        for pair in json.loads((copy / "comparison.json").read_text())
    ]  # fmt: skip
    (copy / "comparison.json").write_text(json.dumps(pairs))
    found = headline(read_record(copy))
    for name, said in found.by_dataset:
        means = {
            model: np.mean(
                [
                    float(r["test_accuracy"] or "nan")
                    for r in rows
                    if (r["model"], r["dataset"]) == (model, name)
                ]
            )
            for model in ("cnn", "rnn")
        }
        best = max(means, key=means.get)
        assert said.startswith(f"{best}: {100 * means[best]:.1f} %, ")
    assert [name for name, _ in found.by_dataset] == ["waves", "tides"]
    assert found.lines[0] == "No verdict from 3 seeds, 5 at least are needed."
    page = render([read_record(copy)])
    assert page.count("5 at least are needed.") == 1
    assert 'class="matrix' not in page


def test_of_many_arms_the_close_and_the_surprising_pairs_are_shown(copy):
    names = [f"arm{k}" for k in range(10)]
    template = json.loads((copy / "comparison.json").read_text())[0]
    row = records.members(3, ["waves"])[0]
    rows = [
        row | {"model": name, "replicate": r, "test_accuracy": 0.9 - 0.01 * k}
        for k, name in enumerate(names)
        for r in range(2)
    ]
    pairs = [
        template | {"a": a, "b": b, "winner": a, "verdict": "better", "p_disagrees": False}
        for i, a in enumerate(names)
        for b in names[i + 1 :]
    ]
    found = {(p["a"], p["b"]): p for p in pairs}
    found["arm3", "arm4"] |= {"verdict": "equivalent", "winner": None}
    found["arm0", "arm9"] |= {"winner": "arm9"}
    found["arm1", "arm2"] |= {"p_disagrees": True, "p_at_floor": False}
    records.write_csv(copy / "members.csv", rows)
    (copy / "comparison.json").write_text(json.dumps(pairs))
    blocks = verdicts(read_record(copy))
    (shown,) = [block for block in blocks if isinstance(block, Table)]
    assert {row[0].text: row[-1].text for row in shown.rows} == {
        "arm3 – arm4": "close",
        "arm0 – arm9": "against the order of the means",
        "arm1 – arm2": "interval and p differ",
    }
    said = [line for block in blocks if isinstance(block, Words) for line in block.lines]
    assert any("of 42 pairs out of 45" in line for line in said)
    (behind,) = [block for block in blocks if isinstance(block, Folded)]
    assert len(behind.blocks[0].rows) == 45


def test_an_arm_that_ranks_put_behind_is_neither_bold_nor_said_to_be_better(copy):
    """The best mean may be of an arm whose failed runs put it behind another."""
    pairs = json.loads((copy / "comparison.json").read_text())
    best, other = "cnn", "softmax"
    turned = next(p for p in pairs if {p["a"], p["b"]} == {best, other})
    turned |= {"winner": other, "p_holm": 2e-5, "p_at_floor": False}
    (copy / "comparison.json").write_text(json.dumps(pairs))
    record = read_record(copy)
    best_of = {line.label: line.best for line in groups(record)[0].lines}
    assert [name for name, found in best_of.items() if found] == ["rnn"]  # that no arm is ahead of
    (claim,) = [line for line in headline(record).lines if line.startswith(f"{best} is better")]
    assert other not in claim.partition(";")[0]
    assert f"is behind, by rank, {other}" in claim
    page = render([record])
    assert page.count(f"{other} better") == 2 + 1  # in the matrix on either side, and in numbers
    assert "&lt;0.001" in page


def test_trials_are_means_over_replicates_and_failures_rank_last(folder):
    record = read_record(folder)
    rows = by_arm(record)["waves", "cnn"]
    found = trials(rows, "validation_accuracy")
    assert len(found) == 16
    assert np.isnan(found[3].score)
    assert sum(trial.chosen for trial in found) == 1
    own = [float(r["validation_accuracy"]) for r in rows if r["trial"] == "5"]
    assert found[5].score == pytest.approx(np.mean(own))
    assert found[5].seconds == pytest.approx(sum(float(r["seconds"]) for r in rows[15:18]))
    figure = tuning(record)[0]
    best = max(t.score for t in found if np.isfinite(t.score))
    last = [row for row in figure.table.rows if row[0].text == "cnn"][-1]
    assert last[1].value == 16
    assert last[5].value == pytest.approx(100 * best)


def test_searched_numbers_of_numpy_read_back(tmp_path):
    value = np.linspace(0, 0.5, 7)[4]
    row = {"model": "cnn", "dataset": "waves", "replicate": 0, "dropout_rate": value}
    write_members(tmp_path, [row])
    with (tmp_path / "members.csv").open(newline="") as file:
        assert float(next(csv.DictReader(file))["dropout_rate"]) == value


def test_a_sweep_shows_its_configurations(copy):
    rates, seeds = (1e-4, 1e-3, 1e-2), 3
    rows = [
        {
            "model": "cnn",
            "dataset": "waves",
            "replicate": r,
            "learning_rate": rate,
            "cnn_channels": "8,8" if k % 2 else "16",
            "status": "ok",
            "parameters": 100,
            "seconds": 1.0,
            "validation_accuracy": 0.5 + 0.1 * k + 0.001 * r,
            "test_accuracy": "",
        }
        for k, rate in enumerate(rates)
        for r in range(seeds)
    ]
    for file in copy.iterdir():
        file.unlink()
    records.write_csv(copy / "members.csv", rows)
    grid = ("learning_rate=0.0001,0.001,0.01", "cnn_channels=16,8x8")
    records.write_request(copy, "sweep", {"cnn": {}}, grid=grid)
    record = read_record(copy)
    assert swept_names(record) == ["learning_rate", "cnn_channels"]
    (tried,) = of_sweep(record)
    np.testing.assert_allclose(tried.scores, [0.701, 0.601, 0.501])
    assert not run(copy)
    text = (copy / "report.html").read_text()
    assert "learning_rate=0.01, cnn_channels=16: 70.1 % validation accuracy on waves" in text
    assert re.findall(r'<section id="(\w+)"', text) == ["scores", "response", "how"]
    assert "The search stopped" not in text
    for row in rows[-3:]:  # that of the best score, by a search that decided on the way
        row |= {"status": "stopped", "steps": 40}
    records.write_csv(copy / "members.csv", rows)
    assert not run(copy)
    text = (copy / "report.html").read_text()
    assert "learning_rate=0.001, cnn_channels=8,8: 60.1 %" in text
    assert "learning_rate=0.01, cnn_channels=16 (stopped at step 40)" in text
    assert "The search stopped 1 of 3 early" in text
