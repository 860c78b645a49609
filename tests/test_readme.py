"""The worked example of the README, carried out as it says, on a copy of the project."""

import csv
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = {"MODELS": "models", "DATASETS": "data", "OBJECTIVES": "objectives"}


def example() -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[str]]:
    """Files (path, text), rows (name of the table, text), and the command."""
    text = (ROOT / "README.md").read_text().split("## A model, a data set, an objective")[1]
    parts = re.findall(r"([^`]*(?:`[^`\n]+`[^`]*)*)```(python|console)\n(.*?)```", text, re.DOTALL)
    files, rows, command = [], [], []
    for words, kind, block in parts:
        named = re.findall(r"`([^`\n]+)`", words)
        if kind == "console":
            command = shlex.split(block.removeprefix("$ "))
        elif block.startswith("    "):
            rows.append((next(name for name in named if name in TABLE), block))
        else:
            files.append((named[0], block))
    return files, rows, command


def test_worked_example_runs(tmp_path):
    files, rows, command = example()
    assert len(files) == len(rows) == 3
    for name in ("dlfun", "experiments"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name, text in files:
        assert not (ROOT / name).exists()
        (tmp_path / name).write_text(text)
    for name, row in rows:
        path = tmp_path / "dlfun" / TABLE[name] / "__init__.py"
        source, count = re.subn(
            rf"^({name}: .* = {{\n)", rf"\g<1>{row}", path.read_text(), flags=re.M
        )
        assert count == 1
        path.write_text(source)
    assert command[:2] == ["python", "-m"]
    changes = ["--steps=300", "--seeds=2", "--output_dir=out"]
    ran = subprocess.run(
        [sys.executable, *command[1:], *changes], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    with (tmp_path / "out" / "members.csv").open(newline="") as file:
        accuracy = {row["model"]: float(row["test_accuracy"]) for row in csv.DictReader(file)}
    assert accuracy["quadratic"] > 0.95 > 0.7 > accuracy["softmax"]
