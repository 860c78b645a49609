"""Train one model over some seeds.

    python -m experiments.train --model=cnn --dataset=mnist1d --seeds=5

prints its test score with a 95 % t interval.
"""

from dlfun.cli import app, study_flags
from dlfun.cli.layout_candidates import explained
from dlfun.cli.page import with_page
from dlfun.decoration import tell

FLAGS = study_flags.study_flags(model="bpnn", dataset="mnist1d")


def main(argv: list[str]) -> None:
    """Runs the training that the flags describe."""
    options = study_flags.study_options(FLAGS, script="train")
    if explained(FLAGS, options):
        return
    from dlfun.report.figures.record_figures import draw_comparison
    from dlfun.report.text.table import study_table
    from dlfun.studies.comparison.compare import compare

    study = compare(options, script="train", draw=with_page(FLAGS, draw_comparison))
    tell(study_table(study.rows), *study.notes, f"record: {study.folder}")


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS)
