"""--tensorboard: logs beside the pictures of a record."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

from absl import flags as absl_flags

from dlfun.errors import UserError

Draw = Callable[[Path], None]


def check_writer(values: absl_flags.FlagValues) -> None:
    """Raises UserError if logs are asked for and the package that writes them is not installed."""
    if values.tensorboard and importlib.util.find_spec("tensorboardX") is None:
        raise UserError(
            "--tensorboard needs the extra tensorboard, which is not installed: "
            "pip install --require-hashes -r locks/tensorboard.txt, or leave the flag out"
        )


def with_logs(values: absl_flags.FlagValues, draw: Draw, swept: Sequence[str] = ()) -> Draw:
    """What draws the pictures of a record, and writes TensorBoard's logs if the flags ask for it.

    Args:
      swept: the names of a sweep.
    """
    if not values.tensorboard:
        return draw
    from dlfun.report.tensorboard import write_logs

    def both(folder: Path) -> None:
        draw(folder)
        write_logs(folder, swept)

    return both
