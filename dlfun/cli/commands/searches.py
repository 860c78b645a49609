"""Compare ways of searching at the same budget: which finds the better model?

    python -m experiments.searches --space learning_rate=log:1e-4:1e-1

repeats random search, successive halving, population-based training and Optuna's TPE ten times on
two data sets, each with as many training steps as 16 whole runs, and gives a verdict on each pair
by the test scores of the models that they chose by validation.
"""

from __future__ import annotations

import functools

from absl import flags as absl_flags

from dlfun.decoration import tell
from dlfun.studies.spaces import METHODS
from experiments import app, flags, parsing, search
from experiments.explain import explained
from experiments.holders import define
from experiments.page import with_page
from experiments.protocol_flags import define_delta
from experiments.sweep import made

COMPARED = tuple(method for method in METHODS if method != "grid")


def searches_flags() -> absl_flags.FlagValues:
    """The flags of this script."""
    values = flags.study_flags(model="bpnn", datasets="mnist1d,digits")
    kind = parsing.names("search", COMPARED, parsing.choice("search", COMPARED))
    usual = ("random", "halving", "pbt", "tpe")
    define(values, kind, "searches", usual, "the searches, parted by commas", "Search")
    search.define_space(values, "the budget of a search, in whole runs", trials=16)
    define_delta(values)
    return values


FLAGS = searches_flags()


def main(argv: list[str]) -> None:
    """Compares the searches that the flags name."""
    options = flags.study_options(FLAGS, script="searches")
    if explained(FLAGS, options):
        return
    from dlfun.report.figures import draw_comparison
    from dlfun.report.table import study_table
    from dlfun.report.verdicts import verdict_table
    from dlfun.studies.claim import Claim
    from dlfun.studies.searches import compare_searches

    asked = search.searched_by(FLAGS, FLAGS.searches)
    study = compare_searches(
        options,
        asked,
        FLAGS.searches,
        functools.partial(made, FLAGS),
        Claim(delta=FLAGS.delta or {}),
        with_page(FLAGS, draw_comparison),
    )
    tell(study_table(study.rows), *study.notes, verdict_table(study.pairs))
    tell(f"record: {study.folder}")


if __name__ == "__main__":
    app.run(main, FLAGS)
