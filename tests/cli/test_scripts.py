"""The scripts as a user runs them: tiny values, real processes where the process matters."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dlfun.cli import app
from dlfun.cli.commands import train

ROOT = Path(__file__).resolve().parents[2]
TINY = ("--dataset=digits", "--seeds=2", "--steps=6", "--evaluations=2")


def start(*arguments: str, **options) -> subprocess.Popen:
    command = [sys.executable, "-m", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, **(pipes | options))


def run(*arguments: str) -> subprocess.CompletedProcess:
    process = start(*arguments)
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def members(folder: Path) -> list[dict[str, str]]:
    timed = ("seconds", "compile_seconds")
    with (folder / "members.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [{n: v for n, v in row.items() if n not in timed} for row in rows]


def test_config_flags_replay_to_the_same_bits(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    shape = ("--bpnn_widths=7,5", "--dropout_rate=0.2", "--learning_rate=bpnn:0.0123,0.5")
    ran = run("experiments.train", *TINY, *shape, f"--output_dir={first}")
    assert ran.returncode == 0, ran.stderr
    assert "test accuracy %" in ran.stdout
    assert f"record: {first}" in ran.stdout
    *_, memory, page, following, more = ran.stdout.splitlines()
    assert memory.startswith("peak memory ")
    assert page == f"page: {first}/report.html"
    assert following.startswith(f"next: python -m experiments.predict {first} ")
    assert f"experiments.train --continue_from={first} --steps=+" in more
    again = run("experiments.train", f"--flagfile={first}/config.flags", f"--output_dir={second}")
    assert again.returncode == 0, again.stderr
    assert members(first) == members(second)
    assert (first / "config.flags").read_text() == (second / "config.flags").read_text()
    with np.load(first / "history.npz") as a, np.load(second / "history.npz") as b:
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])
    assert (first / "curves.png").stat().st_size > 10_000


def test_sweep_of_a_number_and_a_shape(tmp_path):
    folder = tmp_path / "sweep"
    grid = ("--grid", "learning_rate=1e-3,1e-2", "--grid", "bpnn_widths=8,4x4")
    ran = run("experiments.sweep", *TINY, *grid, f"--output_dir={folder}")
    assert ran.returncode == 0, ran.stderr
    rows = members(folder)
    assert len(rows) == 8
    assert {(row["learning_rate"], row["bpnn_widths"]) for row in rows} == {
        (rate, widths) for rate in ("0.001", "0.01") for widths in ("8", "4,4")
    }
    assert all(row["test_accuracy"] == "" < row["validation_accuracy"] for row in rows)
    assert (folder / "response.png").stat().st_size > 10_000
    assert "validation accuracy" in ran.stdout


def test_a_kill_leaves_what_goes_on(tmp_path, fault):
    """Not a second record, nor half of one; and another study is refused there."""
    long = ("--dataset=digits", "--seeds=1", "--steps=999999", "--evaluations=999999")
    often = ("--checkpoint_seconds=0", f"--output_dir={tmp_path}/r")
    process = start("experiments.train", *long, *often)
    while not list(tmp_path.glob("r.unfinished/*/*.json")):
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.communicate()
    process = start("experiments.train", *long, *often, "--requeue_signal=USR1")
    for line in process.stderr:
        if "r.unfinished" in line:
            break
    what = "SIGKILL at any instant, also while a checkpoint is written; then the same command"
    fault(what, line, "all up to the last whole checkpoint")
    second = run("experiments.train", *long, *often)
    assert second.returncode == 2
    assert f"process {process.pid} on " in second.stderr
    process.send_signal(signal.SIGUSR1)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 128 + signal.SIGUSR1
    last = said.splitlines()[-1]
    assert last == "told to stop by SIGUSR1; the same command goes on"
    what = "SIGTERM, SIGHUP, Ctrl-C or `--requeue_signal` (exit code: 128 and the signal's number)"
    fault(what, last, "all intervals up to now; within 5 s if the interval does not end by then")
    assert [path.name for path in tmp_path.iterdir()] == ["r.unfinished"]
    other = run("experiments.train", *long[:2], "--steps=9", *often)
    assert other.returncode == 2
    assert "is an unfinished study with" in other.stderr
    assert "--steps=999999" in other.stderr


def test_a_record_is_replaced_only_if_asked(tmp_path, fault):
    folder = tmp_path / "r"
    ran = [run("experiments.train", *TINY, f"--seed={seed}", *more, f"--output_dir={folder}")
           for seed, more in ((1, ()), (2, ()), (2, ("--overwrite",)))]  # fmt: skip
    assert [one.returncode for one in ran] == [0, 2, 0]
    assert "already holds a record; name a new directory, or replace it by --overwrite" in (
        ran[1].stderr
    )
    kept = "the old record until the new one is whole"
    fault("a record that is there already", ran[1].stderr, kept, code=2)
    assert "--seed=2" in (folder / "config.flags").read_text().splitlines()
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


SWALLOWER = """
import os, signal, sys, time
from dlfun.cli import app
from dlfun.cli import signals as ending
from dlfun.cli import study_flags as flags
ending.CLEANING = 2.0

def main(argv):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)
    except SystemExit:
        print("lost", flush=True)
    time.sleep(60)

app.run(main, flags.study_flags("train", model="bpnn", dataset="digits"))
"""


def test_a_lost_termination_is_raised_again():
    """As it is lost if it arrives in a callback of the garbage collector."""
    command = [sys.executable, "-c", SWALLOWER]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert ran.stdout == "lost\n"
    assert ran.returncode == 143


BAD = [
    (("--model=cmm",), "--model=cmm", "did you mean 'cnn'"),
    (("--dataset=mnist1",), "--dataset=mnist1", "did you mean 'mnist1d'"),
    (("--optimizer=adm",), "--optimizer=adm", "did you mean"),
    (("--rnn_cell=gro",), "--rnn_cell=gro", "gru"),
    (("--seeds=0",), "--seeds=0", "at least 1"),
    (("--steps=0",), "--steps=0", "at least 1"),
    (("--batch_size=0",), "--batch_size=0", "at least 1"),
    (("--learning_rate=-1",), "--learning_rate=-1", "at least 0"),
    (("--learning_rate=nan",), "--learning_rate=nan", "number"),
    (("--learning_rate=fast",), "--learning_rate=fast", "number"),
    (("--flagfile=no/such/file",), "--flagfile=no/such/file", "No such file"),
    (("--lerning_rate=1",), "--lerning_rate", "did you mean --learning_rate"),
    (("--output_dir=README.md",), "--output_dir=README.md", "is a file"),
    (("--batch_size=99999", "--dataset=digits"), "--batch_size=99999", "larger than the training"),
    (("--steps=5", "--epochs=1"), "--steps=5", "give one of them"),
]


@pytest.mark.parametrize(("flags", "name", "hint"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input_is_one_line_and_leaves_nothing(flags, name, hint, tmp_path):
    given = (*flags, *(() if "--output_dir" in flags[0] else (f"--output_dir={tmp_path}/out",)))
    ran = run("experiments.train", *given)
    assert ran.returncode == 2
    *earlier, line = ran.stderr.splitlines()
    assert all(said.startswith("dlfun: ") for said in earlier)
    assert line.startswith("error: ")
    assert name in line
    assert hint in line
    assert not list(tmp_path.iterdir())


UNFIT = [
    (("--model=perceptron", "--dataset=adding"), "--model=perceptron", "is for classification"),
    (("--vae_likelihood=bernoulli", "--model=vae"), "--vae_likelihood", "use gaussian"),
]


@pytest.mark.parametrize(("flags", "name", "hint"), UNFIT, ids=lambda value: str(value)[:40])
def test_what_does_not_fit_the_data_is_one_line_and_leaves_nothing(
    flags, name, hint, tmp_path, capsys
):
    """In this process, by all of `app.run` but signals and the set-up of JAX."""
    given = ["train", *flags, f"--output_dir={tmp_path}/out"]
    assert app.guarded(lambda: train.main(app.parse(train.FLAGS, given))) == 2
    out, err = capsys.readouterr()
    *earlier, line = err.splitlines()
    assert out == ""
    assert all(said.startswith("dlfun: ") for said in earlier)
    assert line.startswith("error: ")
    assert name in line
    assert hint in line
    assert not list(tmp_path.iterdir())


def test_bad_input_of_compare_and_sweep(tmp_path):
    for script, flags, hint in (
        ("compare", ("--models=",), "--models"),
        ("sweep", ("--grid", "learning_rat=1"), "did you mean 'learning_rate'"),
        ("sweep", ("--grid=learning_rate=0.1", "--validation_fraction=0"), "--validation_fraction"),
        ("sweep", (), "--grid"),
    ):
        ran = run(f"experiments.{script}", *flags, f"--output_dir={tmp_path}/out")
        assert ran.returncode == 2
        assert len(ran.stderr.splitlines()) == 1
        assert hint in ran.stderr
    assert not list(tmp_path.iterdir())


def test_a_record_is_not_overwritten(tmp_path):
    (tmp_path / "config.flags").touch()
    ran = run("experiments.train", f"--output_dir={tmp_path}")
    assert ran.returncode == 2
    assert "already holds a record" in ran.stderr


@pytest.mark.parametrize(
    "script",
    ["train", "sweep", "compare", "verify", "report", "predict", "sample", "export", "figures"],
)
def test_help_needs_no_jax(script):
    program = (
        f"import runpy, sys; sys.argv[1:] = ['--help']\n"
        f"try: runpy.run_module('experiments.{script}', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code\n"
        "sys.exit('jax' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "100"},
    )
    assert ran.returncode == 0
    own = {
        "verify": ("--members",),
        "report": ("--output_file", "--format"),
        "predict": ("--inputs", "--member=best|mean|ensemble|N", "--temperature=fit|NUMBER"),
        "sample": ("--count", "--prompt"),
        "export": ("--format", "safetensors"),
        "figures": ("--width=LENGTH", "--format=NAME"),
    }
    study = ("--learning_rate", "mnist1d", "perceptron")
    for word in own.get(script, study):
        assert word in ran.stdout
