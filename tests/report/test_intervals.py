"""Intervals of means are shown no further than their metric goes; half their width is as it is."""

import csv
import json

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import stats

from dlfun.objectives.metrics import METRICS, shown_ends
from dlfun.report.claims import Claim
from dlfun.report.figures.learning_curves import Curve, panel
from dlfun.report.html.headline import headline
from dlfun.report.html.record import read_record
from dlfun.report.html.results import groups
from dlfun.report.html.sections import cost, curves, scores, standings
from dlfun.report.text import reproduced
from dlfun.report.text.leaderboard import leaderboard_text
from dlfun.stats import t_interval
from dlfun.studies.leaderboard.leaderboard import make_leaderboard
from dlfun.tracking.points import add_span
from dlfun.tracking.runs import words_of
from tests.report import records
from tests.studies.leaderboard.test_leaderboard import make

SCORES = np.array([1.0] * 10 + [0.93] * 2)
HALF = stats.sem(SCORES) * stats.t.ppf(0.975, 11)
LOW, HIGH = SCORES.mean() - HALF, SCORES.mean() + HALF


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A record in which the t interval of cnn's accuracy, final and on the way, leaves 100 %."""
    made = records.make_record(tmp_path_factory.mktemp("intervals") / "study")
    with (made / "members.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, score in zip((r for r in rows if r["model"] == "cnn"), SCORES, strict=True):
        row["test_accuracy"] = score
    records.write_csv(made / "members.csv", rows)
    (made / "comparison.json").write_text("[]")
    with np.load(made / "history.npz") as history:
        arrays = dict(history)
    arrays["waves/cnn/validation_accuracy"] = np.tile(SCORES[:, None], 20)
    np.savez(made / "history.npz", **arrays)
    return made


@pytest.fixture(scope="module")
def record(folder):
    return read_record(folder)


def test_these_scores_have_such_an_interval():
    found = t_interval(SCORES)
    np.testing.assert_allclose(found[:3], (SCORES.mean(), LOW, HIGH))
    assert LOW < 1 < HIGH


def test_on_the_page(record):
    (group,) = groups(record)
    line = next(line for line in group.lines if line.label == "cnn")
    strip = scores.shown(line, group)
    np.testing.assert_allclose(strip.ends, (100 * SCORES.mean(), 100 * LOW, 100))
    assert strip.note == f"{100 * SCORES.mean():.2f} ± {100 * HALF:.2f}"
    point = cost.point(line, 1.0, group)
    np.testing.assert_allclose([point.low[0], point.high[0]], (100 * LOW, 100))
    curve = curves.arm_series(record, ("waves", "cnn"), "validation_accuracy")
    np.testing.assert_allclose(curve.high, 100)
    np.testing.assert_allclose(curve.low, 100 * LOW)
    assert f"[{100 * LOW:.2f}, 100.00]" in headline(record).lines[0]
    assert f"[{100 * LOW:.2f}, 100.00]" in words_of(record, group, line)[0]


def test_on_a_leaderboard(tmp_path):
    make(tmp_path / "one", {"cnn": SCORES, "bpnn": SCORES - 0.5})
    board = make_leaderboard([tmp_path / "one"], {})
    cnn, bpnn = csv.DictReader(leaderboard_text(board, "csv").splitlines())
    assert cnn["interval"] == f"{100 * LOW:.2f} to 100.00"
    assert bpnn["interval"] == f"{100 * LOW - 50:.2f} to {100 * HIGH - 50:.2f}"
    assert standings.row(board.tables[0], 0)[4].text == f"[{100 * LOW:.2f}, 100.00]"
    assert standings.strip(board.tables[0], 0, 100.0).ends[2] == 100


def test_in_tables_figures_and_trackers():
    claim = Claim("r", "d", "m", "test_accuracy", "mean", 0.98, 0.9, 1.0, "half", "someone")
    assert reproduced.shown(t_interval(SCORES), claim).endswith("100.00] %")
    axes = Figure().subplots()
    arrays = {"d/cnn/step": np.arange(2), "d/cnn/validation_accuracy": np.tile(SCORES[:, None], 2)}
    panel(axes, arrays, [Curve("d/cnn", slice(None), "k", "cnn")], "accuracy")
    ends = axes.collections[0].get_paths()[0].vertices[:, 1]
    np.testing.assert_allclose([ends.min(), ends.max()], (100 * LOW, 100))
    points = {}
    add_span(points, 0, "test_accuracy", t_interval(SCORES))
    np.testing.assert_allclose(
        [points[0][f"test_accuracy/{end}"] for end in ("low", "high")], (LOW, 1)
    )


def test_each_metric_says_how_far_it_goes():
    assert shown_ends(-0.1, 1.1, "validation_accuracy") == (0, 1)
    assert shown_ends(-0.1, 1.1, "test_rmse") == (0, 1.1)
    assert shown_ends(-0.1, 1.1, "test_elbo") == (-0.1, 1.1)
    assert np.isnan(shown_ends(np.nan, np.nan, "test_accuracy")).all()
    assert all(row.bounds == (0, 1) for row in METRICS.values() if row.share)
    json.dumps(shown_ends(np.float32(-0.1), np.float32(1.1), "test_accuracy"))
