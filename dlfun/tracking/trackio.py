"""Trackio's local project, which speaks the interface of Weights & Biases: a run an arm.

The project lies where Trackio's own variable TRACKIO_DIR says.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from dlfun.errors import UserError
from dlfun.tracking.runs import TrackedRun

PROJECT = "dlfun"
RECORD, RUN, COUNT = "dlfun.record", "dlfun.run", "dlfun.steps"
"""Of a run's configuration: digest of the record, name, and how many steps make it whole."""

ELSEWHERE = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL")
"""Variables by which Trackio sends runs away, where what is there cannot be asked for."""


class Trackio:
    """A project of Trackio on this machine."""

    def __init__(self, folder: Path) -> None:
        import trackio

        self.library = trackio
        self.place = f"project {PROJECT} in {trackio.utils.TRACKIO_DIR}"
        for name in ELSEWHERE:
            if os.environ.get(name):
                raise UserError(
                    f"{name} is set, and runs are tracked on this machine alone: unset it, and "
                    f"send the project {PROJECT} on by trackio sync"
                )

    def reach(self) -> None:
        """Raises if the project's folder cannot be written to."""
        folder = Path(self.library.utils.TRACKIO_DIR)
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(f"{folder}: may not be written to")

    def names(self, record: str) -> set[str]:
        """The whole runs of a record; of others what is there is deleted."""
        whole = set()
        for run in self.found(record):
            if steps_of(run.name, run.id) == run.config[COUNT]:
                whole.add(run.config[RUN])
            else:
                run.delete()
        return whole

    def found(self, record: str) -> list[Any]:
        """All runs of a record."""
        try:
            runs = list(self.library.Api().runs(PROJECT))
        except ValueError:  # there is no such project yet
            return []
        return [run for run in runs if (run.config or {}).get(RECORD) == record]

    def write(self, run: TrackedRun) -> None:
        """Adds a run: its page first, and its steps, of which the last makes it whole.

        Raises:
          OSError: if not all of it is there then: Trackio itself only warns.
        """
        points = run.points or {0: {}}
        name = f"{run.study}/{run.name}"
        marks = {RECORD: run.record, RUN: run.name, COUNT: len(points)}
        words = {"words": "\n".join(run.words)} if run.words else {}
        made = self.library.init(
            project=PROJECT,
            name=name,
            group=run.study,
            config={**run.config, **run.tags, **words, **marks},
            embed=False,
            auto_log_gpu=False,
            auto_log_cpu=False,
        )
        try:
            if run.page is not None:
                page = re.sub(r"[^A-Za-z0-9._-]", "_", f"{run.study}-report")
                made.log_artifact(str(run.page), name=page, type="report")
            for step, values in sorted(points.items()):
                made.log(values, step=step)
        finally:
            self.library.finish()
        if steps_of(name, made.id) != len(points):
            raise OSError(f"{name}: not all of it could be written")


def steps_of(name: str, number: str) -> int:
    """How many steps of a run are there, by its name and Trackio's own number."""
    from trackio.sqlite_storage import SQLiteStorage

    return int(SQLiteStorage.get_log_count(PROJECT, name, run_id=number))
