"""Fits side by side, with a progress line once they take seconds."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from joblib import Parallel, delayed, parallel_config  # type: ignore[import-untyped]
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from dlfun.decoration import bar
from dlfun.errors import UserError
from dlfun.lifetime import end_with
from dlfun.training.hosts import is_first
from dlfun.training.monitor import say

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
    work: Callable[[Job], Found],
    jobs: Iterable[Job],
    title: str,
    size: int = 0,
    apart: bool = False,
) -> Iterator[tuple[Job, Found]]:
    """Each different job with what it leaves, several at once, which changes only the time.

    scikit-learn leaves the interpreter's lock while it computes, so threads share the cores.

    Args:
      size: numbers in the table that a job reads: where it is large and jobs are few, each has
        threads of its own.
      apart: the work hardly leaves the lock: more jobs than cores go to processes. On 16 cores,
        4 threads gave boosting the speed of 1.3.
    """
    different = list(dict.fromkeys(jobs))
    workers = min(cores(), max(len(different), 1))
    progress = bar(
        title,
        total=len(different),
        disable=not is_first(),
        delay=PATIENCE,
        bar_format="{desc}: {n_fmt}/{total_fmt} fits, {remaining} left",
    )
    with progress:
        if apart and len(different) > workers > 1:
            each = in_processes(work, different, workers, title)
        else:
            each = in_threads(work, different, workers, cores() // workers if size >= LARGE else 1)
        for job, one in zip(different, each, strict=True):
            progress.update()
            yield job, one


def in_threads(
    work: Callable[[Job], Found], jobs: Sequence[Job], workers: int, threads: int
) -> Iterator[Found]:
    """What each job leaves, in their order, each with so many threads of its own."""

    def alone(job: Job) -> Found:
        with threadpool_limits(threads, user_api="openmp"):  # holds for this thread only
            return work(job)

    with threadpool_limits(threads, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        yield from pool.map(alone, jobs)


def in_processes(
    work: Callable[[Job], Found], jobs: Sequence[Job], workers: int, title: str
) -> Iterator[Found]:
    """The same in processes with one thread each; they live on for a while, for the next jobs.

    Where one of them is killed, what is left is done one at a time, still in another process: what
    ended that one must not end the study.

    Raises:
      UserError: if one is killed again.
    """
    done = 0
    try:
        for one in side_by_side(work, jobs, workers, "2*n_jobs"):
            done += 1
            yield one
        return
    except BrokenProcessPool:
        say(
            f"{title}: a process that fitted was killed, as where memory runs out; the other "
            f"{len(jobs) - done} fits are done one at a time"
        )
    try:
        yield from side_by_side(work, jobs[done:], workers, 1)
    except BrokenProcessPool:
        raise UserError(
            f"{title}: a process that fitted was killed twice; give it more memory, or leave this "
            "model out"
        ) from None


def side_by_side(
    work: Callable[[Job], Found], jobs: Sequence[Job], workers: int, ahead: int | str
) -> Iterator[Found]:
    """What each job leaves, so many of them given to the processes at a time."""
    ending = {"initializer": end_with, "initargs": (os.getpid(),)}  # also before the first job
    with parallel_config("loky", n_jobs=workers, inner_max_num_threads=1, **ending):
        yield from Parallel(return_as="generator", pre_dispatch=ahead)(
            delayed(work)(job) for job in jobs
        )
