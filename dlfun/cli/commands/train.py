"""Train one model over some seeds.

    python -m experiments.train --model=cnn --dataset=mnist1d --seeds=5

prints its test score with a 95 % t interval.
"""

from dlfun.cli import app, study_flags
from dlfun.cli.study_command import run_study
from dlfun.decoration import tell

FLAGS = study_flags.study_flags("train")


def main(argv: list[str]) -> None:
    """Runs the training that the flags describe."""
    study = run_study(FLAGS)
    if study is None:
        return
    from dlfun.cli.closing import closing_lines
    from dlfun.report.text.table import study_table

    closing = closing_lines(study, study_flags.request_of(FLAGS))
    tell(study_table(study.rows), *study.notes, *closing)


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS)
