"""The table of trackers: where a record's runs may be shown beside those of other tools."""

from __future__ import annotations

import importlib.util
from typing import Any, NamedTuple

from dlfun.errors import OPT, UserError, missing_extra


class TrackerRow(NamedTuple):
    """A tracker, by the name that users give.

    Attributes:
      title: its own name.
      package: the module that must be there.
      extra: dlfun's extra that has it.
      opens: `module:function`, (folder of the record) -> a `Tracker` of `dlfun.tracking.runs`.
      rival: the option of a study that leaves files in the same place, if there is one.
    """

    title: str
    package: str
    extra: str
    opens: str
    rival: str = ""


TRACKERS: dict[str, TrackerRow] = {
    "mlflow": TrackerRow("MLflow", "mlflow", "mlflow", "dlfun.tracking.mlflow:MLflow"),
    "trackio": TrackerRow("Trackio", "trackio", "trackio", "dlfun.tracking.trackio:Trackio"),
    "tensorboard": TrackerRow(
        "TensorBoard",
        "tensorboardX",
        "tensorboard",
        "dlfun.tracking.tensorboard:TensorBoard",
        rival="tensorboard",
    ),
}
"""Name -> row."""


def check_installed(option: str, name: str) -> None:
    """Raises UserError if the package of a tracker, which an option names, is not installed."""
    row = TRACKERS[name]
    if importlib.util.find_spec(row.package) is None:
        raise missing_extra(f"{OPT(option)}={name}", row.extra, "leave it out")


def check_tracked(request: Any) -> None:
    """Raises UserError if a study cannot be tracked as its request says, before it trains."""
    name = request["track"]
    if name is None:
        if request["track_members"]:
            raise UserError(f"{OPT.track_members}: goes with {OPT.track}; name a tracker, too")
        return
    check_installed("track", name)
    rival = TRACKERS[name].rival
    if rival and request[rival]:
        raise UserError(
            f"{OPT(rival)} and {OPT.track}={name}: leave logs in one place; leave one of them out"
        )
