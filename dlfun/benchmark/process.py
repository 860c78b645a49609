"""The parent's end of a worker: a fresh process, asked line by line, ended in any case."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlfun.benchmark.options import Job
from dlfun.errors import UserError

WORKER = "dlfun.benchmark.worker"
LONGEST = 300
"""Letters of what a worker last said, as a row of the table shows it."""


class Failure(Exception):
    """A worker died, or does not answer: its row says so, and the benchmark goes on."""


def child_environment() -> dict[str, str]:
    """Imports as here, and on a GPU no more memory than is used: several processes share it."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", **os.environ, "PYTHONPATH": path}


class Worker:
    """A side in a process of its own. What it prints goes to a file that only failures show."""

    def __init__(self, job: Job, name: str, timeout: float) -> None:
        self.name, self.timeout = name, timeout
        own = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=job.folder))
        (own / "job").write_bytes(pickle.dumps(job))
        self.said = own / "said"
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", WORKER, str(own / "job")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=child_environment(),
            )
        self.unread = b""
        self.others: list[float | None] = []

    def ask(self, command: str) -> dict[str, Any]:
        """The answer to a command.

        Raises:
          Failure: if it dies, or says nothing until the time is over.
          UserError: what the worker found that the user can mend.
        """
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either
            self.process.stdin.write(f"{command}\n".encode())
            self.process.stdin.flush()
        answer = json.loads(self.line())
        if "user_error" in answer:
            raise UserError(answer["user_error"])
        return answer

    def line(self) -> bytes:
        """The next line of its answers."""
        assert self.process.stdout is not None
        end = time.monotonic() + self.timeout
        while b"\n" not in self.unread:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Failure(f"no answer in {self.timeout:g} s; {self.last_words()}")
            read = os.read(self.process.stdout.fileno(), 2**16)
            if not read:
                raise Failure(f"ended with code {self.process.wait()}; {self.last_words()}")
            self.unread += read
        line, _, self.unread = self.unread.partition(b"\n")
        return line

    def last_words(self) -> str:
        """The last line that it printed."""
        lines = self.said.read_text(errors="replace").strip().splitlines()
        return f"it last said: {lines[-1][:LONGEST]}" if lines else "it said nothing"

    def end(self) -> None:
        """Ends the process, whatever it does."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()
        self.process.wait()


@contextlib.contextmanager
def worker(job: Job, name: str, timeout: float) -> Iterator[Worker]:
    """A worker that ends with the block."""
    started = Worker(job, name, timeout)
    try:
        yield started
    finally:
        started.end()
