import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from dlfun.cli import main as console
from dlfun.cli.main import COMMANDS
from dlfun.commands import command, in_form

ROOT = Path(__file__).resolve().parents[2]


def said(capsys, *arguments):
    sys.argv[:] = ["/usr/bin/dlfun", *arguments]
    try:
        console.main()
        code = 0
    except SystemExit as end:
        code = end.code
    return code, *capsys.readouterr()


@pytest.fixture(autouse=True)
def arguments(monkeypatch):
    monkeypatch.setattr(sys, "argv", [])


def test_alone_it_lists_every_command_on_a_line(capsys):
    code, out, _ = said(capsys)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ")] == [*COMMANDS]
    assert max(map(len, out.splitlines())) <= 100


def test_what_is_no_command_is_told_the_nearest(capsys):
    code, out, error = said(capsys, "comprae", "--seeds=3")
    assert (code, out) == (2, "")
    assert error == (
        "error: unknown command 'comprae'; did you mean compare? dlfun alone lists all commands\n"
    )


def test_each_command_is_a_module_a_script_and_a_line():
    modules = {path.stem for path in (ROOT / "dlfun/cli/commands").glob("[a-z]*.py")}
    scripts = {path.stem for path in (ROOT / "experiments").glob("[a-z]*.py")}
    assert modules == scripts == set(COMMANDS)
    for name in COMMANDS:
        tree = ast.parse((ROOT / f"experiments/{name}.py").read_text())
        assert len(tree.body) == 3, "a docstring, an import and the start"
        own = importlib.import_module(f"dlfun.cli.commands.{name}")
        assert callable(own.start)
        assert ast.get_docstring(tree).splitlines()[0] == own.__doc__.splitlines()[0]


FORMS = {
    "installed": (["-m", "dlfun", "train"], "dlfun train"),
    "in a clone": (["-m", "experiments.train"], "python -m experiments.train"),
}


@pytest.mark.parametrize("form", FORMS)
def test_help_names_the_command_as_it_was_started(form):
    words, called = FORMS[form]
    run = subprocess.run(
        [sys.executable, *words, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert f"usage: {called} [--flag=value ...]" in run.stdout
    assert f"    {called} --model=cnn" in run.stdout
    other = next(text for name, (_, text) in FORMS.items() if name != form)
    assert f"{other} " not in run.stdout


def test_a_line_of_a_record_names_its_command_in_either_form(monkeypatch):
    assert command("predict") == "dlfun predict"
    spec = type("Spec", (), {"name": "experiments.train"})
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", spec)
    assert command("predict") == "python -m experiments.predict"
    assert in_form("python -m experiments.train") == "python -m experiments.train"


@pytest.mark.parametrize("words", [["help", "train"], ["train", "--help"]])
def test_help_of_a_command_is_asked_for_in_two_ways(words, capsys):
    code, out, _ = said(capsys, *words)
    assert not code
    assert "usage: dlfun train [--flag=value ...]" in out


NEEDLESS = ("jax", "flax", "matplotlib", "scipy.stats", "sklearn", "tensorflow_datasets")


@pytest.mark.parametrize("arguments", [[], *([name, "--help"] for name in COMMANDS)], ids=str)
def test_help_imports_nothing_slow(arguments):
    program = (
        "import sys; sys.argv[1:] = sys.argv[2:]\n"
        "from dlfun.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        f"sys.exit(str([name for name in {NEEDLESS} if name in sys.modules]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, "dlfun", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.stderr.strip() == "[]", run.stderr
