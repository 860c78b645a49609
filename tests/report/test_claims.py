"""Claims against records: the statistics by hand, and each word at the ends of bands and bounds."""

import csv
import json
import math
import shutil

import numpy as np
import pytest
import scipy.stats

from dlfun.cli import app
from dlfun.cli.commands import reproduce
from dlfun.cli.commands.reproduce import NAMES, RECIPES
from dlfun.errors import UserError
from dlfun.report.claims import Claim, Finding, read_claims, verdict, word
from dlfun.report.text.reproduced import (
    LATE,
    judge,
    judge_anew,
    key_of,
    markdown,
    not_run,
    read_table,
    table_of,
)
from dlfun.stats import Interval

SCORES = (0.90, 0.93, 0.96, 0.95)


def write_record(folder, rows):
    """A record of these rows of a CNN, each with its time and what it counted."""
    usual = {"dataset": "toy", "model": "cnn", "status": "ok", "seconds": 2.0}
    usual |= {"compile_seconds": 5.0, "mistakes": 6, "mistake_bound": 12.0}
    with (folder / "members.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*usual, "test_accuracy"])
        writer.writeheader()
        writer.writerows(usual | row for row in rows)
    (folder / "environment.json").write_text(json.dumps({"devices": ["cpu"], "cores": 3}))
    return folder


@pytest.fixture
def folder(tmp_path):
    """A record of four healthy runs and a failed one, and of another model."""
    rows = [{"test_accuracy": score} for score in SCORES]
    rows += [{"status": "failed", "test_accuracy": ""}, {"model": "rnn", "test_accuracy": 0.1}]
    return write_record(tmp_path, rows)


def claim(metric="test_accuracy", statistic="mean", figure=np.nan, low=-np.inf, high=np.inf):
    return Claim(
        "recipe", "toy", "cnn", metric, statistic, figure, low, high, "as worded", "someone"
    )


def interval(estimate, low=np.nan, high=np.nan, n=10):
    return Interval(estimate, low, high, np.nan, n)


def test_a_mean_with_the_interval_of_scipy(folder):
    low, high = scipy.stats.t.interval(0.95, 3, np.mean(SCORES), scipy.stats.sem(SCORES))
    found = judge(claim(figure=0.94, low=0.93, high=0.95), folder)
    assert found["measured"] == f"93.50 [{100 * low:.2f}, {100 * high:.2f}] %"
    assert found["verdict"] == "reproduced, 1 of 5 runs failed"
    assert (found["n"], found["seconds"], found["device"]) == ("4", "15", "3 cores")
    assert (found["figure"], found["band"]) == ("94.00 %", "93.00 to 95.00")
    assert found["interval holds figure"] == "yes"


LOWER, HIGHER, GAP = "test_loss", "test_elbo", "test_log_likelihood-test_elbo"


@pytest.mark.parametrize(
    ("metric", "figure", "band", "measured", "wanted"),
    [
        # The interval holds the figure, its ends among it, wherever the band is.
        (HIGHER, 5.0, (4.9, 5.1), interval(7, 5, 9), "reproduced"),
        (LOWER, 5.0, (4.9, 5.1), interval(3, 1, 5), "reproduced"),
        (HIGHER, 5.0, (-np.inf, np.inf), interval(7, 4, 10), "reproduced"),
        # The band holds the mean, whose interval is too narrow, or is none.
        (HIGHER, 5.0, (4, 6), interval(6, 5.9, 6.1), "reproduced"),
        (LOWER, 5.0, (4, 6), interval(4, n=1), "reproduced"),
        # Neither: by what is better.
        (HIGHER, 5.0, (4, 6), interval(7, 6.5, 7.5), "exceeds"),
        (HIGHER, 5.0, (4, 6), interval(3, 2.5, 3.5), "falls short"),
        (LOWER, 5.0, (4, 6), interval(3, 2.5, 3.5), "exceeds"),
        (LOWER, 5.0, (4, 6), interval(7, 6.5, 7.5), "falls short"),
        (LOWER, 5.0, (4, 6), interval(7, n=1), "falls short"),
        ("test_accuracy", 0.97, (0.96, 0.98), interval(0.99, 0.98, 1), "exceeds"),
        ("test_nats", 1.65, (1.6, 1.7), interval(1.42, 1.41, 1.43), "exceeds"),
        ("test_elbo", -104, (-106, -102), interval(-107, -108, -106), "falls short"),
        (GAP, 6.2, (4, 8), interval(9, 8.5, 9.5), "exceeds"),
        ("test_loss-train_loss", 6.2, (4, 8), interval(9, 8.5, 9.5), "exceeds"),
        # Without a band and an interval there is nothing to tell by.
        (HIGHER, 5.0, (-np.inf, np.inf), interval(7, 6, 8), "exceeds"),
        (HIGHER, 5.0, (-np.inf, np.inf), interval(7, n=1), "undecided"),
        # Bounds have no figure.
        (LOWER, np.nan, (-np.inf, 1), interval(0.5, 0.4, 1), "holds"),
        (LOWER, np.nan, (-np.inf, 1), interval(0.9, 0.7, 1.1), "undecided"),
        (LOWER, np.nan, (-np.inf, 1), interval(1.1, 0.9, 1.3), "undecided"),
        (LOWER, np.nan, (-np.inf, 1), interval(1.5, 1.1, 1.9), "broken"),
        (LOWER, np.nan, (-np.inf, 1), interval(1), "holds"),
        (LOWER, np.nan, (-np.inf, 1), interval(1.01), "broken"),
        (HIGHER, np.nan, (1, np.inf), interval(1), "holds"),
        (HIGHER, np.nan, (1, np.inf), interval(0.99), "broken"),
        (HIGHER, np.nan, (0.05, 0.95), interval(0.6, 0.5, 0.7), "holds"),
        (HIGHER, np.nan, (0.05, 0.95), interval(0, 0, 0.018), "broken"),
        (HIGHER, np.nan, (0.05, 0.95), interval(1, 0.982, 1), "broken"),
        (HIGHER, np.nan, (-np.inf, np.inf), interval(1, 0.9, 1.1), "reported"),
    ],
)
def test_each_word(metric, figure, band, measured, wanted):
    one = claim(metric, "mean", figure, *band)
    assert word(one, measured) == wanted
    assert verdict(one, Finding(measured, 10, 0)) == wanted
    some = verdict(one, Finding(measured, 12, 2))
    assert some == f"{wanted}, 2 of 12 runs failed"


def test_other_statistics_have_no_interval_and_say_so(folder):
    found = judge(claim(statistic="largest", high=0.97), folder)
    assert found["measured"] == "96.00 %, no interval"
    assert judge(claim(statistic="smallest"), folder)["measured"] == "90.00 %, no interval"
    ratio = judge(claim("mistakes/mistake_bound", "largest", high=1), folder)
    assert (ratio["measured"], ratio["verdict"]) == (
        "0.5, no interval",
        "holds, 1 of 5 runs failed",
    )
    assert judge(claim("mistake_bound-mistakes", "smallest"), folder)["measured"][0] == "6"


def test_a_failed_run_has_not_reached_what_a_rate_counts(folder):
    found = judge(claim(statistic="rate"), folder)
    assert found["measured"] == f"0.00 [0.00, {100 * (1 - 0.025 ** (1 / 5)):.2f}] %"
    assert found["n"] == "5"


@pytest.mark.parametrize(
    ("rows", "measured", "wanted", "held"),
    [
        ([{"test_accuracy": 0.94}], "94.00 %, one run", "reproduced", "no interval"),
        ([{"test_accuracy": 0.99}], "99.00 %, one run", "exceeds", "no interval"),
        ([{"test_accuracy": 0.1}] * 3, "10.00 %, all runs alike", "falls short", "no interval"),
        ([{"status": "failed"}] * 3, "", "all of 3 runs failed", "-"),
        ([{"status": "failed"}], "", "its one run failed", "-"),
        (
            [{"status": "failed", "test_accuracy": 0.94}, {"test_accuracy": 0.9}],
            "90.00 %, one run",
            "falls short, 1 of 2 runs failed",
            "no interval",
        ),
        ([{"model": "rnn"}], "", "not run: its record has no such runs", "-"),
    ],
)
def test_few_runs_say_that_they_are_few(tmp_path, rows, measured, wanted, held):
    one = claim(figure=0.94, low=0.93, high=0.95)
    found = judge(one, write_record(tmp_path, rows))
    assert (found["measured"], found["verdict"]) == (measured, wanted)
    assert found["interval holds figure"] == held
    bound = judge(claim(low=0.2), tmp_path)
    assert bound["interval holds figure"] == "-"


def test_a_bound_of_nothing_is_broken_without_a_warning(tmp_path):
    write_record(tmp_path, [{"mistake_bound": 0.0}, {"mistake_bound": 9.0}])
    found = judge(claim("mistakes/mistake_bound", "largest", high=1), tmp_path)
    assert (found["measured"], found["verdict"]) == ("inf, no interval", "broken")


def test_what_was_not_run_stands_in_the_table(folder):
    lines = [judge(claim(), folder), not_run(claim(), "exit code 3")]
    table = markdown(lines).splitlines()
    assert len(table) == 4
    assert all(line.count("|") == 13 for line in table)
    assert "not run: exit code 3" in table[3]


CASES = [
    claim(figure=0.94, low=0.93, high=0.95),
    claim(statistic="largest", high=0.97),
    claim(statistic="rate", low=0.5),
    claim("mistakes/mistake_bound", "smallest", high=1),
    claim("mistake_bound-mistakes", figure=6.0, low=5, high=7),
]


@pytest.mark.parametrize("one", CASES, ids=lambda one: f"{one.statistic} {one.metric}")
def test_a_table_is_judged_anew_from_what_it_says(folder, one):
    """Lines whose record is gone keep what they measured; their words follow from the claims."""
    made = judge(one, folder)
    path = folder / "TABLE.md"
    path.write_text(f"# A table\n\n{markdown([made])}\n")
    earlier = read_table(path)
    assert earlier == {key_of(made): made}
    assert judge_anew(one, made) == made
    stricter = judge_anew(one._replace(figure=math.nan, low=100, high=np.inf), made)
    assert stricter["verdict"] == "broken, 1 of 5 runs failed"
    assert stricter["measured"] == made["measured"]


def test_a_line_without_a_figure_stays_as_it_was(tmp_path):
    one = claim(figure=0.94, low=0.93, high=0.95)
    failed = judge(one, write_record(tmp_path, [{"status": "failed"}] * 2))
    for made in (failed, not_run(one, "exit code 3")):
        assert judge_anew(one, made) == made
        assert judge_anew(one._replace(low=0.9), made) == made | {"band": "90.00 to 95.00"}


def test_lines_of_recipes_that_were_not_run_stay(folder):
    made = judge(claim(), folder)
    names = ("recipe", "late", "wrong", "new", "other")
    earlier = {key_of(line): line for line in (made | {"recipe": name} for name in names[:3])}
    reasons = {"late": LATE, "wrong": "exit code 3", "new": LATE}
    lines = table_of([claim()._replace(recipe=name) for name in names], reasons, folder, earlier)
    assert [(line["recipe"], line["verdict"]) for line in lines] == [
        ("recipe", made["verdict"]),
        ("late", made["verdict"]),
        ("wrong", "not run: exit code 3"),
        ("new", f"not run: {LATE}"),
    ]


def test_another_file_is_no_table(tmp_path):
    path = tmp_path / "notes.md"
    assert read_table(path) == {}
    path.write_text("| a | b |\n| --- | --- |\n| 1 | 2 |\n")
    assert read_table(path) == {}


@pytest.mark.parametrize(
    ("low", "high"), [(0.92, np.inf), (-np.inf, 0.95), (0.92, 0.95), (0.8, 0.9)]
)
def test_a_band_has_two_ends_with_its_figure_between(tmp_path, low, high):
    path = tmp_path / "claims.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, Claim._fields)
        writer.writeheader()
        row = claim(figure=0.917)._asdict() | {"low": low, "high": high}
        writer.writerow(
            {name: "" if value in (np.inf, -np.inf) else value for name, value in row.items()}
        )
    with pytest.raises(UserError, match=r"the published figure 0\.917 between them"):
        read_claims(path)


def test_every_claim_has_its_recipe():
    claims = read_claims(RECIPES / "claims.csv")
    assert {one.recipe for one in claims} <= set(NAMES)
    for one in claims:
        text = (RECIPES / f"{one.recipe}.flags").read_text()
        assert one.dataset in text
        assert one.model in text
        assert one.low < one.high


def test_every_claim_can_fail():
    """A band or a bound leaves out some of what its metric may be."""
    for one in read_claims(RECIPES / "claims.csv"):
        share = one.metric.endswith("accuracy")
        least, most = (0, 1) if share else (-np.inf, np.inf)
        words = {word(one, interval(end)) for end in (least, most)}
        assert words != {"holds"}
        assert words <= {"holds", "broken", "exceeds", "falls short", "reported"}


def test_the_table_of_this_repository_says_what_follows_from_it(tmp_path):
    """The command itself, with time for no recipe, writes the very file."""
    mine = RECIPES.parents[1] / "REPRODUCED.md"
    table = shutil.copy(mine, tmp_path / "T.md")
    given = ["reproduce", "--minutes=0", f"--output_dir={tmp_path / 'runs'}", f"--table={table}"]
    reproduce.main(app.parse(reproduce.FLAGS, given, "", reproduce.check))
    assert table.read_text() == mine.read_text()
    claims = read_claims(RECIPES / "claims.csv")
    assert set(read_table(table)) == {key_of(not_run(one, "")) for one in claims}
