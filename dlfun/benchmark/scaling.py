"""Speed against the size of a population: 1, 2, 4, ... members, up to the memory or a limit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlfun.benchmark.energy import used
from dlfun.benchmark.measure import OURS, job_of, others, step_seconds, steps_for
from dlfun.benchmark.options import BenchmarkOptions
from dlfun.benchmark.process import Failure, Worker, worker
from dlfun.words import plural

CPU_MEMBERS, MOST_MEMBERS = 16, 4096
REPEATS = 3
PER_RUN = 1000
"""Steps of the run whose energy is told."""


def doubled(most: int) -> Iterator[int]:
    """1, 2, 4, ... up to the limit, and the limit.

    >>> list(doubled(20))
    [1, 2, 4, 8, 16, 20]
    """
    members = 1
    while members < most:
        yield members
        members *= 2
    yield most


def point(
    side: Worker, members: int, interval: int, backend: str, seconds: float
) -> dict[str, Any]:
    """Speed and energy of one population."""
    told = side.ask(f"prepare {members}")
    side.others.clear()
    found = {name: told[name] for name in ("members", "layout", "predicted_bytes", "too_large")}
    if told["too_large"]:
        return found
    steps = steps_for(side, interval, seconds)

    def turns() -> list[float]:
        return [step_seconds(side, steps) for _ in range(REPEATS)]

    times, joules = used(turns, backend)
    if joules is not None:
        joules *= PER_RUN / (REPEATS * steps * members)
    return found | {
        "measured_bytes": told["measured_bytes"],
        "member_steps_per_second": [members / time for time in times],
        "joules_per_run": joules,
        "others": others([side]),
    }


def scaling(options: BenchmarkOptions, name: str, folder: Path, backend: str) -> dict[str, Any]:
    """The curve of a work: all populations in one process, one after the other."""
    work = options.work(name)
    most = options.members_max or (CPU_MEMBERS if backend == "cpu" else MOST_MEMBERS)
    # A population's programs are many members wide: fewer steps are long enough to time.
    job = job_of(options, OURS, work, folder, backend, counting=False)
    curve: dict[str, Any] = {"work": name, "title": work.title, "points": [], "stopped": ""}
    with worker(job, "dlfun", options.timeout) as side:
        try:
            for members in doubled(most):
                found = point(side, members, work.steps, backend, options.seconds / REPEATS)
                if found["too_large"]:
                    gigabytes = found["predicted_bytes"] / 2**30
                    curve["stopped"] = f"{plural(members, 'member')} would need {gigabytes:.2g} GiB"
                    break
                curve["points"].append(found)
        except Failure as failure:
            curve["stopped"] = str(failure)
    return curve
