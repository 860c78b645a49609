"""Checkpoints of a study that its flags ask for, and the signals that end it early."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags as absl_flags

from dlfun.cli import cluster, directories
from dlfun.cli.flag_types import StudyFlags
from dlfun.cli.signals import CURRENT, SAID
from dlfun.config import parsers
from dlfun.config.option_table import identity_lines
from dlfun.errors import UserError
from dlfun.records.folders import holds_record

if TYPE_CHECKING:
    from dlfun.training.checkpoints.store import Checkpoints


def listen(values: absl_flags.FlagValues) -> None:
    """Has the --requeue_signal end the script, if there is one."""
    name = values.requeue_signal if "requeue_signal" in values else None
    if name is not None:
        number = signal.Signals[f"SIG{name}"]
        SAID[number] = f"told to stop by SIG{name}"
        CURRENT.listen_to(number)


def unfinished(output_dir: str) -> Path:
    """Where a study keeps what it did until it has its record."""
    from dlfun.records import replacement

    return replacement.unfinished(Path(output_dir))


def only_measures(values: absl_flags.FlagValues) -> bool:
    """Whether the flags ask for what leaves no record."""
    planned = "plan" in values and values.plan
    return bool(planned or parsers.EXPLAIN in values.layout.values())


def check_place(values: StudyFlags) -> None:
    """Raises UserError where a record cannot be written, as far as is known without JAX."""
    if values.output_dir is None or cluster.size(values) > 1 or only_measures(values):
        return
    directories.check_output_dir(directories.followed(values.output_dir), values.overwrite)


def output_dir_of(values: StudyFlags) -> str:
    """Where the record goes; of several processes the first alone writes it, and tries that.

    Raises:
      UserError: if another process works on the record, or it cannot be written there.
    """
    if cluster.size(values) > 1:
        from dlfun.training.hosts import is_first

        if not is_first():
            return values.output_dir or str(next(directories.default_output_dirs(values.study)))
    if values.output_dir is not None:
        finish_replacing(values, directories.followed(values.output_dir))
    return directories.usable_output_dir(values.output_dir, values.study, values.overwrite)


def finish_replacing(values: absl_flags.FlagValues, output_dir: str) -> None:
    """`replacing.finish`, unless several processes share the study.

    Raises:
      UserError: if another process works on the record, or it can have no such name.
    """
    if cluster.size(values) == 1:
        from dlfun.records.replacement import finish

        try:
            finish(Path(output_dir))
        except OSError as error:
            raise UserError(f"--output_dir={output_dir}: {error.strerror}; name another") from None


def checkpoints_of(values: StudyFlags, output_dir: str, lines: Sequence[str]) -> Checkpoints | None:
    """The checkpoints of a study; None where several processes share it.

    Raises:
      UserError: if those that are there are of another study, or another process works on them.
    """
    if cluster.size(values) > 1:
        return None
    from dlfun.records.environment import begun_with
    from dlfun.training.checkpoints.store import checkpoints_in

    folder = unfinished(output_dir)
    identity = {
        "script": values.study,
        "flags": identity_lines(lines),
        "environment": begun_with(),
    }
    found = checkpoints_in(folder, identity, values.overwrite, values.checkpoint_seconds, CURRENT)
    CURRENT.closing.callback(found.close)
    CURRENT.hint = lambda: hint(values, folder, output_dir)
    return found


def hint(values: absl_flags.FlagValues, folder: Path, output_dir: str) -> str:
    """How a study that ended early goes on."""
    if not any(own.is_dir() for own in folder.glob("*")):
        return ""
    if values.overwrite:  # which would start it anew
        there = holds_record(Path(output_dir))
        return "" if there else "the same command without --overwrite goes on"
    if values.output_dir is None:
        return f"the same command with --output_dir={output_dir} goes on"
    return "the same command goes on"
