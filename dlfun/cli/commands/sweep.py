"""Sweep numbers and shapes of one model, judged by validation; the test split stays closed.

    python -m experiments.sweep --model=cnn --grid learning_rate=1e-3,3e-3,1e-2 --seeds=5

prints a table of all configurations, best first, and draws response.png.

    python -m experiments.sweep --model=cnn --search=halving --space learning_rate=log:1e-4:1e-1

stops all but the best third of 64 configurations after each rung of successive halving.
"""

from dlfun.cli import app, study_flags
from dlfun.cli.study_command import run_study
from dlfun.decoration import tell

MOST = 50
"""Configurations that are printed."""

FLAGS = study_flags.study_flags("sweep")


def main(argv: list[str]) -> None:
    """Runs the sweep that the flags describe."""
    study = run_study(FLAGS)
    if study is None:
        return
    from dlfun.cli.closing import closing_lines
    from dlfun.report.text.table import study_table

    request = study_flags.request_of(FLAGS)
    tell(study_table(study.rows, "validation", request.swept, MOST), *study.notes)
    tell(*closing_lines(study, request))


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS)
