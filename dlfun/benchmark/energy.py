"""Energy that the machine says it used: NVIDIA's tool, or the counters of the processor."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

COUNTERS = Path("/sys/class/powercap")
PAUSE = 0.1


def gpu_watts() -> float | None:
    """The power that all NVIDIA GPUs draw now."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    command = [tool, "--query-gpu=power.draw", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
        return sum(float(line) for line in told.stdout.split())
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def packages_joules(folder: Path = COUNTERS) -> float | None:
    """What the processors' packages used since some moment."""
    try:
        packages = sorted(folder.glob("*-rapl:?"))
        found = [int((package / "energy_uj").read_text()) for package in packages]
    except (OSError, ValueError):
        return None
    return sum(found) / 1e6 if found else None


def mean_watts(done: threading.Event) -> float:
    """The mean of what the GPUs draw until the event."""
    found: list[float] = []
    while not found or not done.wait(PAUSE):
        found.append(gpu_watts() or 0.0)
    return sum(found) / len(found)


def used(function: Callable[[], Any], backend: str) -> tuple[Any, float | None]:
    """The function's result, and the joules used meanwhile; None where nobody tells."""
    if backend != "gpu" or gpu_watts() is None:
        before = packages_joules() if backend == "cpu" else None
        result = function()
        after = packages_joules() if before is not None else None
        told = None if before is None or after is None or after < before else after - before
        return result, told
    done, watts = threading.Event(), list[float]()
    watching = threading.Thread(target=lambda: watts.append(mean_watts(done)), daemon=True)
    began = time.perf_counter()
    watching.start()
    try:
        result = function()
    finally:
        seconds = time.perf_counter() - began
        done.set()
    watching.join()
    return result, watts[0] * seconds
