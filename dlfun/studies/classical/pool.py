"""Fits side by side, with a progress line once they take seconds."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from tqdm import tqdm

from dlfun.training.hosts import is_first

Job = TypeVar("Job", bound=Hashable)
Found = TypeVar("Found")

PATIENCE = 3.0
"""Seconds without a progress line."""

LARGE = 2_000_000
"""Numbers in a table from which threads gain more than they lose by waiting for one another."""


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def do_all(
    work: Callable[[Job], Found], jobs: Iterable[Job], title: str, size: int = 0
) -> dict[Job, Found]:
    """Each different job with what it leaves, several at once, which changes only the time.

    scikit-learn leaves the interpreter's lock while it computes, so threads share the cores.

    Args:
      size: numbers in the table that a job reads: where it is large and jobs are few, each has
        threads of its own.
    """
    different = list(dict.fromkeys(jobs))
    workers = min(cores(), max(len(different), 1))
    threads = cores() // workers if size >= LARGE else 1
    bar = tqdm(
        total=len(different),
        disable=not is_first(),
        desc=title,
        delay=PATIENCE,
        mininterval=0.2 if sys.stderr.isatty() else 5.0,
        bar_format="{desc}: {n_fmt}/{total_fmt} fits, {remaining} left",
    )

    def alone(job: Job) -> Found:
        with threadpool_limits(threads, user_api="openmp"):  # holds for this thread only
            return work(job)

    found = {}
    with bar, threadpool_limits(threads, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        for job, one in zip(different, pool.map(alone, different), strict=True):
            found[job] = one
            bar.update()
    return found
