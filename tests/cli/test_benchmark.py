"""The benchmark as a user runs it: flags, one line for what is wrong, a short run, a verdict."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dlfun.benchmark.works import NAMES, WORKS
from dlfun.cli import app
from dlfun.cli.commands import benchmark
from dlfun.types import Layout

ROOT = Path(__file__).resolve().parents[2]
SHORT = ("--quick", "--works=softmax", "--repeats=3", "--steps=2", "--seconds=0.01")


def read(*arguments):
    """The options that a script makes of its flags; the exit code where it ends before."""
    found = []

    def body():
        app.parse(benchmark.FLAGS, ["benchmark", *arguments], "What.", benchmark.check)
        found.append(benchmark.benchmark_options(benchmark.FLAGS))

    code = app.guarded(body)
    return found[0] if found else code


def run(*arguments, program=("-m", "experiments.benchmark")):
    command = [sys.executable, *program, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)


SMALL = """
import dataclasses
from dlfun.cli import app
from dlfun.cli.commands import benchmark
whole = benchmark.benchmark_options
benchmark.benchmark_options = lambda values: dataclasses.replace(
    whole(values), setup="tests.sides:small_device"
)
app.run(benchmark.main, benchmark.FLAGS, check=benchmark.check)
"""


def test_defaults():
    options = read()
    assert options.works == tuple(WORKS)
    assert options.scaling == options.works
    assert (options.peers, options.repeats, options.layout) == (("torch",), 5, None)
    assert options.output_dir is None


def test_quick_gives_way_to_flags():
    options = read("--quick")
    assert len(options.works) == 4
    assert options.scaling == options.works[-1:]
    assert (options.repeats, options.members_max) == (3, 4)
    options = read("--quick", "--works=vae,published", "--repeats=7", "--scaling")
    assert (options.works, options.repeats) == (("vae", "published"), 7)
    assert options.scaling == ("vae",)
    assert read("--quick", "--noscaling").scaling == ()


def test_names():
    assert read("--works=all").works == NAMES
    assert read("--peers=none").peers == ()
    assert "sklearn" in read("--peers=all").peers
    options = read("--layout=2x5", "--members=7", "--steps=9", "--precision=float64")
    assert options.layout == Layout(2, 5)
    assert (options.work("bpnn64").members, options.work("bpnn64").steps) == (7, 9)
    assert options.work("cnn").members == 7


def test_flags_replay():
    given = ("--works=vae", "--peers=none", "--repeats=2", "--noscaling", "--layout=1x1")
    lines = read(*given).flags
    again = read(*lines)
    assert again.flags == lines
    assert (again.works, again.peers, again.scaling, again.layout) == (
        ("vae",),
        (),
        (),
        Layout(1, 1),
    )


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--works=vea", "--works=vea: unknown work 'vea'; did you mean 'vae'?"),
        ("--peers=torhc", "--peers=torhc: unknown peer 'torhc'; did you mean 'torch'?"),
        ("--repeats=0", "--repeats=0: must be a whole number, at least 1"),
        ("--members_max=x", "--members_max=x: must be a whole number"),
        ("--seconds=0", "--seconds=0: must be a number, above 0 and finite"),
        ("--precision=float8", "--precision=float8: unknown precision"),
        ("--layout=2", "--layout=2: must be auto, explain, or devices x members"),
        ("--platform=gpus", "--platform=gpus: unknown platform 'gpus'"),
        ("--work=vae", "unknown flag --work; did you mean --works?"),
        ("--fail_on_regression", "--fail_on_regression needs a --baseline"),
        ("--output_dir=README.md", "--output_dir=README.md: is a file"),
        ("vae", "unexpected argument 'vae': all arguments are flags, such as --repeats=3"),
    ],
)
def test_bad_input_is_one_line(flag, said, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert read(flag) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"error: {said}")


def test_a_baseline_that_is_missing_ends_it_at_once(tmp_path):
    ran = run(f"--baseline={tmp_path}/none.json", f"--output_dir={tmp_path}/out")
    assert ran.returncode == 2
    assert ran.stderr == (
        f"error: --baseline={tmp_path}/none.json: No such file or directory; name a "
        "benchmark.json\n"
    )
    assert not list(tmp_path.iterdir())


def test_help_needs_no_jax():
    program = (
        "import runpy, sys; sys.argv[1:] = ['--help']\n"
        "try: runpy.run_module('experiments.benchmark', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code\n"
        "sys.exit('jax' in sys.modules)"
    )
    environment = os.environ | {"COLUMNS": "100"}
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr
    for word in ("--works", "mnist1d_gru", "torch_func", "--[no]quick", "runs/benchmark-DATE-TIME"):
        assert word in ran.stdout


@pytest.mark.slow
def test_a_short_run_and_its_verdict(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    flags = ("--peers=flax_jit", "--members_max=2", f"--trace_dir={tmp_path}/trace")
    ran = run(*SHORT, *flags, f"--output_dir={first}")
    assert ran.returncode == 0, ran.stderr
    for word in ("GFLOP/s", "flax_jit", "member steps/s", f"record: {first}"):
        assert word in ran.stdout
    assert {path.name for path in first.iterdir()} == {
        "benchmark.json",
        "config.flags",
        "roofline.png",
        "scaling.png",
        "checksums.txt",
    }
    assert list((tmp_path / "trace" / "softmax").rglob("*.xplane.pb"))
    record = json.loads((first / "benchmark.json").read_text())
    (row,) = record["rows"]
    assert row["peers"][0]["status"] == "ok"
    row["step_seconds"] = [seconds / 1000 for seconds in row["step_seconds"]]
    (first / "benchmark.json").write_text(json.dumps(record))
    flags = ("--peers=none", "--noscaling", f"--baseline={first}", "--fail_on_regression")
    ran = run(*SHORT, *flags, f"--output_dir={second}", program=("-c", SMALL))
    assert ran.returncode == 1, ran.stderr
    assert "slower" in ran.stdout
    assert json.loads((second / "benchmark.json").read_text())["verdicts"][0]["ratio"] > 100
