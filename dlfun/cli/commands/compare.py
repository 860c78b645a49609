"""Compare families of networks: every model on every data set, over the same seeds.

    python -m experiments.compare

trains six models on MNIST-1D over ten seeds each, prints one table, and a verdict on each pair.

    python -m experiments.compare --tune --delta=0.01 --seeds=20

gives every model the same budget of tuning first, and then judges what was chosen by fresh seeds.
"""

from dlfun.cli import app, study_flags
from dlfun.cli.study_command import run_study
from dlfun.decoration import tell

FLAGS = study_flags.study_flags("compare")


def main(argv: list[str]) -> int:
    """Runs the comparison that the flags describe; returns what its gates make the exit code."""
    if FLAGS["plan"].value:
        plan()
        return 0
    study = run_study(FLAGS)
    if study is None:
        return 0
    from dlfun.cli.closing import closing_lines
    from dlfun.report.text.across import across_table
    from dlfun.report.text.gates import gate_lines
    from dlfun.report.text.table import study_table
    from dlfun.report.text.verdicts import variance_table, verdict_table
    from dlfun.studies.comparison.gates import exit_code

    if FLAGS["stage"].value == "tune":
        tell(*study.notes, *closing_lines(study, study_flags.request_of(FLAGS)))
        return 0
    tell(study_table(study.rows), *study.notes)
    tell(verdict_table(study.pairs))
    if over := across_table(study.rows):
        tell(over)
    if study.variance:
        tell(f"\n{variance_table(study.variance)}")
    tell(*gate_lines(study.gates), *closing_lines(study, study_flags.request_of(FLAGS)))
    return exit_code(study.gates)


def plan() -> None:
    """Prints how many seeds are needed, and what they will cost."""
    from dlfun.report.text.plan import plan_table
    from dlfun.studies.comparison.plan import make_plan
    from dlfun.studies.comparison.protocol import claim_of

    claim = claim_of(study_flags.request_of(FLAGS))
    print(plan_table(make_plan(study_flags.study_options(FLAGS), claim, FLAGS["pilot"].value)))


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS)
