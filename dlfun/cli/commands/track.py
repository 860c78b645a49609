"""Show the runs of a record in a tracker: one an arm, with its band, its verdicts and the page.

    python -m experiments.track RUN_DIR --to=mlflow

adds the arms of a record to MLflow, Trackio or TensorBoard, and says where they are. Runs that are
there already stay as they are, so that it may be called again. --track_members adds a run for each
member, too. Where a tracker keeps its runs is its own business: MLflow's variable
MLFLOW_TRACKING_URI, Trackio's TRACKIO_DIR; TensorBoard's logs lie in the record.
"""

from __future__ import annotations

from absl import flags as absl_flags

from dlfun.cli import app, trained_model
from dlfun.cli.flag_types import define
from dlfun.config import parsers
from dlfun.config.option_table import MACHINE, OPTIONS
from dlfun.config.tracker_table import TRACKERS, check_installed
from dlfun.decoration import tell
from dlfun.errors import UserError


def track_flags() -> absl_flags.FlagValues:
    """The flags that say where to, and how much."""
    values = absl_flags.FlagValues()
    values.set_gnu_getopt(True)
    kind = parsers.choice("tracker", TRACKERS)
    define(values, kind, "to", None, "the tracker", MACHINE)
    row = OPTIONS["track_members"]
    define(values, row.kind, "track_members", row.default, row.help, MACHINE)
    return values


FLAGS = track_flags()


def check(values: absl_flags.FlagValues) -> None:
    """Raises UserError unless a tracker is named, and is installed."""
    if values.to is None:
        raise UserError(f"name a tracker: --to={' or --to='.join(TRACKERS)}")
    check_installed("to", values.to)


def main(argv: list[str]) -> None:
    """Tracks the record that the command line names."""
    from dlfun.records.reader import unsealed
    from dlfun.tracking.study import send_record

    folder = trained_model.folder_of(argv[1:], "track")
    with unsealed(folder):
        tell(send_record(folder, FLAGS.to, FLAGS.track_members))


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS, check=check, words=trained_model.WORDS)
