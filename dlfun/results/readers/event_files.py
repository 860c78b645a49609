"""TensorBoard's event files, without TensorFlow: a folder with some is a run."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlfun.errors import UserError
from dlfun.results.columns import Columns
from dlfun.results.runs import Run, from_path, log_error, run_table
from dlfun.results.tables import Table, check_size

EVENTS = "*tfevents*"
SPLITS = {"train", "training", "validation", "val", "valid", "test", "eval", "evaluation"}
"""Folders in a run, one a split, as Keras' callback makes them."""

NUMBERS = {1: "f", 2: "d"}
"""TensorFlow's number of a type -> its letter for `struct`."""


def read(path: str, columns: Columns) -> Table:
    """The runs below a folder; of each split of a run the metrics bear its name in front."""
    from tensorboardX.proto.event_pb2 import Event  # type: ignore[import-untyped]

    top = Path(path)
    files = [top] if top.is_file() else sorted(top.rglob(EVENTS))
    base = top.parent if top.is_file() else top
    points: dict[Path, dict[str, dict[int, float]]] = {}
    told: dict[Path, dict[str, Any]] = {}
    for file in files:
        own, config = points.setdefault(file.parent, {}), told.setdefault(file.parent, {})
        read_file(file, Event, own, config, path)
    for folder in sorted(points, reverse=True):
        fold(folder, base, points, told)
    return run_table([run_of(f, base, points[f], told[f]) for f in sorted(points)], path, columns)


def run_of(
    folder: Path, base: Path, points: dict[str, dict[int, float]], told: dict[str, Any]
) -> Run:
    """A run of what its folder holds."""
    name = folder.relative_to(base).as_posix()
    curves = {tag: [own[step] for step in sorted(own)] for tag, own in points.items()}
    return Run(name, from_path("" if name == "." else name) | told, curves)


def fold(folder: Path, base: Path, points: dict[Path, Any], told: dict[Path, Any]) -> None:
    """Gives what belongs to the run above to it: a folder of a split, or of hyperparameters.

    PyTorch's `add_hparams` makes a folder of its own below that of the run.
    """
    above = folder.parent
    split = folder != base and folder.name.lower() in SPLITS
    if not split and not (told[folder] and above in points):
        return
    tags = {f"{folder.name}/{t}" if split else t: own for t, own in points.pop(folder).items()}
    points[above] = tags | points.get(above, {})
    told[above] = told.pop(folder) | told.get(above, {})


def read_file(
    file: Path,
    event_type: Any,
    points: dict[str, dict[int, float]],
    told: dict[str, Any],
    path: str,
) -> None:
    """Adds the scalars and hyperparameters of one file; of one step the last counts.

    Raises:
      UserError: if it holds no events.
    """
    count = 0
    for record in records(file):
        try:
            event = event_type.FromString(record)
        except Exception as error:
            raise log_error(file, "TensorBoard's events", error) from None
        for value in event.summary.value:
            plugin = value.metadata.plugin_data
            if plugin.plugin_name == "hparams":
                told |= hyperparameters(plugin.content)
            number = scalar(value)
            if number is not None:
                points.setdefault(value.tag, {})[event.step] = number
                count += 1
                check_size(count, path)


def records(file: Path) -> Iterator[bytes]:
    """The records of a TFRecord file: length, checksum of it, bytes, their checksum.

    What a run that is still going has not written to its end is left out.
    """
    with file.open("rb") as stream:
        size = file.stat().st_size
        while len(head := stream.read(12)) == 12:
            (length,) = struct.unpack("<Q", head[:8])
            if length + 4 > size - stream.tell():
                if stream.tell() == 12:
                    raise UserError(f"{file}: holds no events of TensorBoard; take it out")
                return
            yield stream.read(length)
            stream.read(4)


def scalar(value: Any) -> float | None:
    """The number of a summary, as TensorFlow 1 and 2 and PyTorch write it; None of others."""
    if value.HasField("simple_value"):
        return float(value.simple_value)
    letter = NUMBERS.get(value.tensor.dtype) if value.HasField("tensor") else None
    if letter is None or math.prod(dim.size for dim in value.tensor.tensor_shape.dim) != 1:
        return None
    if value.tensor.tensor_content:
        return float(struct.unpack(f"<{letter}", value.tensor.tensor_content)[0])
    listed = value.tensor.float_val if letter == "f" else value.tensor.double_val
    return float(listed[0]) if listed else None


def hyperparameters(content: bytes) -> dict[str, Any]:
    """What TensorBoard's plugin for hyperparameters was told at the start of a run."""
    from tensorboardX.proto.plugin_hparams_pb2 import (  # type: ignore[import-untyped]
        HParamsPluginData,
    )

    found = HParamsPluginData.FromString(content).session_start_info.hparams
    return {name: getattr(one, one.WhichOneof("kind")) for name, one in found.items()}
