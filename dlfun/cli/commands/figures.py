"""Every figure of a record as a file for a paper, made from the record alone.

    python -m experiments.figures RUN_DIR --format=pdf --width=3.3in

writes RUN_DIR-figures/ in seconds and trains nothing: scores, differences with their intervals,
curves, responses of a sweep, first layers, boundaries, samples, confusion and calibration, where
the record has them. They are exactly as wide as asked, with letters of 8 points at any width and no
titles: those are for captions. Fonts are embedded in a PDF, as TrueType; in an SVG letters are
outlines. The same record gives the same bytes. An arm has its colour of the page.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags as absl_flags

from dlfun.cli import app
from dlfun.cli.flag_types import define
from dlfun.config import parsers
from dlfun.config.figure_options import FORMAT, USUAL, WIDTH
from dlfun.decoration import tell
from dlfun.errors import UserError
from dlfun.words import plural

WORDS = "RUN_DIR"


def figure_flags() -> absl_flags.FlagValues:
    """The flags of this command."""
    values = absl_flags.FlagValues()
    values.set_gnu_getopt(True)
    help = "pdf and svg are drawn as lines, png in 300 dots an inch"
    define(values, FORMAT, "format", "pdf", help, "Figures")
    help = (
        "of every figure, with its unit: in, cm, mm or pt; usual are 3.3in for one column of two, "
        "6.9in for both"
    )
    define(values, WIDTH, "width", WIDTH.parse(USUAL), help, "Figures")
    help = "the directory of the files; figures of before are replaced"
    define(
        values, parsers.path(), "output_dir", None, help, "Output & machine",
        usual="RUN_DIR-figures",
    )  # fmt: skip
    return values


FLAGS = figure_flags()


def check(values: absl_flags.FlagValues) -> None:
    """No flags of this command exclude one another."""


def main(argv: list[str]) -> None:
    """Writes the figures of the record that the command line names."""
    if len(argv) != 2:
        raise UserError("name one record, the --output_dir of a study, such as runs/compare")
    from dlfun.records.reader import unsealed
    from dlfun.report.figures.paper import Paper
    from dlfun.report.figures.publication import write_figures

    folder = None if FLAGS.output_dir is None else Path(FLAGS.output_dir)
    with unsealed(Path(argv[1])):
        paper = Paper(FLAGS["width"].value, FLAGS["format"].value)
        files = write_figures(Path(argv[1]), folder, paper)
    print(*files, sep="\n")
    tell(f"figures: {plural(len(files), 'file')} in {files[0].parent}")


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS, check=check, words=WORDS)
