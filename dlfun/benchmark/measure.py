"""One work: dlfun and its peers, each in a process of its own, timed in turns."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlfun.benchmark.agreement import largest_difference, of_learning, tolerance
from dlfun.benchmark.options import BenchmarkOptions, Job
from dlfun.benchmark.others import Watch
from dlfun.benchmark.peers import reason_to_skip
from dlfun.benchmark.process import Failure, Worker, worker
from dlfun.benchmark.side import COMPARED
from dlfun.benchmark.works import Work
from dlfun.errors import OPT

OURS = "dlfun.benchmark.ours:Ours"
PROBE = 4
"""Steps by which a peer's speed is guessed, to choose how many are timed."""

MOST = 100_000
Known = dict[str, Any]
"""What dlfun's worker told, its `losses` and those without learning, `frozen`, among it."""

INCOMPARABLE = "it learns by another rule, so its time is no measure of the same work"


def job_of(
    options: BenchmarkOptions, side: str, work: Work, folder: Path, backend: str, **changes: Any
) -> Job:
    """What a side of this work is told."""
    setup = (options.precision, options.layout, options.platform, backend, options.setup)
    return Job(side, work, folder, *setup, **changes)


def steps_for(side: Worker, interval: int, seconds: float) -> int:
    """Steps that take a side about so long: a multiple of the interval. Warms it up with them."""
    side.ask(f"go {interval}")
    taken = side.ask(f"go {interval}")["seconds"]
    intervals = max(1, min(round(seconds / max(taken, 1e-9)), MOST // interval))
    if intervals > 1:
        side.ask(f"go {interval * intervals}")
    return interval * intervals


def step_seconds(side: Worker, steps: int) -> float:
    """One timing: seconds of a step. The worker remembers how busy others were meanwhile."""
    watch = Watch()
    told = side.ask(f"go {steps}")
    side.others.append(watch.share(told["computed"]))
    return told["seconds"] / steps


def others(sides: Sequence[Worker]) -> float | None:
    """The largest part of the cores that other processes had in any timing; None if not told."""
    told = [share for side in sides for share in side.others if share is not None]
    return max(told, default=None)


class Opponent:
    """A peer beside dlfun: its worker, while it is well, and its row."""

    def __init__(self, name: str, side: Worker, ours: Known, backend: str, seconds: float) -> None:
        self.side = side
        self.row: dict[str, Any] = {"peer": name, "status": "ok", "why": ""}
        try:
            told = side.ask("prepare")
            self.row |= {"members": told["members"]} | agreement(ours, told["losses"], backend)
            # Disagreeing sides do other work: their time would say nothing.
            if self.row["status"] != "disagrees":
                self.steps = steps_for(side, told.get("interval", PROBE), seconds)
                self.row |= {"steps": self.steps, "step_seconds": []}
        except Failure as failure:
            self.fail(failure)

    @property
    def timed(self) -> bool:
        """Whether it takes part in the turns."""
        return self.row["status"] in ("ok", "incomparable")

    def fail(self, failure: Exception) -> None:
        """From now on it is out."""
        self.row |= {"status": "failed", "why": str(failure)}
        self.side.end()

    def turn(self) -> None:
        """One timing."""
        try:
            self.row["step_seconds"].append(step_seconds(self.side, self.steps))
        except Failure as failure:
            self.fail(failure)


def agreement(ours: Known, theirs: Any, backend: str) -> dict[str, Any]:
    """Whether the first losses agree, and by how much they differ."""
    if theirs is None:
        return {"status": "incomparable", "why": INCOMPARABLE}
    differ = largest_difference(ours["losses"], theirs)
    if not math.isfinite(differ):
        return {"status": "disagrees", "why": "its losses are not finite, or not as many"}
    part, allowed = of_learning(ours["losses"], theirs, ours["frozen"]), tolerance(backend)
    told = {"losses": theirs, "compared_steps": COMPARED}
    told |= {"largest_difference": differ, "of_learning": part}
    if part > allowed:
        why = (
            f"the losses of the first {COMPARED} steps differ by {100 * part:.2g} % of what "
            f"learning did to them; {100 * allowed:g} % are allowed"
        )
        return told | {"status": "disagrees", "why": why}
    return told


def ratios(ours: Sequence[float], members: int, row: dict[str, Any]) -> dict[str, Any]:
    """A peer's time for a member's step over dlfun's, turn by turn."""
    if row["status"] != "ok":
        return {}
    theirs = np.array(row["step_seconds"]) / row["members"]
    each = theirs / (np.array(ours) / members)
    middle, low, high = float(np.median(each)), float(each.min()), float(each.max())
    return {"ratios": each.tolist(), "ratio": {"median": middle, "low": low, "high": high}}


@contextlib.contextmanager
def opponents(
    options: BenchmarkOptions, work: Work, folder: Path, backend: str, ours: Known
) -> Iterator[tuple[list[Opponent], list[dict[str, Any]]]]:
    """Peers ready to be timed, and the rows of those that are not here."""
    found, skipped = [], []
    with contextlib.ExitStack() as stack:
        for name in options.peers:
            peer = options.peer_table[name]
            why = reason_to_skip(peer, work, backend, options.precision)
            if why:
                skipped.append({"peer": name, "status": "skipped", "why": why})
                continue
            job = job_of(options, peer.side, work, folder, backend)
            if not peer.uses_jax:
                job = dataclasses.replace(job, setup="")
            side = stack.enter_context(worker(job, name, options.timeout))
            found.append(Opponent(name, side, ours, backend, options.seconds))
        yield found, skipped


def measure(options: BenchmarkOptions, name: str, folder: Path, backend: str) -> dict[str, Any]:
    """The row of a work, as benchmark.json holds it; a work that fails says so in its row."""
    work = options.work(name)
    row: dict[str, Any] = {"work": name, "title": work.title, "status": "ok", "why": ""}
    row |= {"batch_size": work.batch_size, "precision": options.precision, "peers": []}
    with worker(job_of(options, OURS, work, folder, backend), "dlfun", options.timeout) as side:
        try:
            return row | timings(options, name, folder, backend, side)
        except Failure as failure:
            return row | {"status": "failed", "why": str(failure)}


def timings(
    options: BenchmarkOptions, name: str, folder: Path, backend: str, side: Worker
) -> dict[str, Any]:
    """What dlfun's worker tells, and all turns."""
    work = options.work(name)
    told = side.ask("prepare")
    if told["too_large"]:
        needed = told["predicted_bytes"] / 2**30
        return told | {
            "status": "failed",
            "why": f"it needs {needed:.2g} GiB; give less {OPT.members}",
        }
    if not np.isfinite(told["losses"]).all():
        raise Failure("the losses of its first steps are not finite")
    steps = steps_for(side, work.steps, options.seconds)
    found: list[float] = []
    with opponents(options, work, folder, backend, told) as (against, skipped):
        for _ in range(options.repeats):
            found.append(step_seconds(side, steps))
            for opponent in against:
                if opponent.timed:
                    opponent.turn()
    if options.trace_dir:
        side.ask(f"trace {Path(options.trace_dir).absolute() / name} {work.steps}")
    rows = [o.row | ratios(found, work.members, o.row) for o in against] + skipped
    return told | {
        "steps": steps,
        "step_seconds": found,
        "others": others([side, *(opponent.side for opponent in against)]),
        "peers": sorted(rows, key=lambda row: options.peers.index(row["peer"])),
    }
