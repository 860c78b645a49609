"""The environment of a study: versions, devices, commit, and checksums of its data."""

from __future__ import annotations

import functools
import json
import os
import platform
import re
import subprocess
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

from dlfun import numerics
from dlfun.commands import called, typed
from dlfun.config.options import StudyOptions
from dlfun.decoration import spared
from dlfun.errors import by_flags
from dlfun.objectives import metrics
from dlfun.records.dates import DATE, DURATION, now
from dlfun.records.outcome import Result
from dlfun.types import Dataset

COMMIT = re.compile(r"[0-9a-f]{40,64}(-dirty)?")


PACKAGES = ("dlfun", "jax", "jaxlib", "flax", "optax", "numpy", "scipy", "tensorflow-datasets")


GIT = 5.0
"""Seconds that git has to say which commit dlfun is of."""


@functools.cache
def commit() -> str | None:
    """The commit of dlfun's own source tree, if dlfun runs from one, which may be changed.

    Another project's tree in which dlfun is installed, or copied, is none.
    """
    root = Path(__file__).resolve().parents[2]
    return spared("the commit", lambda: _head(root)) if (root / ".git").exists() else None


def _head(root: Path) -> str | None:
    """The commit of a source tree, if it is of dlfun."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    if project["name"] != "dlfun":
        return None
    # Of a hook of git, the variables name the repository that it is a hook of.
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*"]
    found = subprocess.run(
        [*command, "--abbrev=40"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=GIT,
        env=own,
        check=True,
    )
    said = found.stdout.decode(errors="replace").strip()
    if not COMMIT.fullmatch(said):
        raise ValueError(f"git says {said[:50]!r}")
    return said


def version(package: str) -> str | None:
    """The version of an installed package, or None."""
    try:
        return metadata.version(package)
    except Exception:  # not installed; or damaged, which shows as it happens to
        return None


def begun_with() -> dict[str, Any]:
    """What the bits of a study depend on beside its flags and data."""
    return {
        "versions": {name: version(name) for name in ("dlfun", "jax", "jaxlib")},
        "devices": [device.device_kind for device in jax.devices()],
    }


def sizes(dataset: Dataset) -> dict[str, int]:
    """Split -> how many examples it has."""
    return {
        name: len(split.targets)
        for name in ("train", "validation", "test")
        if (split := getattr(dataset, name)) is not None
    }


def environment(datasets: Sequence[Dataset]) -> dict[str, Any]:
    """Where and with what the study ran, and on which data."""
    return {
        "python": platform.python_version(),
        "system": spared("the system's name", platform.platform),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "versions": {name: version(name) for name in PACKAGES},
        "commit": commit(),
        "backend": jax.default_backend(),
        "processes": jax.process_count(),
        "devices": [device.device_kind for device in jax.devices()],
        "jax_config": numerics.in_force(),
        "command": typed(),
        "datasets": {
            d.name: {
                "version": d.version,
                "checksum": d.checksum,
                "split": d.spec.official_split,
                "examples": sizes(d),
            }
            for d in datasets
        },
    }


def write_environment(
    folder: Path,
    datasets: Sequence[Dataset],
    results: Iterable[Result],
    options: StudyOptions,
    origins: Mapping[str, Any] = {},
) -> None:
    """environment.json, which also says when, how long, by what, and by what members are ranked.

    `origins` is what its study began from, by the option that says so.
    """
    ranked = {f"{r.dataset}/{r.model}": metrics.ranking(r.history) for r in results}
    facts = environment(datasets) | {DATE: now(), DURATION: round(options.elapsed(), 3)}
    if not by_flags():
        facts["command"] = f"{called(options.request.study)}, called from Python"
    facts |= {"ranked_by": ranked} if ranked else {}
    facts |= origins
    text = json.dumps(facts, indent=2, sort_keys=True)
    (folder / "environment.json").write_text(text + "\n")
