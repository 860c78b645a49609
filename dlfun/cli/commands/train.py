"""Train one model over some seeds.

    python -m experiments.train --model=cnn --dataset=mnist1d --seeds=5

prints its test score with a 95 % t interval.
"""

from dlfun.decoration import tell
from experiments import app, flags
from experiments.explain import explained
from experiments.page import with_page

FLAGS = flags.study_flags(model="bpnn", dataset="mnist1d")


def main(argv: list[str]) -> None:
    """Runs the training that the flags describe."""
    options = flags.study_options(FLAGS, script="train")
    if explained(FLAGS, options):
        return
    from dlfun.report.figures import draw_comparison
    from dlfun.report.table import study_table
    from dlfun.studies.compare import compare

    study = compare(options, script="train", draw=with_page(FLAGS, draw_comparison))
    tell(study_table(study.rows), *study.notes, f"record: {study.folder}")


if __name__ == "__main__":
    app.run(main, FLAGS)
