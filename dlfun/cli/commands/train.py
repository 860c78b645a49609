"""Train one model over some seeds.

    python -m experiments.train --model=cnn --dataset=mnist1d --seeds=5

prints its test score with a 95 % t interval.
"""

from dlfun.cli import app, next_steps, study_flags
from dlfun.cli.study_command import run_study
from dlfun.cli.study_facts import facts_of
from dlfun.decoration import tell

FLAGS = study_flags.study_flags("train")


def main(argv: list[str]) -> None:
    """Runs the training that the flags describe."""
    study = run_study(FLAGS)
    if study is None:
        return
    from dlfun.report.text.table import study_table

    tell(study_table(study.rows), *study.notes, f"record: {study.folder}")
    next_steps.add("train", **facts_of(study_flags.request_of(FLAGS), study))


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS)
