"""The wheel, built from a copy of the source and used where nothing else of dlfun is."""

import configparser
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.inference.test_coming_back import check_lesson

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("dlfun", "experiments", "LICENSE", "README.md", "pyproject.toml")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder that a wheel's files lie in."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for part in PARTS:
        path = ROOT / part
        if path.is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "pictures")
            shutil.copytree(path, source / part, symlinks=True, ignore=ignore)
        else:
            shutil.copy(path, source)
    options = ("--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", folder)
    command = [sys.executable, "-m", "pip", "wheel", *options, source]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("dlfun-*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def run(site, folder, *arguments):
    environment = os.environ | {"PYTHONPATH": str(site)}
    command = [sys.executable, "-m", "dlfun", *map(str, arguments)]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_wheel_holds_the_command_and_the_one_copy_of_the_recipes(installed):
    recipes = {path.name for path in (ROOT / "experiments" / "recipes").iterdir()}
    assert {path.name for path in (installed / "dlfun" / "recipes").iterdir()} == recipes
    assert {path.name.partition("-")[0] for path in installed.iterdir()} == {"dlfun"}
    scripts = configparser.ConfigParser()
    scripts.read(next(installed.glob("dlfun-*.dist-info")) / "entry_points.txt")
    assert dict(scripts["console_scripts"]) == {"dlfun": "dlfun.cli.main:main"}


def test_an_extra_that_is_lacking_is_installed_as_dlfun_was(installed):
    command = [
        sys.executable,
        "-c",
        "from dlfun.errors import *; print(missing_extra('A', 'x', 'B'))",
    ]
    for root, how in (
        (installed, "'dlfun[x]'"),
        (ROOT, "--require-hashes -r locks/x.txt in dlfun's own folder"),
    ):
        said = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
        assert said == f"A needs the extra x, which is not installed: pip install {how}, or B\n"


@pytest.mark.slow
def test_a_study_its_use_and_a_recipe_from_the_wheel(installed, tmp_path):
    short = ("--seeds=2", "--steps=3", "--evaluations=1")
    run(installed, tmp_path, "compare", "--models=softmax", "--datasets=xor", *short,
        "--output_dir=study")  # fmt: skip
    np.save(tmp_path / "new.npy", np.array([[0.0, 1.0], [1.0, 1.0]], np.float32))
    said = run(installed, tmp_path, "predict", "study", "--inputs=new.npy")
    assert said.splitlines()[0].startswith("example,predicted")
    run(installed, tmp_path, "compare", "--flagfile=recipe:xor_rate", *short, "--output_dir=recipe")
    first = (tmp_path / "recipe" / "config.flags").read_text().splitlines()[0]
    assert first == "# dlfun compare --flagfile=config.flags"
    run(installed, tmp_path, "report", "study", "recipe", "--output_file=both.html")
    assert "xor" in (tmp_path / "both.html").read_text()


@pytest.mark.slow
def test_the_lesson_of_coming_back_from_the_wheel(installed, tmp_path):
    pytest.importorskip("flatbuffers")
    script = shutil.copy(ROOT / "experiments" / "lessons" / "coming_back.py", tmp_path)
    environment = os.environ | {"PYTHONPATH": str(installed), "TMPDIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    check_lesson(ran.stdout)
