"""Compare families of networks: every model on every data set, over the same seeds.

    python -m experiments.compare

trains six models on MNIST-1D over ten seeds each, prints one table, and a verdict on each pair.

    python -m experiments.compare --tune --delta=0.01 --seeds=20

gives every model the same budget of tuning first, and then judges what was chosen by fresh seeds.
"""

import functools

from dlfun.cli import app, protocol, study_flags
from dlfun.cli.layout_candidates import explained
from dlfun.cli.page import with_page
from dlfun.cli.protocol_flags import define_protocol
from dlfun.decoration import tell

FLAGS = study_flags.study_flags(models="perceptron,softmax,bpnn,cnn,rnn,vae", datasets="mnist1d")
define_protocol(FLAGS)


def main(argv: list[str]) -> None:
    """Runs the comparison that the flags describe."""
    options = study_flags.study_options(FLAGS, script="compare")
    if explained(FLAGS, options):
        return
    if FLAGS["plan"].value:
        plan(options)
        return
    asked = protocol.protocol_of(FLAGS)
    from dlfun.report.figures.record_figures import draw_comparison
    from dlfun.report.text.across import across_table
    from dlfun.report.text.table import study_table
    from dlfun.report.text.verdicts import variance_table, verdict_table
    from dlfun.studies.comparison.compare import compare, only_tune

    if FLAGS["stage"].value == "tune":
        study = only_tune(options, asked)
        tell(*study.notes, f"record: {study.folder}")
        return
    study = compare(options, asked, draw=with_page(FLAGS, draw_comparison))
    tell(study_table(study.rows), *study.notes)
    tell(verdict_table(study.pairs))
    if over := across_table(study.rows):
        tell(over)
    if study.variance:
        tell(f"\n{variance_table(study.variance)}")
    tell(f"record: {study.folder}")


def plan(options: study_flags.StudyOptions) -> None:
    """Prints how many seeds are needed, and what they will cost."""
    from dlfun.report.text.plan import plan_table
    from dlfun.studies.comparison.plan import make_plan

    print(plan_table(make_plan(options, protocol.claim_of(FLAGS), FLAGS["pilot"].value)))


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(
        main, FLAGS, check=protocol.check, expand=functools.partial(protocol.with_frozen, FLAGS)
    )
