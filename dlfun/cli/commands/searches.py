"""Compare ways of searching at the same budget: which finds the better model?

    python -m experiments.searches --space learning_rate=log:1e-4:1e-1

repeats random search, successive halving, population-based training and Optuna's TPE ten times on
two data sets, each with as many training steps as 16 whole runs, and gives a verdict on each pair
by the test scores of the models that they chose by validation.
"""

from __future__ import annotations

import functools

from absl import flags as absl_flags

from dlfun.cli import app, search_flags, study_flags
from dlfun.cli.commands.sweep import made
from dlfun.cli.flag_types import define
from dlfun.cli.layout_candidates import explained
from dlfun.cli.page import with_page
from dlfun.cli.protocol_flags import define_delta
from dlfun.config import parsers
from dlfun.config.search_space import METHODS
from dlfun.decoration import tell

COMPARED = tuple(method for method in METHODS if method != "grid")


def searches_flags() -> absl_flags.FlagValues:
    """The flags of this script."""
    values = study_flags.study_flags(model="bpnn", datasets="mnist1d,digits")
    kind = parsers.names("search", COMPARED, parsers.choice("search", COMPARED))
    usual = ("random", "halving", "pbt", "tpe")
    define(values, kind, "searches", usual, "the searches, parted by commas", "Search")
    search_flags.define_space(values, "the budget of a search, in whole runs", trials=16)
    define_delta(values)
    return values


FLAGS = searches_flags()


def main(argv: list[str]) -> None:
    """Compares the searches that the flags name."""
    options = study_flags.study_options(FLAGS, script="searches")
    if explained(FLAGS, options):
        return
    from dlfun.config.comparison_spec import Claim
    from dlfun.report.figures.record_figures import draw_comparison
    from dlfun.report.text.table import study_table
    from dlfun.report.text.verdicts import verdict_table
    from dlfun.studies.comparison.compare_searches import compare_searches

    asked = search_flags.searched_by(FLAGS, FLAGS.searches)
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


def start() -> None:
    """Reads the command line, and runs the command."""
    app.run(main, FLAGS)
