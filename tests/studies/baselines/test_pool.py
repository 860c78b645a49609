"""Fits in processes of their own: which are killed, or lose the study that they are of."""

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dlfun.errors import UserError
from dlfun.studies.baselines import pool

ROOT = Path(__file__).resolve().parents[3]


def square(folder, deadly, job):
    """A fit that kills its process so many times."""
    marks = len(list(folder.iterdir()))
    if job == 1 and marks < deadly:
        (folder / str(marks)).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return job**2, os.getpid()


def fitted(folder, deadly, monkeypatch):
    monkeypatch.setattr(pool, "cores", lambda: 2)
    work = functools.partial(square, folder, deadly)
    return dict(pool.do_all(work, range(4), "digits: boosting", apart=True))


def test_a_process_that_is_killed_costs_no_fit(tmp_path, monkeypatch, capfd):
    found = fitted(tmp_path, 1, monkeypatch)
    assert {job: value for job, (value, _) in found.items()} == {n: n**2 for n in range(4)}
    assert os.getpid() not in {process for _, process in found.values()}
    said = [line for line in capfd.readouterr().err.splitlines() if "killed" in line]
    assert len(said) == 1
    assert said[0].startswith("digits: boosting: a process that fitted was killed")


def test_fits_that_are_killed_again_end_the_study_in_one_line(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"digits: boosting: .* killed twice; give it"):
        fitted(tmp_path, 9, monkeypatch)
    assert len(list(tmp_path.iterdir())) == 2


needs_proc = pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs Linux")

PARENT = """
import os, sys, time
from dlfun.studies.baselines import pool

def work(job):
    print(os.getpid(), file=open(sys.argv[1], "a"), flush=True)
    time.sleep(60)

pool.cores = lambda: 2
list(pool.do_all(work, range(5), "sleep", apart=True))
"""


@needs_proc
def test_processes_end_with_a_study_that_is_killed(tmp_path):
    file = tmp_path / "processes"
    file.touch()
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(file)], cwd=ROOT)
    wait_for(lambda: len(file.read_text().split()) == 2)
    parent.kill()
    parent.wait()
    processes = [int(number) for number in file.read_text().split()]
    wait_for(lambda: not any(map(runs, processes)))


@needs_proc
def test_processes_without_a_job_end_with_it_too(tmp_path):
    file = tmp_path / "processes"
    file.touch()
    script = PARENT.replace(
        'list(pool.do_all(work, range(5), "sleep", apart=True))',
        "list(pool.side_by_side(work, [0], 3, 1))",
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(file)], cwd=ROOT)
    wait_for(lambda: file.read_text())
    time.sleep(1)
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    loky = [n for n in children if b"LokyProcess" in Path(f"/proc/{n}/cmdline").read_bytes()]
    parent.kill()
    parent.wait()
    assert len(loky) == 3
    wait_for(lambda: not any(map(runs, loky)))


SCRIPT = """
import time, dlfun.lifetime, dlfun.cli.signals as ending
ending.CURRENT.listen()
dlfun.lifetime.follow()
print("ready", flush=True)
time.sleep(60)
"""

STARTER = f"""
import os, subprocess, sys, time, dlfun.lifetime as lifetime
command, own = [sys.executable, "-c", '''{SCRIPT}'''], os.environ | lifetime.followed()
child = subprocess.Popen(command, env=own, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


@needs_proc
def test_a_script_is_terminated_with_the_one_that_started_it():
    command = [sys.executable, "-c", STARTER]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as one:
        process = int(one.stdout.readline())
        one.kill()
        wait_for(lambda: not runs(process))


def runs(process):
    """Whether a process is there, and more than its exit code."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
