"""One side of the benchmark in a process of its own, spoken to over its pipes.

Commands are lines on stdin, answers are lines of JSON: `prepare [MEMBERS]` answers with the
losses of the first steps and with facts, `go STEPS` with the seconds it took, `trace FOLDER STEPS`
when a profiler trace is written. The end of stdin ends the worker, whatever it does just then, so
that none outlives the benchmark.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import os
import pickle
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

from dlfun.benchmark.options import Job
from dlfun.benchmark.side import COMPARED, Side
from dlfun.errors import UserError


def named(path: str) -> Callable[..., Any]:
    """The function that a `module:function` names."""
    module, function = path.split(":")
    return getattr(importlib.import_module(module), function)


def private_stdout() -> TextIO:
    """The pipe to the parent; what libraries print goes to stderr from now on."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def commands() -> queue.Queue[list[str]]:
    """Lines of stdin, read beside the work; their end ends the process at once."""
    lines: queue.Queue[list[str]] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line.split())
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return lines


def set_up(job: Job) -> None:
    """JAX as the scripts have it."""
    if job.setup:
        devices = job.layout.devices if job.layout else 1
        named(job.setup)(job.platform, job.precision, devices)


def prepare(job: Job) -> tuple[Side, dict[str, Any]]:
    """The side, and the answer: what it says of itself, and its first losses."""
    side = named(job.side)(job)
    answer = side.facts()
    if job.counting and not answer.get("too_large"):
        losses = side.losses(COMPARED)
        answer["losses"] = None if losses is None else losses.tolist()
    return side, answer


def timed(side: Side, steps: int) -> dict[str, Any]:
    """Seconds for steps by the worker's own clock, and what its threads computed meanwhile."""
    computed, began = time.process_time(), time.perf_counter()
    side.go(steps)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "computed": time.process_time() - computed}


def traced(side: Side, folder: str, steps: int) -> dict[str, Any]:
    """A profiler trace of steps."""
    import jax

    with jax.profiler.trace(folder):
        side.go(steps)
    return {"folder": folder}


def serve(job: Job, lines: queue.Queue[list[str]], answers: TextIO) -> None:
    """Obeys until stdin ends."""
    side: Any = None
    while True:
        command, *arguments = lines.get()
        if command == "prepare":
            side = None  # before another is made: both need memory
            if arguments:
                work = dataclasses.replace(job.work, members=int(arguments[0]))
                job = dataclasses.replace(job, work=work)
            side, answer = prepare(job)
        elif command == "go":
            answer = timed(side, int(arguments[0]))
        else:
            answer = traced(side, arguments[0], int(arguments[1]))
        print(json.dumps(answer), file=answers, flush=True)


def main() -> int:
    """Reads the job from the file named in the command line, and serves."""
    answers, lines = private_stdout(), commands()
    with open(sys.argv[1], "rb") as file:
        job = pickle.load(file)
    try:
        set_up(job)
        serve(job, lines, answers)
    except UserError as error:
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps({"user_error": str(error)}), file=answers, flush=True)
    return 2


if __name__ == "__main__":
    sys.exit(main())
