"""Compare ways of searching at the same budget: which finds the better model?

    python -m experiments.searches --space learning_rate=log:1e-4:1e-1

repeats random search, successive halving, population-based training and Optuna's TPE ten times on
two data sets, each with as many training steps as 16 whole runs, and gives a verdict on each pair
by the test scores of the models that they chose by validation.
"""

from dlfun.cli import app, study_flags
from dlfun.cli.study_command import run_study
from dlfun.decoration import tell

FLAGS = study_flags.study_flags("searches")


def main(argv: list[str]) -> None:
    """Compares the searches that the flags name."""
    study = run_study(FLAGS)
    if study is None:
        return
    from dlfun.cli.closing import closing_lines
    from dlfun.report.text.table import study_table
    from dlfun.report.text.verdicts import verdict_table

    tell(study_table(study.rows), *study.notes, verdict_table(study.pairs))
    tell(*closing_lines(study, study_flags.request_of(FLAGS)))


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS)
