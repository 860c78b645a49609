"""dlfun's own side: the population that every study trains, and what there is to know of it."""

from __future__ import annotations

import time
from typing import Any

import jax
import numpy as np
from jax.experimental.compilation_cache import compilation_cache

from dlfun.benchmark.memory import Growth
from dlfun.benchmark.options import Job
from dlfun.benchmark.reference import Reference
from dlfun.benchmark.side import COMPARED
from dlfun.training.layout.memory import USABLE, free_memory
from dlfun.training.program import Phases, bytes_needed


def use_cache(wanted: bool) -> None:
    """Whether programs are looked up in the compilation cache from now on."""
    jax.config.update("jax_enable_compilation_cache", wanted)
    compilation_cache.reset_cache()


class Ours(Reference):
    """The population, in intervals as long as the work says."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.people = self.populate(job.work.steps)
        self.hparams, self.streams = self.people.place(self.members)
        # Compile time is reported: a program kept from an earlier run would hide it.
        use_cache(not job.counting)
        self.known = self.compile()
        use_cache(True)
        if not self.known["too_large"]:
            self.known |= self.first_run()

    def compile(self) -> dict[str, Any]:
        """Compiles; says how long it took, and the memory that the run will need."""
        carry = self.people.init(self.hparams, self.streams)
        *_, advance = self.people.programs
        compiled = advance.compiled(carry, self.hparams, self.data)
        spent = [program.phases for program in self.people.programs]
        needed = bytes_needed(compiled) * self.layout.devices
        free = free_memory()
        return {
            "phases": Phases(*map(sum, zip(*spent, strict=True)))._asdict(),
            "predicted_bytes": needed,
            "too_large": free is not None and needed > USABLE * free,
        }

    def first_run(self) -> dict[str, Any]:
        """Places the data and trains one interval; says how long it took, and the peak memory."""
        growth, began = Growth(self.layout.devices), time.perf_counter()
        self.tuning = self.people.place_data(self.data)
        self.carry = self.people.init(self.hparams, self.streams)
        self.go(self.work.steps)
        return {
            "first_run_seconds": time.perf_counter() - began,
            "measured_bytes": growth.peak(),
        }

    def go(self, steps: int) -> None:
        """Trains on: a whole number of the program's own intervals."""
        for _ in range(steps // self.work.steps):
            self.carry, history = self.people.advance(
                self.carry, self.hparams, self.tuning, self.work.steps
            )
        jax.block_until_ready((self.carry, history))

    def losses(self, steps: int) -> np.ndarray:
        """Trains anew, one step a program."""
        return self.curve(steps)

    def facts(self) -> dict[str, Any]:
        """Layout, phases, memory; where it counts, a step's cost and losses without learning."""
        told = {"members": self.work.members, "layout": str(self.layout), **self.known}
        if self.job.counting and not self.known["too_large"]:
            told |= self.step_cost()._asdict()
            told["frozen"] = self.curve(COMPARED, learning=False).tolist()
        return told
