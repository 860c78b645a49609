"""Promises about a study in several processes: equal results, one record, a common end."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from dlfun.cli import cluster, stderr_filter, study_flags
from dlfun.errors import UserError
from dlfun.models import BPNN
from dlfun.studies.population.assembly import population
from dlfun.training.train import Callbacks, train
from dlfun.types import HParams, Layout
from tests.helpers import prepared

ROOT = Path(__file__).resolve().parents[2]

SHORT = {"seeds": 5, "steps": 40, "hparams": HParams(learning_rate=1e-3)}
LONG = SHORT | {"steps": 200, "precision": "float64"}


def left(layout, changes):
    """What training leaves: every array of the state, the keys, and all metrics."""
    settings, data, members = prepared("bpnn", shape=BPNN(widths=(8,)), **changes)
    people = population(settings, data.first.spec, layout)

    def keep(carry):
        leaves = jax.tree.leaves((carry.state, jax.random.key_data(carry.streams.noise)))
        return {f"state{i}": leaf for i, leaf in enumerate(leaves)}

    found = train(people, members, data.tuning, data.test, "toy", Callbacks(keep))
    test = {f"test_{name}": values for name, values in found.test.items()}
    return found.kept | found.history | test


TRAINING = """
from dlfun.cli import app
from dlfun.cli import study_flags as flags

def main(argv):
    import jax, numpy
    from dlfun.training import hosts
    from dlfun.types import Layout
    from tests.cli.test_cluster import LONG, SHORT, left
    print(jax.process_count(), "processes")
    numpy.savez(f"uneven-{jax.process_index()}", **left(Layout(3, 1), SHORT))
    with jax.enable_x64(True):
        numpy.savez(f"float64-{jax.process_index()}", **left(Layout(2, 2), LONG))
    hosts.CHUNK = 4  # smaller than what is given, which has two lengths
    given = [b"abc", b"0123456789"]
    assert hosts.exchange(given[jax.process_index()]) == given
    hosts.agree("data", "one")
    hosts.agree("data", f"one\\nchecksum {jax.process_index()}")

app.run(main, flags.study_flags("train", model="bpnn", dataset="digits"))
"""

WAITING = """
import time
from dlfun.errors import UserError
from dlfun.cli import app, cluster
from dlfun.cli import study_flags as flags
cluster.HEARTBEAT, SPOILT = 10, {spoilt}

def main(argv):
    import jax
    print("never seen by the user" if jax.process_index() else "ready", flush=True)
    with open("ready-%d" % jax.process_index(), "w"):
        pass
    if SPOILT and jax.process_index():
        raise UserError("spoilt")
    wait = lambda x: jax.pure_callback(lambda x: time.sleep(0.05) or x, x, x)
    spin = jax.jit(lambda x: jax.lax.while_loop(lambda x: x < 2, wait, x))
    spin(1.0).block_until_ready()  # a compiled program, that takes no core from the others

app.run(main, flags.study_flags("train", model="bpnn", dataset="digits"))
"""


def free_port():
    with socket.create_server(("", 0)) as server:
        return server.getsockname()[1]


def by_hand(process, port):
    """The flags of one of two processes."""
    return f"--coordinator=127.0.0.1:{port}", f"--process_id={process}", "--processes=2"


def by_slurm(process, port):
    """What srun tells one of two tasks; JAX takes the port from the job's number."""
    return {
        "JAX_COORDINATOR_PORT": str(port),
        "SLURM_JOB_ID": "1",
        "SLURM_STEP_NODELIST": "localhost",
        "SLURM_STEP_NUM_TASKS": "2",
        "SLURM_NTASKS": "2",
        "SLURM_PROCID": str(process),
        "SLURM_LOCALID": str(process),
    }


def start(folder, *command, **environment):
    """A process in a folder; nobody of these tests waits long for a core."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "JAX_PLATFORMS": "cpu"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ends(processes, seconds=120):
    """Exit code, stdout and stderr of each, without the phases that it went through."""
    try:
        said = [process.communicate(timeout=seconds) for process in processes]
    finally:
        for process in processes:
            process.kill()
    phases = re.compile(r"(?m)^dlfun: .* \.\.\.\n")
    return [
        (p.returncode, out, phases.sub("", err))
        for p, (out, err) in zip(processes, said, strict=True)
    ]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with what two processes left, which SLURM had started, and how they ended."""
    folder, port = tmp_path_factory.mktemp("trained"), free_port()
    command = ("-c", TRAINING, "--layout=4x1")
    processes = [start(folder, *command, **by_slurm(i, port)) for i in (0, 1)]
    return folder, ends(processes)


def difference(path, alone):
    """The largest difference of a state, relative to the largest entry of each array."""
    worst = 0.0
    with np.load(path) as found:
        assert set(found) == set(alone)
        for name, expected in alone.items():
            a, b = found[name].astype(float), np.asarray(expected).astype(float)
            assert found[name].dtype == expected.dtype
            if name.startswith("state"):
                worst = max(worst, np.abs(a - b).max() / max(np.abs(b).max(), 1e-9))
            else:
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    return worst


@pytest.mark.slow
@pytest.mark.parametrize("process", [0, 1])
def test_two_processes_equal_one_float32(trained, process):
    """Rule 2 of the design; 2 devices and 1, which hold 4 members, and 1 beside padding."""
    alone = left(Layout(1, 5), SHORT)
    assert difference(trained[0] / f"uneven-{process}.npz", alone) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("process", [0, 1])
def test_two_processes_equal_one_float64(trained, process):
    """Rule 2 of the design; 4 members and 1, beside 3 of padding."""
    with jax.enable_x64(True):
        alone = left(Layout(1, 1), LONG)
    assert alone["state0"].dtype == np.float64
    assert difference(trained[0] / f"float64-{process}.npz", alone) < 1e-9


@pytest.mark.slow
def test_what_differs_ends_all_processes_in_the_same_line(trained):
    line = "error: process 1 has checksum 1 where process 0 has checksum 0; start all processes "
    for code, _, err in trained[1]:
        assert code == 2
        assert err.splitlines()[-1].startswith(line)
    assert trained[1][1][2].count("\n") == 1  # the other shows no progress
    assert [out for _, out, _ in trained[1]] == ["2 processes\n", ""]


@pytest.mark.slow
def test_the_first_process_writes_the_record_and_speaks(tmp_path):
    study = ("--dataset=digits", "--seeds=3", "--steps=6", "--evaluations=2", "--bpnn_widths=7")
    command, port = ("-m", "experiments.train", *study, f"--output_dir={tmp_path}/r"), free_port()
    first, other = ends([start(ROOT, *command, *by_hand(i, port)) for i in (0, 1)])
    assert (first[0], other) == (0, (0, "", "")), first
    assert f"record: {tmp_path}/r" in first[1]
    assert "intervals" in first[2]
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
    written = (tmp_path / "r" / "config.flags").read_text()
    assert not any(name in written for name in ("coordinator", "process"))
    assert '"processes": 2' in (tmp_path / "r" / "environment.json").read_text()
    assert len((tmp_path / "r" / "members.csv").read_text().splitlines()) == 4


@pytest.mark.slow
def test_flags_that_differ_end_all_processes(tmp_path):
    command, port = ("-c", WAITING.format(spoilt=False)), free_port()
    both = [start(tmp_path, *command, f"--steps={7 + i}", *by_hand(i, port)) for i in (0, 1)]
    line = "error: process 1 has --steps=8 where process 0 has --steps=7; start all processes with "
    for code, out, err in ends(both):
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert err.startswith(line)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def bereft(tmp_path_factory):
    """How pairs ended that lost the first process, the second, and the second by its own error."""
    pairs = []
    for lost, spoilt in ((0, False), (1, False), (1, True)):
        folder, port = tmp_path_factory.mktemp("lost"), free_port()
        command = ("-c", WAITING.format(spoilt=spoilt))
        processes = [start(folder, *command, *by_hand(i, port)) for i in (0, 1)]
        pairs.append((folder, processes, None if spoilt else processes[lost]))
    for folder, _, lost in pairs:
        end = time.monotonic() + 60
        while len(list(folder.iterdir())) < 2 and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(0.5)
        if lost:
            lost.send_signal(signal.SIGKILL)
    killed = time.monotonic()
    found = [ends(processes, 60) for _, processes, _ in pairs]
    return found, time.monotonic() - killed


@pytest.mark.slow
@pytest.mark.parametrize(("pair", "lost"), [(0, 0), (1, 1), (2, 1)])
def test_a_process_that_dies_ends_the_others(bereft, pair, lost):
    found, seconds = bereft
    code, out, err = found[pair][1 - lost]
    assert code not in (0, -signal.SIGKILL)
    assert out == ("ready\n" if lost else "")
    assert err.lstrip("\n").startswith(f"error: process {lost} of 2 was lost; ")
    assert seconds < 30  # with a heartbeat of 10 seconds


@pytest.mark.slow
def test_a_process_that_fails_alone_ends_by_its_own_error(bereft):
    assert bereft[0][2][1] == (2, "", "error: spoilt\n")


def read(*args):
    values = study_flags.study_flags("train", model="bpnn", dataset="digits")
    values(["script", *args])
    cluster.check(values)
    return values


BAD = [
    ("--processes=2", "^--processes=2: .* also give --coordinator and --process_id, or only"),
    ("--coordinator=a:1", "^--coordinator=a:1: .* also give --process_id and --processes, or only"),
    ("--process_id=0", "^--process_id=0: .* also give --coordinator and --processes, or only"),
    ("--coordinator=a:1 --processes=2", "^--coordinator=a:1 --processes=2: .* give --process_id,"),
    ("--coordinator=a:1 --processes=1", "also give --process_id, or only --processes=1, which"),
    ("--coordinator=a:1 --process_id=2 --processes=2", "--process_id=2: must be below --processes"),
    ("--coordinator=a", "--coordinator=a: must be HOST:PORT, such as"),
    ("--coordinator=a:0", "--coordinator=a:0: must be HOST:PORT, such as"),
    ("--coordinator=a:99999", "must be HOST:PORT, such as"),
    ("--coordinator=http://a:1", "must be HOST:PORT, such as"),
    ("--processes=0", "--processes=0: must be a whole number, at least 1"),
]


@pytest.mark.parametrize(("args", "why"), BAD, ids=[args for args, _ in BAD])
def test_flags_that_do_not_go_together(args, why):
    with pytest.raises(UserError, match=why):
        read(*args.split())


def test_a_coordinator_that_is_not_there(monkeypatch):
    monkeypatch.setattr(cluster, "START", 0)
    port = free_port()
    with pytest.raises(UserError, match=f"^--coordinator=localhost:{port}: .* of --process_id=0"):
        cluster.find(f"localhost:{port}", 1)
    with pytest.raises(UserError, match=r"^--coordinator=no.such.host.invalid:1: "):
        cluster.find("no.such.host.invalid:1", 1)


def test_a_port_that_is_taken():
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(UserError, match=f"^--coordinator=localhost:{port}: .*in use"):
            cluster.find(f"localhost:{port}", 0)
        cluster.find(f"localhost:{port}", 1)


MPI = {"OMPI_MCA_orte_hnp_uri": "1.0;tcp://10.0.0.1:1", "OMPI_COMM_WORLD_SIZE": "3"}
CLUSTERS = {
    "nothing": ({}, (), 1),
    "srun": (by_slurm(0, 1), (), 2),
    "srun of one task": (by_slurm(0, 1) | {"SLURM_STEP_NUM_TASKS": "1"}, (), 1),
    "salloc": ({n: v for n, v in by_slurm(0, 1).items() if "STEP" not in n}, (), 1),
    "alone under srun": (by_slurm(0, 1), ("--processes=1",), 1),
    "mpirun": (MPI, (), 3),
    "by hand under mpirun": (MPI, by_hand(0, 1), 2),
    "a pod": ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, (), 1),
}


@pytest.mark.parametrize("name", CLUSTERS)
def test_a_cluster_is_found_only_where_it_started_several(name, monkeypatch):
    environment, args, expected = CLUSTERS[name]
    for variable in [v for v in os.environ if v.startswith(("SLURM", "OMPI", "KUBERNETES"))]:
        monkeypatch.delenv(variable)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert cluster.size(read(*args)) == expected


WORDS = {
    "unhealthy (stopped sending heartbeats):\n1\n3\nThe": "processes 1 and 3 of 4 were lost; see",
    "Task 2 heartbeat timeout. Task 2": "process 2 of 4 was lost; see",
    "to coordination service. Either": "process 0 of 4 was lost; see",
    "what is new": "another of the 4 processes was lost; see",
    "Unexpected task registered": "process 0 waits for fewer processes;",
    "ALREADY_EXISTS": "another process has the same --process_id;",
    "DEADLINE\nRPC: /x.CoordinationService/RegisterTask": "not all of the 4 processes came;",
}


@pytest.mark.parametrize("words", WORDS)
def test_the_line_for_the_user_comes_first(words):
    fatal = stderr_filter.FATAL.decode()
    text = f"before\nF1 {fatal}: {words}\n*** Check failure stack trace:\n    @ 0x1"
    lines = [f"{line}\n".encode() for line in text.splitlines()]
    before, said, *rest = stderr_filter.heralded([b"[Gloo] Rank 0 is\n", *lines], "4", b"")
    assert before == b"before\n"
    assert said.decode().startswith(f"error: {WORDS[words]}")
    assert rest == lines[1:]
    lines[0] = b"E1125 04:32:34.03 14626 coordination_service.cc:1549] Use error polling\n"
    said, *rest = stderr_filter.heralded(lines, "4", b"\n")
    assert said.decode().startswith(f"\nerror: {WORDS[words]}")
    assert rest == lines


def test_what_libraries_print_is_passed_on():
    lines = [b"E1125 04:32:34.03 14626 coordination_service.cc:1549] Use\n", *[b"more\n"] * 100]
    assert list(stderr_filter.heralded(lines, "4", b"")) == lines
