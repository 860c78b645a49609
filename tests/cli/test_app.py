"""Promises about how a script starts and ends: help, errors in one line, exit codes, JAX."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from dlfun.cli import app, help_text, runtime, study_flags
from dlfun.cli.common_flags import COMMON
from dlfun.data import DATASETS
from dlfun.errors import UserError
from dlfun.models import MODELS

ROOT = Path(__file__).resolve().parents[2]
FIRST = next(iter(DATASETS))

SCRIPT = """'''A script of the tests.'''
import sys
from dlfun.cli import app
from dlfun.cli import study_flags as flags
FLAGS = flags.study_flags("compare", models="bpnn,cnn", datasets={dataset!r})
def main(argv):
    options = flags.study_options(FLAGS)
{body}
app.run(main, FLAGS)
"""

JAX_BODY = """
import jax, numpy, warnings
from jax import monitoring
events = []
monitoring.register_event_listener(lambda name, **_: events.append(name.split("/")[-1]))
mesh = jax.sharding.Mesh(numpy.array(jax.devices()), "m")
x = jax.device_put(numpy.ones((len(jax.devices()), 3)), jax.NamedSharding(mesh, jax.P("m")))
print(len(jax.devices()), jax.jit(lambda x: jax.numpy.tanh(x) @ x.T)(x).dtype)
print("misses", events.count("cache_misses"))
config = jax.config.values
print(*(config["jax_" + n] for n in ("threefry_partitionable", "default_prng_impl")))
print(config["jax_default_matmul_precision"])
"""


def new_values():
    return study_flags.study_flags("compare", models="bpnn,cnn", datasets=FIRST)


VALUES = new_values()


def read(*args):
    """What a script does with its flags before it computes; the exit code if it ends there."""

    def body():
        app.parse(VALUES, ["script", *args], "What it does.")
        study_flags.study_options(VALUES)

    return app.guarded(body)


@pytest.fixture
def start(tmp_path):
    """Starts a script with a body in a process of its own."""
    started = []

    def start_script(body, *args, **options):
        path = tmp_path / "dummy.py"
        indented = "".join(f"    {line}\n" for line in body.strip().splitlines())
        path.write_text(SCRIPT.format(body=indented, dataset=FIRST))
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
        environment["JAX_COMPILATION_CACHE_DIR"] = str(tmp_path / "programs")
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, str(path), *args]
        pipes |= {"cwd": tmp_path, "env": environment}
        started.append(subprocess.Popen(command, **(pipes | options)))
        return started[-1]

    yield start_script
    for process in started:
        process.kill()
        process.communicate()


def end(process):
    """Exit code, stdout and stderr of a process."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


BAD = [
    ("--modells=cnn", "unknown flag --modells; did you mean --models?"),
    ("--lr=0.1", "unknown flag --lr; did you mean --learning_rate?"),
    ("--norn_bidirectional", "unknown flag --norn_bidirectional; did you mean --rnn_bidirectional"),
    ("--models=cnnn", "--models=cnnn: unknown model 'cnnn'; did you mean 'cnn'?"),
    ("--models=", "--models=: name at least one model, such as perceptron"),
    ("--models=,", "--models=,: name at least one model"),
    ("--models=cnn,", "unknown model ''"),
    ("--models=cnn,bpnn,cnn", "model 'cnn' is given twice"),
    ("--datasets=mnist1", "--datasets=mnist1: unknown dataset 'mnist1'; did you mean 'mnist1d'?"),
    ("--optimizer=adan", "--optimizer=adan: unknown optimizer 'adan'; did you mean 'adam'?"),
    ("--optimizer=cnn:adan", "--optimizer=cnn:adan: cnn: unknown optimizer 'adan'"),
    ("--rnn_cell=lstn", "--rnn_cell=lstn: unknown cell 'lstn'; did you mean 'lstm'?"),
    ("--activation=relo", "--activation=relo: unknown activation 'relo'; did you mean 'relu'?"),
    ("--activation=softmax:relu", "--activation=softmax:...: softmax has no activation"),
    ("--schedule=cosin", "--schedule=cosin: unknown schedule 'cosin'; did you mean 'cosine'?"),
    ("--keep=bst", "--keep=bst: unknown keep 'bst'; did you mean 'best'?"),
    ("--platform=gpus", "--platform=gpus: unknown platform 'gpus'; did you mean 'gpu'?"),
    ("--seeds=0", "--seeds=0: must be a whole number, at least 1"),
    ("--seeds=2.5", "--seeds=2.5: must be a whole number, at least 1"),
    ("--seeds=", "--seeds=: must be a whole number, at least 1"),
    ("--seeds", "--seeds"),
    ("--steps=0", "--steps=0: must be a whole number, at least 1"),
    ("--steps=99999999999", "--steps=99999999999: must be a whole number, at least 1"),
    ("--steps=5 --epochs=2", "--steps=5 and --epochs=2: give one of them"),
    ("--epochs=0", "--epochs=0: must be a number, above 0 and finite"),
    ("--batch_size=0", "--batch_size=0: must be a whole number, at least 1"),
    ("--seed=-1", "--seed=-1: must be a whole number, at least 0 and at most 4294967295"),
    ("--seed=4294967296", "at most 4294967295"),
    ("--seeds=1000000000000", "must be a whole number, at least 1 and at most 2147483647"),
    ("--bpnn_widths=9999999999", "must be whole numbers, each at most 2147483647"),
    ("--learning_rate=-1", "--learning_rate=-1: must be a number, at least 0 and finite"),
    ("--learning_rate=nan", "--learning_rate=nan: must be a number, at least 0 and finite"),
    ("--learning_rate=inf", "--learning_rate=inf: must be a number, at least 0 and finite"),
    ("--learning_rate=fast", "--learning_rate=fast: must be a number, at least 0 and finite"),
    ("--learning_rate=cnn:nan", "--learning_rate=cnn:nan: cnn: must be a number"),
    ("--learning_rate=cnnn:1", "--learning_rate=cnnn:1: unknown model 'cnnn'; did you mean 'cnn'?"),
    ("--learning_rate=1.5,2.5", "--learning_rate=1.5,2.5: gives all models a value twice; it must"),
    ("--learning_rate=cnn:1,cnn:2", "gives cnn a value twice"),
    ("--dropout_rate=1", "--dropout_rate=1: must be a number, at least 0 and below 1"),
    ("--gradient_clip=0", "--gradient_clip=0: must be a number, above 0"),
    ("--label_smoothing=1.1", "--label_smoothing=1.1: must be a number, at least 0 and at most 1"),
    ("--validation_fraction=1", "--validation_fraction=1: must be a number, at least 0 and below"),
    ("--permute_features=maybe", "--permute_features=maybe: must be true or false"),
    ("--nornn_bidirectional=true", "--nornn_bidirectional"),
    ("--bpnn_widths=", "--bpnn_widths=: must be whole numbers, each at least 1"),
    ("--bpnn_widths=10,0", "--bpnn_widths=10,0: must be whole numbers, each at least 1"),
    ("--cnn_padding=-1", "--cnn_padding=-1: must be whole numbers, each at least 0"),
    ("--vae_latent=0", "--vae_latent=0: must be a whole number, at least 1"),
    ("--layout=2", "--layout=2: must be auto, explain, or devices x members at once on each"),
    ("--layout=cnn:0x1", "--layout=cnn:0x1: cnn: must be auto, explain, or devices x members"),
    ("--layout=2x1+fast", "--layout=2x1+fast: must be auto, explain, or devices x members"),
    ("--layout=cnn:2x1+hoisted", "--layout=cnn:2x1+hoisted: cnn does not compute by hoisted; its"),
    ("--memory_limit=5", "--memory_limit=5: must be a number with a unit, such as 800MiB or 1.5"),
    ("--convolution=fft", "--convolution=fft: unknown convolution 'fft'"),
    ("--flagfile=missing", "--flagfile=missing: No such file or directory"),
    ("--flagfile=.", "--flagfile=.: Is a directory"),
    ("--flagfile=", "--flagfile=: name the file"),
    ("--flagfile", "--flagfile=: name the file"),
    ("--flagfile=bytes", "--flagfile=bytes: not a text file"),
    ("--flagfile=spaced", "--steps 5: write --steps=5"),
    ("--dataset=caf\udce9.csv", r"argument '--dataset=caf\udce9.csv' is no text in utf-8; rename"),
    ("cnn", "unexpected argument 'cnn': all arguments are flags"),
    ("--seeds=2 steps=5", "unexpected argument 'steps=5': all arguments are flags, such as --step"),
    ("--permute_features false", "unexpected argument 'false'"),
    ("--manual_dir=missing", "--manual_dir=missing: is not a directory"),
    ("--data_dir=bytes", "--data_dir=bytes: is not a directory"),
    ("--output_dir=", "--output_dir=: must not be empty"),
    ("--output_dir=bytes", "--output_dir=bytes: is a file; name a new directory"),
    ("--output_dir=bytes/inner", "--output_dir=bytes/inner: "),
    ("--output_dir=full", "--output_dir=full: is not empty; name a new directory"),
    ("--output_dir=record", "--output_dir=record: already holds a record; name a new directory"),
]


@pytest.mark.parametrize(("args", "why"), BAD, ids=[args for args, _ in BAD])
def test_bad_input_is_one_line_and_exit_code_2(args, why, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("bytes").write_bytes(b"\xff\xfe\x00")
    Path("spaced").write_text("--steps 5\n")
    for folder, name in (("full", "x"), ("record", "config.flags")):
        Path(folder).mkdir()
        Path(folder, name).touch()
    before = sorted(Path().rglob("*"))
    assert read(*args.split()) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("error: ")
    assert why in err
    assert sorted(Path().rglob("*")) == before


def test_flags_that_do_not_go_together_are_refused_before_jax_starts():
    with pytest.raises(UserError, match="give one of them"):
        app.parse(VALUES, ["script", "--steps=5", "--epochs=2"])


JUNK = ["", " ", "nan", "-1", "1e999", "x:1", "cnn:", ":", ",", "a,b", "\x00", "ü" * 500, "a\n--b"]


@pytest.mark.parametrize("name", VALUES)
def test_junk_is_refused_in_one_line_that_names_the_flag(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for junk in JUNK:
        code = read(f"--{name}={junk}")
        err = capsys.readouterr().err
        assert code in (None, 2)
        assert err.count("\n") == (code == 2)
        assert len(err) < 300 or name.endswith("_dir")
        assert code is None or err.startswith(f"error: --{name}=")


@pytest.mark.parametrize("asked", ["--help", "-h", "-help", "--helpfull", "-?"])
def test_help_goes_before_everything(asked, capsys):
    assert read("--no_such_flag", asked, "stray") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("What it does.\n")


@pytest.mark.parametrize("width", [60, 80, 100])
def test_help_tells_of_every_flag_and_fits_the_terminal(width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    values = study_flags.study_flags("sweep", model="bpnn", dataset=FIRST)
    text = help_text.help_text(values, "What it does.")
    assert max(map(len, text.splitlines())) <= width
    for name in values:
        assert f"--[no]{name}" in text or f"--{name}=" in text
    for name in (*MODELS, *DATASETS, "--flagfile", "adamw", "cosine", "(default: 0.003)"):
        assert name in text
    titles = ("Study", "Data", "Training", "Numbers", "Search", "Shape of cnn", "Output & machine")
    assert all(f"\n{title}:\n" in text for title in titles)
    assert "verbosity" not in text


def test_the_short_help_has_the_flags_that_people_use(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    seen = set()
    for study in ("train", "compare", "sweep"):
        values = study_flags.study_flags(study)
        text = help_text.help_text(values, "What it does.", full=False)
        shown = [name for name in values if f"--[no]{name}" in text or f"\n  --{name}=" in text]
        seen |= {
            (title, name)
            for title, flags in help_text.groups(values).items()
            for name in [flag.name for flag in flags]
            if name in shown
        }
        assert 15 < len(shown) <= 30
        left = re.search(r"^(\d+) more flags.* --helpfull$", text.splitlines()[-1])
        assert int(left[1]) == len(list(values)) - len(shown)
    assert seen == {(title, name) for title, names in COMMON.items() for name in names}


def test_help_needs_no_jax():
    code = "import sys, runpy; sys.argv = ['train', '--help']\n"
    code += "try: runpy.run_module('experiments.train', run_name='__main__', alter_sys=True)\n"
    code += "except SystemExit as end: sys.exit(f'{end.code} {\"jax\" in sys.modules}')"
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert process.stderr == "0 False\n"
    assert "--learning_rate" in process.stdout


def test_help_may_be_cut_short(start):
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = start("", "--help", stdout=write_end)
    os.close(write_end)
    assert end(process) == (0, None, "")


def test_a_script_in_a_process_of_its_own(start, tmp_path):
    assert end(start("", "--modles=cnn"))[0] == 2
    code, out, err = end(start("", "--flagfile=missing"))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: --flagfile=missing: No such file or directory")
    assert [path.name for path in tmp_path.iterdir()] == ["dummy.py"]


def test_jax_is_set_up_and_its_programs_are_kept(start):
    first = end(start(JAX_BODY, "--layout=cnn:3x1"))
    devices = max(3, runtime.usable_cores())
    lines = first[1].splitlines()
    assert (first[0], first[2]) == (0, "")
    assert lines[0] == f"{devices} float32"
    assert int(lines[1].split()[1]) > 0
    assert lines[2] == "True threefry2x32"
    assert lines[3] == "None"
    second = end(start(JAX_BODY, "--layout=cnn:3x1"))
    assert (second[0], second[2]) == (0, "")
    assert second[1].splitlines()[1] == "misses 0"


def test_float64_and_a_cache_that_cannot_be_written(start, tmp_path):
    (tmp_path / "programs").touch()
    code, out, err = end(start(JAX_BODY, "--precision=float64", "--matmul_precision=highest"))
    assert code == 0
    assert out.splitlines()[0] == f"{runtime.usable_cores()} float64"
    assert out.splitlines()[3] == "highest"
    assert err.startswith(f"warning: no compilation cache at {tmp_path}/programs: ")
    assert err.count("\n") == 1


def test_what_a_killed_process_left_in_the_cache_is_replaced(start, tmp_path):
    assert end(start(JAX_BODY, "--seeds=2"))[0] == 0
    entries = list((tmp_path / "programs").glob("*-cache"))
    for i, path in enumerate(entries):
        path.write_bytes(path.read_bytes()[: 20 * (i % 2)])
    for misses in (True, False):
        code, out, err = end(start(JAX_BODY))
        assert (code, err) == (0, "")
        assert ("misses 0" not in out) == misses


def test_a_cache_without_room_is_said_once(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(warnings, "showwarning", lambda *what: print("shown", what[0]))
    runtime.mend_cache(str(tmp_path))
    for name in ("jit_a", "jit_b"):
        (tmp_path / f"{name}-0f-cache").touch()
        text = f"Error writing persistent compilation cache entry for '{name}': OSError: "
        warnings.showwarning(f"{text}[Errno 28] No space left on device", UserWarning, "f", 1)
    warnings.showwarning("another", UserWarning, "f", 1)
    assert not list(tmp_path.iterdir())
    out, err = capsys.readouterr()
    assert out == "shown another\n"
    assert err.count("\n") == 1
    assert f"the compilation cache at {tmp_path}: No space left on device; JAX" in err


def test_a_platform_that_is_not_here(start):
    code, out, err = end(start("import jax; jax.devices('cpu')", "--platform=gpu"))
    if code == 0:
        pytest.skip("there is a GPU here")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("error: --platform=gpu: no such device here; ")


WAITING = """
import time
try:
    print("ready", flush=True)
    time.sleep(60)
finally:
    print("cleaned up")
"""


@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGTERM, "terminated\n"), (signal.SIGINT, "interrupted\n")]
)
def test_a_signal_ends_the_script_after_cleaning_up(start, number, said):
    process = start(WAITING)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    process.send_signal(number)
    assert end(process) == (128 + number, "cleaned up\n", said)


LOST = """
import gc, time
def callback(phase, info):
    gc.callbacks.clear()
    print("ready", flush=True)
    time.sleep(60)
gc.callbacks.append(callback)
try:
    gc.collect()
    time.sleep(60)
finally:
    print("cleaned up")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_falls_into_the_garbage_collector_is_not_lost(start, number):
    process = start(LOST)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    process.send_signal(number)
    code, out, err = end(process)
    assert (code, out, err.count("\n")) == (128 + number, "cleaned up\n", 1)


COMPILED = """
import jax
from dlfun.cli import signals as ending
ending.GRACE = 0.5
spin = jax.jit(lambda x: jax.lax.while_loop(lambda x: x < 2, lambda x: jax.numpy.sin(x), x))
print("ready", flush=True)
spin(1.0).block_until_ready()
"""


def test_a_compiled_program_does_not_keep_a_script_alive(start):
    process = start(COMPILED)
    assert process.stdout.readline() == "ready\n"
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    assert end(process) == (143, "", "terminated\n")


STUBBORN = """
import time
from dlfun.cli import signals as ending
ending.AGAIN = 0.0
try:
    print("ready", flush=True)
    time.sleep(60)
finally:
    print("cleaning", flush=True)
    time.sleep(60)
"""


def test_another_signal_ends_the_script_at_once(start):
    process = start(STUBBORN)
    for said in ("ready\n", "cleaning\n"):
        assert process.stdout.readline() == said
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
    assert end(process) == (130, "", "interrupted\n")


DEAF = """
import time
from dlfun.cli import signals as ending
ending.CLEANING = 0.5
try:
    print("ready", flush=True)
    time.sleep(60)
except BaseException:
    time.sleep(60)
"""


def test_a_script_that_does_not_end_is_ended(start):
    process = start(DEAF)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGHUP)
    assert end(process) == (129, "", "hung up\n")


def test_an_error_of_the_program_shows_its_traceback(start):
    code, _, err = end(start("raise LookupError('a bug')"))
    assert code == 1
    assert err.startswith("Traceback")
    assert err.endswith("LookupError: a bug\n")


class JaxRuntimeError(RuntimeError):
    """Named as JAX's own."""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("two\nlines"), "error: two lines"),
        (OSError(errno.ENOSPC, "No space left on device"), "error: No space left on device; make"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "error: /x: Permission denied;"),
        (MemoryError(), "error: out of memory; give --layout a smaller width"),
        (
            JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes.\nmore"),
            "error: Out of memory allocating 8 bytes.; give --layout a smaller width",
        ),
    ],
)
def test_what_the_user_can_mend_is_one_line(error, line, capsys):
    def body():
        raise error

    assert app.guarded(body) == 2
    err = capsys.readouterr().err
    assert err.startswith(line)
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "error", [ValueError("a bug"), FileNotFoundError(2, "none", "x"), JaxRuntimeError("INTERNAL")]
)
def test_what_the_user_cannot_mend_is_raised(error):
    def body():
        raise error

    with pytest.raises(type(error)):
        app.guarded(body)


def test_an_interrupt_has_its_exit_code(capsys):
    def body():
        raise KeyboardInterrupt

    assert app.guarded(body) == 130
    assert capsys.readouterr().err == ""


def test_peak_memory_is_in_bytes():
    held = bytearray(300 * 2**20)
    assert 300 * 2**20 < runtime.peak_memory() < 2**40
    del held


def test_where_programs_are_kept(monkeypatch, tmp_path):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert runtime.cache_dir() == str(tmp_path / "dlfun" / "compilation")
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "gs://bucket/programs")
    assert runtime.cache_dir() == "gs://bucket/programs"
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "")
    assert runtime.cache_dir() is None
