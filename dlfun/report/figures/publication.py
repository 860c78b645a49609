"""All figures of a record as files for a paper, in a folder of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from dlfun.errors import OPT, UserError
from dlfun.records import checksums
from dlfun.records.outputs import taking_place
from dlfun.report.figures.boundary import boundary
from dlfun.report.figures.dot_plots import differences, scores
from dlfun.report.figures.layers import confusion, samples, weights
from dlfun.report.figures.line_plots import calibration, curves, response
from dlfun.report.figures.paper import LOOK, Paper, encoded
from dlfun.report.html.record import Record, read_record

FIGURES: tuple[Callable[[Record, Paper], Iterator[tuple[str, Figure]]], ...] = (
    scores,
    differences,
    curves,
    response,
    boundary,
    weights,
    samples,
    confusion,
    calibration,
)
"""What may be drawn of a record: each gives names and figures, none where it has nothing."""

SUFFIX = "-figures"
"""Stands behind the name of a record, in the name of the folder of its figures."""


def usual_folder(record: Path) -> Path:
    """The folder of a record's figures where the user names none: beside it.

    >>> usual_folder(Path("runs/compare")).as_posix()
    'runs/compare-figures'
    """
    whole = record if record.name not in ("", "..") else record.resolve()
    return whole.with_name(f"{whole.name}{SUFFIX}")


def write_figures(record: Path, folder: Path | None, paper: Paper) -> list[Path]:
    """Draws all figures of a record, and then writes their files; those of before are replaced.

    Args:
      record: its directory, of which nothing is changed.
      folder: None is `usual_folder`.

    Raises:
      UserError: if there is no record, or the folder cannot be written to or is a record.
    """
    target = usual_folder(record) if folder is None else folder
    check_folder(target)
    files = encoded_figures(read_record(record), paper)
    try:
        target.mkdir(parents=True, exist_ok=True)
        return [put(target / name, content) for name, content in files.items()]
    except OSError as error:
        raise UserError(f"{target}: {error.strerror}; name another {OPT.output_dir}") from error


def check_folder(target: Path) -> None:
    """Raises UserError unless the folder is new, or one that is no record."""
    if target.exists() and not target.is_dir():
        raise UserError(f"{target}: is a file; name a directory as {OPT.output_dir}")
    if (target / checksums.NAME).exists():
        raise UserError(f"{target}: is a record, to which nothing is added; name another directory")


def encoded_figures(record: Record, paper: Paper) -> dict[str, bytes]:
    """Name -> file of every figure; names are those of files."""
    files = {}
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever the user's own settings are
        look: Any = LOOK
        matplotlib.rcParams.update(look)
        for draw in FIGURES:
            for name, figure in draw(record, paper):
                files[f"{name.replace('/', '-')}.{paper.format}"] = encoded(figure, paper.format)
    return files


def put(path: Path, content: bytes) -> Path:
    """A file with this content, all or nothing."""
    with taking_place(path) as part:
        part.write_bytes(content)
    return path
