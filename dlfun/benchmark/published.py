"""The 80 published MNIST-1D runs as one command, against the sum of a peer's steps."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from dlfun.benchmark.measure import OURS, job_of, opponents, step_seconds
from dlfun.benchmark.options import BenchmarkOptions
from dlfun.benchmark.process import LONGEST, Failure, child_environment, worker
from dlfun.benchmark.works import (
    PUBLISHED,
    PUBLISHED_SEEDS,
    PUBLISHED_STEPS,
    PUBLISHED_WORKS,
)
from dlfun.lifetime import followed

EXTRAPOLATED = 300
"""Steps of a peer that stand for all of a run's."""


def command_seconds(options: BenchmarkOptions, folder: Path) -> float:
    """Seconds of the whole command in a fresh process, with nothing compiled before.

    Raises:
      Failure: if it fails.
    """
    environment = (
        child_environment() | followed() | {"JAX_COMPILATION_CACHE_DIR": str(folder / "programs")}
    )
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        command = [*options.published_command, f"--output_dir={inside}/record"]
        said = Path(inside) / "said"
        with said.open("wb") as file:
            began = time.perf_counter()
            process = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
            try:
                code = process.wait()
            finally:
                process.kill()
        seconds = time.perf_counter() - began
        if code:
            lines = said.read_text(errors="replace").strip().splitlines() or ["nothing"]
            raise Failure(f"ended with code {code}; it last said: {lines[-1][:LONGEST]}")
    return seconds


def run_seconds(options: BenchmarkOptions, folder: Path, backend: str) -> list[dict[str, Any]]:
    """For each peer and work, seconds of a member's step, and whether its losses agree."""
    short, found = dataclasses.replace(options, members=None, steps=None, seconds=0.0), []
    for name in PUBLISHED_WORKS:
        work, place = short.work(name), Path(tempfile.mkdtemp(dir=folder))
        with worker(job_of(short, OURS, work, place, backend), "dlfun", options.timeout) as side:
            known = side.ask("prepare")
            with opponents(short, work, place, backend, known) as (against, skipped):
                for opponent in against:
                    row = opponent.row | {"work": name}
                    if opponent.timed:
                        seconds = step_seconds(opponent.side, EXTRAPOLATED)
                        row["member_step_seconds"] = seconds / row["members"]
                    found.append(row)
                found += [row | {"work": name} for row in skipped]
    return found


def extrapolate(peer: str, parts: list[dict[str, Any]], ours: float) -> dict[str, Any]:
    """A peer's row: all runs one after the other, by the steps that were timed."""
    own = [part for part in parts if part["peer"] == peer]
    bad = [part for part in own if part["status"] != "ok"]
    if bad:
        return {"peer": peer, "status": bad[0]["status"], "why": bad[0]["why"]}
    steps = PUBLISHED_SEEDS * PUBLISHED_STEPS
    seconds = steps * sum(part["member_step_seconds"] for part in own)
    return {
        "peer": peer,
        "status": "ok",
        "why": f"extrapolated from {EXTRAPOLATED} steps of each model",
        "seconds": seconds,
        "largest_difference": max(part["largest_difference"] for part in own),
        "ratio": seconds / ours,
    }


def published(options: BenchmarkOptions, folder: Path, backend: str) -> dict[str, Any]:
    """The row of the whole command."""
    row: dict[str, Any] = {"work": PUBLISHED, "title": "80 published MNIST-1D runs", "peers": []}
    if not options.published_command:
        return row | {"status": "failed", "why": "the command is not given"}
    try:
        seconds = command_seconds(options, folder)
        parts = run_seconds(options, folder, backend) if options.peers else []
    except Failure as failure:
        return row | {"status": "failed", "why": str(failure)}
    peers = [extrapolate(peer, parts, seconds) for peer in options.peers]
    command = " ".join(map(os.path.basename, options.published_command))
    told = {"status": "ok", "why": "", "seconds": seconds, "command": command}
    return row | told | {"peers": peers, "parts": parts}
