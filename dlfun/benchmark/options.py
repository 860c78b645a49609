"""The plain arguments of the benchmark, and what a worker is told. Needs no JAX."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from dlfun.benchmark.peers import PEERS, Peer
from dlfun.benchmark.works import NAMES, PUBLISHED, WORKS, Work
from dlfun.types import Layout

DEFAULT_WORKS = tuple(name for name in NAMES if name != PUBLISHED)
DEFAULT_PEERS = ("torch",)
DEFAULT_REPEATS = 5


@dataclasses.dataclass(frozen=True)
class BenchmarkOptions:
    """What is timed, against whom, and where the record goes.

    Attributes:
      works: names of `WORKS`, or `PUBLISHED`.
      peers: names of `PEERS`.
      repeats: timings of every side, in turns.
      members, steps: instead of those of each work.
      precision: of dlfun and of every peer.
      layout: None leaves the choice to dlfun.
      scaling: measure populations of 1, 2, 4, ... members of these works.
      members_max: the largest of them; None is `scaling.CPU_MEMBERS` on a CPU and
        `scaling.MOST_MEMBERS` elsewhere, or less where memory ends.
      seconds: that one timing is to last, about.
      timeout: seconds after which a side that does not answer counts as failed.
      platform: cpu, gpu, tpu, or None for the best there is.
      setup: `module:function` that a worker calls with (platform, precision, devices) before
        JAX starts; empty leaves JAX as it is.
      published_command: the command of the 80 published runs, to which --output_dir is added.
      trace_dir: where profiler traces of the steady state go.
      baseline: a benchmark.json to compare with.
      flags: the lines of config.flags.
      work_table, peer_table: what the names stand for.
    """

    works: tuple[str, ...] = DEFAULT_WORKS
    peers: tuple[str, ...] = DEFAULT_PEERS
    repeats: int = DEFAULT_REPEATS
    members: int | None = None
    steps: int | None = None
    precision: str = "float32"
    layout: Layout | None = None
    scaling: tuple[str, ...] = ()
    members_max: int | None = None
    seconds: float = 1.0
    timeout: float = 900.0
    platform: str | None = None
    setup: str = ""
    published_command: tuple[str, ...] = ()
    trace_dir: str | None = None
    baseline: str | None = None
    output_dir: str | None = None
    flags: tuple[str, ...] = ()
    work_table: Mapping[str, Work] = dataclasses.field(default_factory=lambda: WORKS)
    peer_table: Mapping[str, Peer] = dataclasses.field(default_factory=lambda: PEERS)

    def work(self, name: str) -> Work:
        """The work of a name, with the members and steps asked for."""
        work = self.work_table[name]
        return dataclasses.replace(
            work, members=self.members or work.members, steps=self.steps or work.steps
        )


@dataclasses.dataclass(frozen=True)
class Job:
    """What one worker is told.

    Attributes:
      side: `module:function` that makes the worker's side from this job.
      folder: where dlfun leaves the initial parameters, and its peers find them.
      backend: cpu, gpu or tpu: what JAX computes on.
      counting: count operations and compare losses; off where only speed is wanted.
    """

    side: str
    work: Work
    folder: Path
    precision: str = "float32"
    layout: Layout | None = None
    platform: str | None = None
    backend: str = "cpu"
    setup: str = ""
    counting: bool = True
