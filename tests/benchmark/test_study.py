"""The benchmark as a library call, on tiny works: its record, and peers that fail."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dlfun.benchmark.options import BenchmarkOptions, Job
from dlfun.benchmark.ours import Ours
from dlfun.benchmark.peers import PEERS
from dlfun.benchmark.process import Failure, worker
from dlfun.benchmark.side import COMPARED
from dlfun.benchmark.study import DEVICE, benchmark
from dlfun.benchmark.verdict import SCHEMA
from dlfun.errors import UserError
from dlfun.types import Layout
from tests.sides import BAD_PEERS, TINY

ROOT = Path(__file__).resolve().parents[2]
SHORT = {
    "repeats": 2,
    "seconds": 0.01,
    "work_table": TINY,
    "peer_table": {**PEERS, **BAD_PEERS},
    "setup": "tests.sides:small_device",
}


def options(folder: Path, **changes) -> BenchmarkOptions:
    return BenchmarkOptions(output_dir=str(folder / "record"), **(SHORT | changes))


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A record with every kind of peer."""
    peers = ("flax_scan", "crashing", "hasty", "missing", "unwilling")
    asked = options(
        tmp_path_factory.mktemp("benchmark"), works=("bpnn",), peers=peers, scaling=("bpnn",)
    )
    done = benchmark(BenchmarkOptions(**{**vars(asked), "members_max": 2}))
    assert not done.regressed
    read = json.loads((done.folder / "benchmark.json").read_text())
    assert read == json.loads(json.dumps(done.found))
    assert (done.folder / "config.flags").exists()
    return read


@pytest.mark.slow
def test_the_record_follows_its_schema(found):
    assert found["schema"] == SCHEMA
    assert {"backend", "flops_per_second", "bytes_per_second"} <= found["device"].keys()
    assert {"versions", "commit", "devices", "peers", "command"} <= found["environment"].keys()
    (row,) = found["rows"]
    assert (row["work"], row["status"], row["members"], row["batch_size"]) == ("bpnn", "ok", 3, 8)
    assert len(row["step_seconds"]) == 2
    assert min(row["step_seconds"]) > 0
    assert row["phases"].keys() == {"trace", "lower", "compile"}
    assert min(row["phases"].values()) > 0
    for name in ("first_run_seconds", "predicted_bytes", "flops", "bytes"):
        assert row[name] > 0
    assert len(row["losses"]) == len(row["frozen"]) == 3
    assert found["baseline"] is None
    assert found["verdicts"] == []


@pytest.mark.slow
def test_every_peer_has_its_row(found):
    rows = {row["peer"]: row for row in found["rows"][0]["peers"]}
    assert list(rows) == ["flax_scan", "crashing", "hasty", "missing", "unwilling"]
    good = rows["flax_scan"]
    assert (good["status"], good["members"], good["compared_steps"]) == ("ok", 3, COMPARED)
    assert good["largest_difference"] < 1e-4
    ours = found["rows"][0]["step_seconds"]
    wanted = [theirs / mine for theirs, mine in zip(good["step_seconds"], ours, strict=True)]
    assert good["ratios"] == pytest.approx(wanted)
    assert good["ratio"]["low"] <= good["ratio"]["median"] <= good["ratio"]["high"]
    assert rows["hasty"]["status"] == "disagrees"
    assert "of what learning did" in rows["hasty"]["why"]
    assert rows["crashing"]["status"] == "failed"
    assert rows["crashing"]["why"] == "ended with code 3; it last said: the last word"
    assert rows["missing"]["why"] == "no_such_package is not installed"
    assert rows["unwilling"] == {
        "peer": "unwilling",
        "status": "skipped",
        "why": "it has no such model",
    }
    for name in ("hasty", "crashing", "missing", "unwilling"):
        assert "ratio" not in rows[name]


@pytest.mark.slow
def test_the_curve_of_a_population(found):
    (curve,) = found["scaling"]
    assert [point["members"] for point in curve["points"]] == [1, 2]
    assert all(min(point["member_steps_per_second"]) > 0 for point in curve["points"])
    assert curve["stopped"] == ""


def test_the_own_side_counts_its_steps(tmp_path):
    side = Ours(Job("", TINY["softmax"], tmp_path))
    side.go(6)
    assert int(side.carry.step[0]) == 2 + 6
    assert side.layout == Layout(1, 1)
    assert side.facts()["frozen"] != side.losses(COMPARED).tolist()


@pytest.mark.slow
def test_a_side_that_hangs_is_given_up(tmp_path):
    reference = Job("dlfun.benchmark.ours:Ours", TINY["softmax"], tmp_path)
    with worker(reference, "dlfun", 120) as side:
        side.ask("prepare")
    job = Job("tests.sides:hanging", TINY["softmax"], tmp_path)
    with worker(job, "hanging", 120) as side:
        assert side.ask("prepare")["members"] == 1
        side.timeout = 0.5
        with pytest.raises(Failure, match=r"no answer in 0.5 s; it said nothing"):
            side.ask("go 1")
    assert side.process.poll() is not None


def test_a_platform_that_is_not_here_is_one_line(tmp_path):
    asked = options(tmp_path, platform="tpu", setup="dlfun.cli.runtime:start_jax")
    with pytest.raises(UserError, match="--platform=tpu: no such device here"):
        benchmark(asked)
    assert not list(tmp_path.iterdir())


PARENT = f"""
import pathlib, sys
from dlfun.benchmark.options import Job
from dlfun.benchmark.process import worker
from dlfun.types import Layout
from dlfun.benchmark.works import WORKS
job = Job("{DEVICE}", WORKS["softmax"], pathlib.Path(sys.argv[1]), counting=False)
with worker(job, "device", 60) as side:
    print(side.process.pid, flush=True)
    side.ask("prepare")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_the_benchmark(number, tmp_path):
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    parent = subprocess.Popen(command, cwd=ROOT, **pipes)
    child = int(parent.stdout.readline())
    time.sleep(0.5)
    parent.send_signal(number)
    parent.communicate(timeout=20)
    end = time.monotonic() + 20
    while time.monotonic() < end and running(child):
        time.sleep(0.1)
    assert not running(child)


def running(pid: int) -> bool:
    """Whether a process is there, and not only its remains that nobody asked for."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
