"""Claims against records: the statistics by hand, the bands at their ends."""

import csv
import json

import numpy as np
import pytest
import scipy.stats

from dlfun.report.claims import Claim, judge, markdown, not_run, read_claims
from experiments.reproduce import NAMES, RECIPES

SCORES = (0.90, 0.93, 0.96, 0.95)


@pytest.fixture
def folder(tmp_path):
    """A record of four healthy runs and a failed one, and of another model."""
    rows = [
        {"dataset": "toy", "model": "cnn", "status": "ok", "test_accuracy": score}
        for score in SCORES
    ]
    rows.append(rows[0] | {"status": "failed", "test_accuracy": ""})
    rows.append(rows[0] | {"model": "rnn", "test_accuracy": 0.1})
    timed = {"seconds": 2.0, "compile_seconds": 5.0, "mistakes": 6, "mistake_bound": 12.0}
    with (tmp_path / "members.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], *timed])
        writer.writeheader()
        writer.writerows(row | timed for row in rows)
    (tmp_path / "environment.json").write_text(json.dumps({"devices": ["cpu"], "cores": 3}))
    return tmp_path


def claim(metric="test_accuracy", statistic="mean", low=-np.inf, high=np.inf):
    return Claim("recipe", "toy", "cnn", metric, statistic, low, high, "94 %", "someone")


def test_a_mean_with_the_interval_of_scipy(folder):
    low, high = scipy.stats.t.interval(0.95, 3, np.mean(SCORES), scipy.stats.sem(SCORES))
    found = judge(claim(low=0.93), folder)
    assert found["measured"] == f"93.50 [{100 * low:.2f}, {100 * high:.2f}] %"
    assert found["verdict"] == "reproduced, 1 failed"
    assert (found["n"], found["seconds"], found["device"]) == ("5", "15", "3 cores")
    assert found["band"] == ">= 93.00"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.94, np.inf, "not reproduced, 1 failed"),
        (-np.inf, 0.93, "not reproduced, 1 failed"),
        (0.93, 0.94, "reproduced, 1 failed"),
        (-np.inf, np.inf, "reported, 1 failed"),
    ],
)
def test_a_band_is_kept_or_not(folder, low, high, verdict):
    assert judge(claim(low=low, high=high), folder)["verdict"] == verdict


def test_other_statistics(folder):
    assert judge(claim(statistic="largest"), folder)["measured"] == "96.00 %"
    assert judge(claim(statistic="smallest"), folder)["measured"] == "90.00 %"
    assert judge(claim("mistakes/mistake_bound", "largest"), folder)["measured"] == "0.5"
    assert judge(claim("mistake_bound-mistakes", "smallest"), folder)["measured"] == "6"
    share = judge(claim(statistic="rate"), folder)["measured"]
    assert share == f"0.00 [0.00, {100 * (1 - 0.025 ** (1 / 4)):.2f}] %"


def test_what_was_not_run_stands_in_the_table(folder):
    lines = [judge(claim(), folder), not_run(claim(), "did not fit the time")]
    table = markdown(lines).splitlines()
    assert len(table) == 4
    assert all(line.count("|") == 10 for line in table)
    assert "not run: did not fit the time" in table[3]


def test_every_claim_has_its_recipe():
    claims = read_claims(RECIPES / "claims.csv")
    assert {one.recipe for one in claims} <= set(NAMES)
    for one in claims:
        text = (RECIPES / f"{one.recipe}.flags").read_text()
        assert one.dataset in text
        assert one.model in text
        assert one.low < one.high
