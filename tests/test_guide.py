"""The worked examples of the guide, carried out as they say, on a copy of the project."""

import csv
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
TABLE = {
    "MODELS": "models/__init__.py",
    "DATASETS": "data/__init__.py",
    "OBJECTIVES": "objectives/__init__.py",
    "TASKS": "objectives/tasks.py",
    "METRICS": "objectives/metrics.py",
}


def example(title: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[str]]:
    """Files (path, text), rows (name of the table, text), and the command."""
    text = re.split("\n##+ ", (ROOT / "experiments/GUIDE.md").read_text().split(f"# {title}")[1])[0]
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


def scores(folder: Path, title: str, count: int, metric: str, steps: int) -> dict[str, float]:
    """Carries an example of so many rows out; model -> its score, the last of its runs."""
    files, rows, command = example(title)
    assert len(rows) == count
    for name in ("dlfun", "experiments"):
        shutil.copytree(ROOT / name, folder / name)
    for name, text in files:
        assert not (ROOT / name).exists()
        (folder / name).write_text(text)
    for name, row in rows:
        path = folder / "dlfun" / TABLE[name]
        source, found = re.subn(
            rf"^({name}: .* = {{\n)", rf"\g<1>{row}", path.read_text(), flags=re.M
        )
        assert found == 1
        path.write_text(source)
    assert command[:2] == ["python", "-m"]
    changes = [f"--steps={steps}", "--seeds=2", "--output_dir=out"]
    ran = subprocess.run(
        [sys.executable, *command[1:], *changes], cwd=folder, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    with (folder / "out" / "members.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    return {row["model"]: float(row[metric]) for row in found} | {
        "chance": float(found[0]["chance"])
    }


def test_a_model_a_data_set_and_an_objective_of_ones_own(tmp_path):
    found = scores(tmp_path, "A model, a data set, an objective", 3, "test_accuracy", 300)
    assert found["quadratic"] > 0.95 > 0.7 > found["softmax"]


def test_a_task_of_ones_own(tmp_path):
    """The quantile of an exponential law is known, and so is the least loss that can be."""
    found = scores(tmp_path, "A task of your own", 4, "test_pinball", 500)
    rng = np.random.default_rng(0)
    busy = rng.uniform(-1, 1, 200_000)
    short = rng.exponential(np.exp(busy)) - np.log(10) * np.exp(busy)
    least = np.maximum(0.9 * short, -0.1 * short).mean()
    assert found["bpnn"] < found["softmax"] < found["chance"]
    assert found["bpnn"] == pytest.approx(least, rel=0.1)
