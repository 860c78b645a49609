"""Promises about what is installed, what is imported and what the files of the project agree on."""

import importlib
import importlib.util
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dlfun

ROOT = Path(__file__).resolve().parents[1]
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT, TOOLS = PYPROJECT["project"], PYPROJECT["tool"]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def requirements(lock: Path) -> list[str]:
    """The entries of a lock: `name==version [; marker]` and its hashes, on one line each."""
    lines = [line for line in lock.read_text().splitlines() if not line.startswith("#")]
    return "\n".join(lines).replace("\\\n", "").splitlines()


def pins(lock: Path) -> set[str]:
    return {entry.split("--hash")[0].strip() for entry in requirements(lock)}


def name_of(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, requirement
    return match[0].lower().replace("_", "-")


def test_no_tensorflow():
    for module in pkgutil.walk_packages(dlfun.__path__, "dlfun."):
        importlib.import_module(module.name)
    for name in ("tensorflow", "keras", "torch"):
        assert name not in sys.modules
    assert importlib.util.find_spec("tensorflow") is None


@pytest.mark.parametrize(
    "name", ["dlfun", "dlfun.errors", "dlfun.types", "dlfun.models", "dlfun.config.options"]
)
def test_import_needs_no_jax(name):
    program = f"import sys, {name}; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


def test_public_names():
    assert set(dlfun.__all__) < set(dir(dlfun))
    for name in dlfun.MODULES:
        assert getattr(dlfun, name).__name__ == f"dlfun.{name}"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        dlfun.nothing  # noqa: B018


def test_a_clone_in_the_working_directory_is_not_the_package(tmp_path):
    """An editable install is a folder on the path, if setuptools is told which."""
    assert TOOLS["setuptools"]["package-dir"] == {"": "."}
    (tmp_path / "dlfun").mkdir()
    (tmp_path / "experiments").mkdir()
    program = "import sys, dlfun, experiments.train; sys.exit(not callable(dlfun.load))"
    own = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=own).returncode == 0


def test_every_dependency_is_justified():
    reasons = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \|$", read("BUILD.md"), re.M))
    assert set(reasons) == {name_of(dependency) for dependency in PROJECT["dependencies"]}
    assert all(len(reason.split()) > 2 for reason in reasons.values())


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_lock_pins_with_hashes_and_names_no_host(lock):
    entry = re.compile(r"[a-z0-9-]+==[^\s;]+( ;[^-]+?)?( +--hash=sha256:[0-9a-f]{64})+")
    for requirement in requirements(lock):
        assert entry.fullmatch(requirement), requirement[:200]
    assert not re.search(r"://|^ *-|\.(org|com|io|net|dev)\b", "\n".join(requirements(lock)), re.M)
    assert "://" not in lock.read_text()


def test_locks_agree():
    locks = {lock.stem: pins(lock) for lock in LOCKS}
    assert set(locks) == {"build", "default", *PROJECT["optional-dependencies"]}
    for extra in ("onnx", "trackio"):  # they hold Orbax and pillow back, by pins of their own
        del locks[extra]
    for extra in locks.keys() - {"build"}:
        assert locks["default"] <= locks[extra]
    versions = {}
    for pin in set().union(*locks.values()):
        versions.setdefault(name_of(pin), set()).add(pin)
    for name, found in versions.items():
        assert len(found) == 1 or all("python_full_version" in pin for pin in found), name


def test_locks_serve_what_is_declared():
    names = {name_of(pin) for pin in pins(ROOT / "locks" / "default.txt")}
    assert {name_of(dependency) for dependency in PROJECT["dependencies"]} <= names
    assert not any(name.startswith(("tensorflow-cpu", "tf-", "keras", "torch")) for name in names)
    assert "tensorflow" not in names


@pytest.mark.parametrize("name", ["Makefile", "pyproject.toml", ".ci/run"])
def test_no_index_is_named(name):
    assert not re.search(r"://|--(extra-)?index-url|--find-links", read(name))


def test_versions_agree():
    assert f"\nversion: {dlfun.__version__}\n" in read("CITATION.cff")
    released = re.search(r"^## \[(\d+\.\d+\.\d+)\]", read("CHANGELOG.md"), re.M)
    coming = re.search(r"^Becomes (\d+\.\d+\.\d+)", read("CHANGELOG.md"), re.M)
    latest = coming or released
    assert latest is not None
    assert latest[1] == dlfun.__version__
    assert PROJECT["dynamic"] == ["version"]
