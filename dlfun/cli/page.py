"""The page of a record, and TensorBoard's logs, added before the record gets its name."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

from absl import flags as absl_flags

from dlfun.decoration import spared
from dlfun.errors import missing_extra
from dlfun.phases import phase

Draw = Callable[[Path], None]


def check_writer(values: absl_flags.FlagValues) -> None:
    """Raises UserError if logs are asked for and the package that writes them is not installed."""
    if values.tensorboard and importlib.util.find_spec("tensorboardX") is None:
        raise missing_extra("--tensorboard", "tensorboard", "leave the flag out")


def with_page(values: absl_flags.FlagValues, draw: Draw, swept: Sequence[str] = ()) -> Draw:
    """What draws the pictures of a record, writes its page, and logs if the flags ask for them.

    Args:
      swept: the names of a sweep.
    """

    def logs(folder: Path) -> None:
        from dlfun.report.tensorboard import write_logs

        write_logs(folder, swept)

    def page(folder: Path) -> None:
        from dlfun.report.html import write_report

        write_report(folder, [folder])

    def all_of(folder: Path) -> None:
        with phase("drawing pictures"):
            spared("pictures", lambda: draw(folder))
        if values.tensorboard:
            spared("TensorBoard's logs", lambda: logs(folder))
        with phase("making the page"):
            spared("the page", lambda: page(folder))

    return all_of
