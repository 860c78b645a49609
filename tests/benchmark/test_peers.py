"""Peers do the same work: their first losses are those of dlfun, from the same start."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dlfun.benchmark.agreement import largest_difference, of_learning, tolerance
from dlfun.benchmark.options import Job
from dlfun.benchmark.peers import PEERS, reason_to_skip
from dlfun.benchmark.peers.scikit import PartialFit
from dlfun.benchmark.peers.stock_flax import jitted, scanned
from dlfun.benchmark.peers.streamed import Streamed
from dlfun.benchmark.reference import Reference
from dlfun.benchmark.side import COMPARED, LISTED, read_start
from tests.sides import TINY, hasty

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", TINY)
def test_stock_flax_agrees(name, tmp_path):
    job = Job("", TINY[name], tmp_path)
    losses = Reference(job).curve(COMPARED)
    assert losses.shape == (job.work.members, COMPARED)
    start = read_start(job)
    assert start.rows.shape == (job.work.members, LISTED, job.work.batch_size)
    assert largest_difference(losses, jitted(job).losses(COMPARED)) < 2e-5


def test_dlfun_streamed_does_the_same_work(tmp_path):
    job = Job("", TINY["bpnn"], tmp_path)
    reference, fed = Reference(job), Streamed(job)
    assert largest_difference(reference.curve(COMPARED), fed.losses(COMPARED)) < 1e-5
    before = fed.carry.step
    fed.go(3 * job.work.steps)
    np.testing.assert_array_equal(fed.carry.step - before, 3 * job.work.steps)


def test_a_wrong_peer_differs(tmp_path):
    job = Job("", TINY["bpnn"], tmp_path)
    reference = Reference(job)
    losses, frozen = reference.curve(COMPARED), reference.curve(COMPARED, learning=False)
    assert of_learning(losses, jitted(job).losses(COMPARED), frozen) < 1e-3
    assert of_learning(losses, hasty(job).losses(COMPARED), frozen) > 4 * tolerance("cpu")


def test_loops_of_the_jitted_and_the_scanned_peer_agree(tmp_path):
    job = Job("", TINY["bpnn"], tmp_path)
    Reference(job).curve(1)
    states = []
    for make in (jitted, scanned):
        side = make(job)
        side.go(7)
        states.append(side.state[0]["head"]["kernel"])
    np.testing.assert_allclose(*states, rtol=1e-5, atol=1e-7)


@pytest.mark.filterwarnings("ignore")  # of scikit-learn: the batches are small
def test_scikit_agrees_where_it_learns_by_the_same_rule(tmp_path):
    job = Job("", TINY["bpnn"], tmp_path)
    losses = Reference(job).curve(COMPARED)
    assert largest_difference(losses, PartialFit(job).losses(COMPARED)) < 1e-4
    job = Job("", TINY["perceptron"], tmp_path)
    Reference(job).curve(1)
    side = PartialFit(job)
    assert side.losses(3) is None
    side.go(2)


PROGRAM = """
import json, pathlib, sys, tempfile
from dlfun.benchmark.agreement import largest_difference
from dlfun.benchmark.options import Job
from dlfun.benchmark.peers import PEERS
from dlfun.benchmark.reference import Reference
from dlfun.benchmark.worker import named
from tests.sides import TINY
found = {}
for name in ("residual", "conv1d", "conv2d", "lstm", "gru", "vae"):
    work = TINY[name]
    job = Job("", work, pathlib.Path(tempfile.mkdtemp(dir=sys.argv[1])))
    losses = Reference(job).curve(10)
    for peer in sys.argv[2:]:
        if not PEERS[peer].why_not(work):
            side = named(PEERS[peer].side)(job)
            difference = largest_difference(losses, side.losses(10))
            side.go(3)
            found[f"{peer} {name}"] = difference, side.facts()["members"]
print(json.dumps(found))
"""


def differences(folder: Path, *peers: str) -> dict[str, tuple[float, int]]:
    """In a process of its own: these libraries shall not be imported here."""
    package = PEERS[peers[0]].package
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    command = [sys.executable, "-c", PROGRAM, str(folder), *peers]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.slow
def test_torch_agrees(tmp_path):
    found = differences(tmp_path, "torch", "torch_func")
    assert len(found) == 6 + 3  # three of the six are populations
    for key, (difference, members) in found.items():
        peer, name = key.split()
        assert difference < 1e-3, key
        assert members == (TINY[name].members if peer == "torch_func" else 1)


@pytest.mark.slow
def test_keras_agrees(tmp_path):
    found = differences(tmp_path, "keras")
    assert len(found) == 6
    for name, (difference, _) in found.items():
        assert difference < 5e-3, name


def test_reasons_to_skip():
    def reason(peer, work, backend="cpu", precision="float32"):
        return reason_to_skip(PEERS[peer], TINY[work], backend, precision)

    assert reason("flax_jit", "lstm") == ""
    assert "bfloat16" in reason("flax_jit", "lstm", precision="bfloat16")
    assert "TPU" in reason("flax_jit", "lstm", "tpu")
    assert "no such model" in reason("sklearn", "lstm")
    assert "no such model" in reason("sklearn", "residual")
    assert reason("sklearn", "bpnn") == reason("sklearn", "perceptron") == ""
    if importlib.util.find_spec("torch"):
        assert "one run" in reason("torch_func", "softmax")
        assert "perceptron" in reason("torch", "perceptron")
