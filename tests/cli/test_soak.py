"""Studies that are killed again and again at random instants, and lose nothing.

`make soak` kills each kind of study many times; the short form is among all tests.
"""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]

STEPS = ("--steps=600", "--evaluations=24", "--seeds=3", "--checkpoint_seconds=0")
SPACE = ("--space=learning_rate=log:1e-4:1e-1", "--trials=9", "--rounds=3")
TUNE = ("--tune", "--delta=0.01", "--trials=3", "--tuning_seeds=2")

KINDS = {
    "train": ("train", "--model=cnn", *STEPS),
    "sweep": ("sweep", "--model=rnn", "--grid=learning_rate=1e-3,1e-2", *STEPS),
    "compare": ("compare", "--models=softmax,cnn", *STEPS),
    "compare, two data sets": ("compare", "--models=bpnn,vae", "--datasets=digits,mnist1d", *STEPS),
    "compare --tune --baselines": ("compare", "--models=softmax,cnn", *TUNE, *STEPS,
                                   "--baselines=tree"),
    "compare --until_decided": ("compare", "--models=bpnn,vae", "--until_decided", "--looks=5,6",
                                "--max_seeds=6", *STEPS),
    "sweep --search=halving": ("sweep", "--model=cnn", "--search=halving", *SPACE, *STEPS),
    "sweep --search=pbt": ("sweep", "--model=bpnn", "--search=pbt", *SPACE, *STEPS),
    "sweep --search=tpe": ("sweep", "--model=bpnn", "--search=tpe", *SPACE, *STEPS),
    "searches": ("searches", "--datasets=digits", *SPACE, *STEPS),
    "compare --input=stream": ("compare", "--models=bpnn", "--input=stream", *STEPS),
}  # fmt: skip

SHORT = ("train", "--model=softmax", "--dataset=digits", "--steps=3000", "--evaluations=60",
         "--seeds=3", "--checkpoint_seconds=0")  # fmt: skip

HEARS = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Runs a command that hears Ctrl-C, which processes in the background ignore and hand down."""

UNEQUAL = ("seconds", "compile_seconds")
CODES = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}


def start(kind, folder):
    """The study as a process, which hears of Ctrl-C as one in a terminal does."""
    script, *flags = kind
    command = [sys.executable, "-c", HEARS, sys.executable, "-m", f"experiments.{script}"]
    command += [*flags, f"--output_dir={folder}"]
    with (folder.parent / "said.txt").open("ab") as said:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=said,
            stderr=said,
            env=os.environ | {"MPLBACKEND": "Agg"},
        )


def unfinished(folder):
    return folder.with_name(f"{folder.name}.unfinished")


def checkpoints(folder):
    """How many whole checkpoints there are, and how many that were being written."""
    manifests = list(unfinished(folder).glob("*/*.json"))
    begun = [path for path in unfinished(folder).glob("*/*") if path.is_dir()]
    return len(manifests), sum(not path.with_suffix(".json").exists() for path in begun)


def same(folder, wanted):
    """Asserts that two records are equal but for times."""
    rows = []
    for one in (folder, wanted):
        with (one / "members.csv").open(newline="") as file:
            rows.append(
                [{n: v for n, v in r.items() if n not in UNEQUAL} for r in csv.DictReader(file)]
            )
    assert rows[0] == rows[1]
    with np.load(folder / "history.npz") as a, np.load(wanted / "history.npz") as b:
        assert a.files == b.files
        for name in a.files:
            np.testing.assert_array_equal(a[name], b[name])
    for path in (wanted / "parameters").glob("*.npz"):
        with np.load(path) as a, np.load(folder / "parameters" / path.name) as b:
            for name in a.files:
                np.testing.assert_array_equal(a[name], b[name])
    if (wanted / "comparison.json").exists():
        pairs = [json.loads((one / "comparison.json").read_text()) for one in (folder, wanted)]
        assert pairs[0] == pairs[1]


def soak(kind, kills, folder, seed):
    """Kills a study so often; whenever it comes to its end, compares it, and begins anew.

    Returns what happened, by name.
    """
    rng = random.Random(seed)
    wanted, out = folder / "wanted", folder / "out"
    begun = time.monotonic()
    assert start(kind, wanted).wait() == 0, (folder / "said.txt").read_text()
    whole = time.monotonic() - begun
    told = {"seconds whole": f"{whole:.1f}", "KILL": 0, "TERM": 0, "INT": 0}
    told |= {"while writing": 0, "resumed from": 0, "finished": 0}
    done = 0
    while True:
        process = start(kind, out)
        if done < kills:
            time.sleep(rng.uniform(0.25, 1.0) * whole)
            number = rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
            process.send_signal(number)
        code = process.wait(timeout=300)
        if code != 0 and not out.exists():
            # The second: before the script listens to signals, which it does first of all.
            assert code in (CODES[number], -number), (folder / "said.txt").read_text()[-3000:]
            whole_ones, halves = checkpoints(out)
            told[number.name.removeprefix("SIG")] += 1
            told["while writing"] += bool(halves)
            told["resumed from"] += bool(whole_ones)
            done += 1
            continue
        same(out, wanted)
        assert not unfinished(out).exists()
        told["finished"] += 1
        if done >= kills:
            return told
        shutil.rmtree(out)


def test_a_study_killed_at_random_ends_as_one_that_was_not(tmp_path):
    told = soak(SHORT, 1, tmp_path, seed=4)
    assert told["finished"] >= 1


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_soak(kind, tmp_path):
    kills = int(os.environ.get("KILLS", "50"))
    share = -(-kills // len(KINDS))
    told = soak(KINDS[kind], share, tmp_path, seed=list(KINDS).index(kind))
    print(f"{kind}: {told}")
    assert sum(told[name] for name in ("KILL", "TERM", "INT")) == share
