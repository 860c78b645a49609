"""Compare families of networks: every model on every data set, over the same seeds.

    python -m experiments.compare

trains six models on MNIST-1D over ten seeds each and prints one table.
"""

from experiments import app, flags
from experiments.explain import explained
from experiments.logs import with_logs

FLAGS = flags.study_flags(models="perceptron,softmax,bpnn,cnn,rnn,vae", datasets="mnist1d")


def main(argv: list[str]) -> None:
    """Runs the comparison that the flags describe."""
    options = flags.study_options(FLAGS, script="compare")
    if explained(FLAGS, options):
        return
    from dlfun.report.figures import draw_comparison
    from dlfun.report.table import study_table
    from dlfun.studies.compare import compare

    study = compare(options, draw=with_logs(FLAGS, draw_comparison))
    print(study_table(study.rows), *study.notes, f"record: {study.folder}", sep="\n")


if __name__ == "__main__":
    app.run(main, FLAGS)
