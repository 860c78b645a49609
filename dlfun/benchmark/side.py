"""A side of a benchmark in its worker: one implementation of a work, and where all start."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from dlfun.benchmark.options import Job
from dlfun.benchmark.teacher import teach

COMPARED = 10
"""Steps whose losses both sides must share; rounding grows from step to step, and would hide a
true difference after many more."""

LISTED = 256
"""Batches whose examples dlfun hands to its peers, who go round them."""

START = "start.npz"


class Side(Protocol):
    """One implementation of a work, in a worker of its own."""

    def losses(self, steps: int) -> np.ndarray | None:
        """The first steps: their losses [members, steps], or None if it can tell none."""

    def go(self, steps: int) -> None:
        """Trains on for this many steps; returns when they are done."""

    def facts(self) -> dict[str, Any]:
        """What else there is to know, as JSON holds it; at least `members`.

        `interval`, where it trains so many steps at a time and no fewer.
        """


class Start(NamedTuple):
    """Where every side starts, as dlfun's worker left it.

    Attributes:
      parameters: by Flax's names, layer/array: each [members, ...].
      rows: [members, LISTED, batch], the examples of each step.
      noise: [members, COMPARED, batch, latent] of a VAE's first steps, else None.
      inputs, targets: all examples.
    """

    parameters: dict[str, np.ndarray]
    rows: np.ndarray
    noise: np.ndarray | None
    inputs: np.ndarray
    targets: np.ndarray

    def member(self, index: int = 0) -> Start:
        """The start of one member, without its members' axis."""
        own = {name: array[index] for name, array in self.parameters.items()}
        noise = None if self.noise is None else self.noise[index]
        return self._replace(parameters=own, rows=self.rows[index], noise=noise)


def write_start(
    folder: Path, parameters: dict[str, np.ndarray], rows: np.ndarray, noise: np.ndarray | None
) -> None:
    """Leaves the start of a work in the folder."""
    named = {f"parameters/{name}": array for name, array in parameters.items()}
    noisy = {} if noise is None else {"noise": noise}
    np.savez(folder / START, allow_pickle=False, rows=rows, **noisy, **named)


def read_start(job: Job) -> Start:
    """The start that dlfun's worker left, with the data."""
    with np.load(job.folder / START) as file:
        arrays = dict(file)
    cut = "parameters/"
    named = {n.removeprefix(cut): a for n, a in arrays.items() if n.startswith(cut)}
    inputs, targets = teach(job.work, job.precision)
    return Start(named, arrays["rows"], arrays.get("noise"), inputs, targets)
