"""TensorBoard's logs of tracked runs, in tensorboard/ of the record: a folder an arm."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlfun.errors import UserError
from dlfun.records.checksums import read_lines
from dlfun.report.tensorboard import FOLDER, PARTS
from dlfun.tracking.runs import TrackedRun

PART = ".part"
"""Ends the folder of a run that is being written."""


class TensorBoard:
    """The logs beside a record's files, which tensorboard --logdir shows."""

    def __init__(self, folder: Path) -> None:
        self.record, self.folder = folder, folder / FOLDER
        self.place = str(self.folder)

    def reach(self) -> None:
        """Nothing is asked of anybody."""

    def names(self, record: str) -> set[str]:
        """The runs that are there: a folder has its name once all of it is written.

        Raises:
          UserError: if the study itself left such logs, which belong to the record.
        """
        if any(name.startswith(f"{FOLDER}/") for name in read_lines(self.record) or {}):
            raise UserError(
                f"{self.folder}: holds TensorBoard's logs of the study itself; let TensorBoard "
                "show those, or name another tracker"
            )
        for part in [*self.folder.rglob(f"*{PART}")]:
            shutil.rmtree(part)
        files = self.folder.rglob("events.out.*")
        return {path.parent.relative_to(self.folder).as_posix() for path in files}

    def write(self, run: TrackedRun) -> None:
        """Adds a run: scalars, a margin chart of each band, configuration and verdicts as text."""
        import tensorboardX

        target = self.folder / run.name
        part = target.with_name(f"{target.name}{PART}")
        with tensorboardX.SummaryWriter(str(part)) as writer:
            names = [name for values in run.points.values() for name in values]
            if charts := margin_charts(names):
                writer.add_custom_scalars({"95 % t intervals of the mean": charts})
            for step, values in sorted(run.points.items()):
                for name, value in values.items():
                    writer.add_scalar(name, value, step)
            writer.add_text("configuration", table(run.config))
            writer.add_text("tags", table(run.tags))
            page = [f"Page: {run.page}"] if run.page else []
            writer.add_text("verdicts", "\n\n".join([*run.words, *page]))
        for file in part.iterdir():
            target.mkdir(parents=True, exist_ok=True)
            file.rename(target / file.name)
        part.rmdir()


def margin_charts(names: list[str]) -> dict[str, list[Any]]:
    """A chart of each metric that has a mean and an interval."""
    metrics = dict.fromkeys(name.rpartition("/")[0] for name in names if name.endswith("/low"))
    return {name: ["Margin", [f"{name}/{part}" for part in PARTS]] for name in metrics}


def table(values: Mapping[str, Any]) -> str:
    """Names and values as Markdown.

    >>> print(table({"seeds": 3}))
    | name | value |
    |---|---|
    | seeds | 3 |
    """
    cells = {name: re.sub(r"[|\s]+", " ", str(value)) for name, value in values.items()}
    rows = (f"| {name} | {text} |" for name, text in cells.items())
    return "\n".join(["| name | value |", "|---|---|", *rows])
