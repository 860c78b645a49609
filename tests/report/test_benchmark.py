"""The tables and pictures of a benchmark, from a record made by hand."""

import json

import matplotlib.image
import pytest

from dlfun.report.figures.benchmark import draw_benchmark
from dlfun.report.text.benchmark import benchmark_tables


def row(work, members=1, **changes):
    usual = {
        "work": work,
        "title": work,
        "status": "ok",
        "why": "",
        "members": members,
        "batch_size": 100,
        "layout": f"1x{members}",
        "step_seconds": [0.004, 0.002, 0.003],
        "flops": 3e6,
        "bytes": 6e6,
        "phases": {"trace": 0.25, "lower": 0.5, "compile": 1.5},
        "first_run_seconds": 0.75,
        "predicted_bytes": 10 * 2**20,
        "measured_bytes": None,
        "others": 0.0,
        "peers": [],
    }
    return usual | changes


PEER = {
    "peer": "torch",
    "status": "ok",
    "why": "",
    "members": 1,
    "step_seconds": [0.012, 0.018, 0.015],
    "largest_difference": 1.5e-6,
    "of_learning": 3e-5,
    "ratio": {"median": 10.0, "low": 6.0, "high": 18.0},
}
SLOW = PEER | {"ratio": {"median": 0.5, "low": 0.25, "high": 0.75}, "peer": "keras"}
WRONG = {"peer": "sklearn", "status": "disagrees", "why": "other losses", "of_learning": 0.5}
POINT = {"member_steps_per_second": [90.0, 100.0, 120.0], "layout": "1x1", "others": 0.5}
POINTS = [
    POINT | {"members": 1, "joules_per_run": None},
    POINT | {"members": 2, "joules_per_run": 12.5, "member_steps_per_second": [150.0]},
]
FOUND = {
    "schema": 1,
    "environment": {"devices": ["cpu", "cpu"], "cores": 2},
    "device": {"backend": "cpu", "flops_per_second": 1e10, "bytes_per_second": 1e10},
    "rows": [
        row("a", members=2, peers=[PEER, SLOW, WRONG]),
        row("b", others=0.25),
        {"work": "c", "status": "failed", "why": "it needs 9 GiB"},
    ],
    "scaling": [{"work": "a", "title": "a", "points": POINTS, "stopped": "no room"}],
    "published": {
        "work": "published",
        "title": "80 runs",
        "status": "ok",
        "why": "",
        "seconds": 100.0,
        "peers": [
            {
                "peer": "torch",
                "status": "ok",
                "why": "extrapolated",
                "seconds": 2500.0,
                "ratio": 25.0,
                "largest_difference": 2e-6,
            },
            {"peer": "keras", "status": "skipped", "why": "keras is not installed"},
        ],
    },
    "baseline": {"path": "old", "devices": ["cpu", "cpu"], "cores": 8},
    "verdicts": [
        {"work": "a", "members": 2, "ratio": 1.5, "low": 1.25, "high": 1.75, "verdict": "slower"},
        {"work": "b", "members": 1, "verdict": "not in the baseline"},
    ],
}


def test_tables_say_all():
    said = benchmark_tables(FOUND)
    lines = [line.split() for line in said.splitlines()]
    rate = 3e6 / 0.0015 / 1e9  # two members take 3 ms
    assert ["a", "2", "1x2", "3", "67", "%", "1.5", "66,667", f"{rate:g}", "(20", "%)"] == next(
        line for line in lines if line[:2] == ["a", "2"]
    )[:11]
    assert ["a", "0.25", "0.50", "1.50", "0.75", "10", "not", "told"] in lines
    torch = ["a", "torch", "15", "1.5", "10", "6", "18", "1.5e-06", "3.0e-05", "one", "member"]
    assert torch in [line[:11] for line in lines]
    assert ["a", "keras", "15", "1.5", "0.5", "0.25", "0.75"] in [line[:7] for line in lines]
    wrong = next(line for line in lines if line[:2] == ["a", "sklearn"])
    assert wrong[2:] == ["-", "1.5", "-", "-", "-", "-", "5.0e-01", "disagrees:", "other", "losses"]
    assert ["a", "2", "1x1", "150", "1.50", "12.5"] in lines
    assert ["a", "1.500", "1.250", "1.750", "slower"] in lines
    assert ["b", "-", "-", "-", "not", "in", "the", "baseline"] in lines
    for text in (
        "c: failed: it needs 9 GiB",
        "a: no room",
        "the baseline has other cores: 8;",
        "b: other processes had up to 25 % of the cores",
        "scaling of a: other processes had up to 50 % of the cores",
        "torch: 2,500 s, extrapolated; ratio 25, losses differ by 2.0e-06 at most",
        "keras: skipped: keras is not installed",
    ):
        assert text in said


@pytest.mark.parametrize("count", [1, 5])
def test_pictures(tmp_path, count):
    record = FOUND | {"scaling": FOUND["scaling"] * count}
    (tmp_path / "benchmark.json").write_text(json.dumps(record))
    draw_benchmark(tmp_path)
    for name in ("scaling.png", "roofline.png"):
        assert matplotlib.image.imread(tmp_path / name).shape[1] > 500


def test_nothing_to_draw(tmp_path):
    record = FOUND | {"rows": FOUND["rows"][2:], "scaling": []}
    (tmp_path / "benchmark.json").write_text(json.dumps(record))
    draw_benchmark(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["benchmark.json"]
