"""dlfun itself, fed from the host (`--input=stream`): what that costs on data that fit."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import jax
import numpy as np

from dlfun.benchmark.options import Job
from dlfun.benchmark.reference import Reference
from dlfun.studies.population.assembly import population

INTERVALS = 100_000
"""More than any timing takes; the blocks of all of them come from one stream."""


class Streamed(Reference):
    """The same members in the same intervals as dlfun's own side, in blocks of batches."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.open = contextlib.ExitStack()
        self.begin(job.work.steps, INTERVALS)

    def begin(self, interval: int, intervals: int) -> None:
        """Starts a run of so many intervals, each of so many steps, and ends the one before it."""
        self.open.close()
        settings = self.work.settings(interval * intervals, self.job.precision)
        settings = dataclasses.replace(settings, evaluations=intervals)
        people = population(settings, self.work.spec, self.layout, "stream")
        self.interval = interval
        self.hparams, streams = people.place(self.members)
        self.carry = people.init(self.hparams, streams)
        self.session = self.open.enter_context(people.open(self.members, 0, self.data, None))

    def advance(self) -> Any:
        """Trains one interval; its history."""
        self.carry, history = self.session.advance(self.carry, self.hparams, self.interval)
        return history

    def losses(self, steps: int) -> np.ndarray:
        """Of the first steps, an interval each: [members, steps]."""
        self.begin(1, steps)
        found = [np.asarray(self.advance()["train_loss"]) for _ in range(steps)]
        self.begin(self.work.steps, INTERVALS)
        return np.stack(found, axis=1)[: self.work.members]

    def go(self, steps: int) -> None:
        """Trains on: a whole number of intervals."""
        for _ in range(steps // self.interval):
            history = self.advance()
        jax.block_until_ready((self.carry, history))

    def facts(self) -> dict[str, Any]:
        """It trains all members, an interval at a time."""
        return {"members": self.work.members, "interval": self.work.steps}
