"""Two benchmarks compared, and baselines that cannot be read."""

import json

import pytest

from dlfun.benchmark.verdict import RELEVANT, SCHEMA, judge, read_baseline, verdicts
from dlfun.errors import UserError


def row(times, **changes):
    usual = {"work": "a", "members": 1, "batch_size": 8, "precision": "float32", "status": "ok"}
    return usual | {"step_seconds": times} | changes


STEADY = [1.0, 1.001, 0.999, 1.002, 0.998]


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [
        (1.1, "slower"),
        (0.9, "faster"),
        (1.0, "same within noise"),
        (1 + RELEVANT / 2, "same within noise"),
    ],
)
def test_verdicts_of_known_changes(factor, verdict):
    said = judge(row([factor * t for t in STEADY]), row(STEADY))
    assert said["verdict"] == verdict
    assert said["ratio"] == pytest.approx(factor)


def test_noise_hides_a_change():
    said = judge(row([1.0, 1.5, 0.9, 1.4]), row([0.9, 1.3, 1.0, 0.8]))
    assert said["verdict"] == "same within noise"
    assert said["low"] < 1 < said["high"]


def test_rows_are_matched_by_what_they_are():
    slow = [2 * t for t in STEADY]
    rows = [row(slow), row(slow, members=4), row([], status="failed"), row([1.0], work="b")]
    old = {"rows": [row(STEADY), row(slow, batch_size=9), row(STEADY, work="b")]}
    found = [said["verdict"] for said in verdicts(rows, old)]
    assert found == ["slower", "not in the baseline", "too few repeats to tell"]


GOOD = {"schema": SCHEMA, "environment": {}, "device": {}, "rows": [row(STEADY)]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("{", "is damaged"),
        ("[]", "is no record of a benchmark"),
        ("{}", "is no record of a benchmark"),
        (json.dumps(GOOD | {"schema": SCHEMA + 1}), f"has schema {SCHEMA + 1}, and this version"),
        (json.dumps(GOOD | {"rows": [{}]}), "is damaged"),
        (json.dumps(GOOD | {"rows": [row([1.0, -1.0])]}), "is damaged"),
        (json.dumps(GOOD | {"rows": [row("x")]}), "is damaged"),
        (json.dumps({"schema": SCHEMA, "rows": []}), "is damaged"),
    ],
)
def test_a_baseline_that_will_not_do(text, said, tmp_path):
    path = tmp_path / "benchmark.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=said) as caught:
        read_baseline(str(path))
    assert f"--baseline={path}" in str(caught.value)


def test_a_folder_stands_for_its_file(tmp_path):
    (tmp_path / "benchmark.json").write_text(json.dumps(GOOD))
    assert read_baseline(str(tmp_path)) == GOOD
