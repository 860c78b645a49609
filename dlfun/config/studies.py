"""The table of kinds of study: what each is told, what it runs, and what its record holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dlfun.config.option_table import OPTIONS, Option
from dlfun.config.protocol_table import DELTA, PROTOCOL
from dlfun.config.search_table import SEARCHES, SWEEP
from dlfun.config.start_table import STARTS


class StudyKind(NamedTuple):
    """A kind of study, by the name of the command that makes it.

    What is named as `module:function` is imported when it is needed: the table needs no JAX.

    Attributes:
      purpose: what a person wants to do with it.
      names: what it names, and by default: `model` or `models`, `dataset` or `datasets`.
      runs: (request, options, draw) -> what it found, its record written.
      options: what it alone is told, beside the options of all studies.
      check: (request) -> nothing; raises where options of its own do not go together.
      arms: (request, options, record, data) -> the arms of its record, to train again or predict
        with; empty where the record keeps no trained members.
      judges: whether it judges pairs of arms, in comparison.json.
      searches: whether its runs are configurations of one model, which its flags search.
      split: the split that its runs are judged by; a search leaves the test split closed.
      pictures: (folder, names swept) -> nothing; what draws the pictures of its record.
    """

    purpose: str
    names: Mapping[str, str]
    runs: str
    options: Mapping[str, Option] = {}
    check: str = ""
    arms: str = ""
    judges: bool = False
    searches: bool = False
    split: str = "test"
    pictures: str = "dlfun.report.figures.record_figures:draw_comparison"


STUDIES: dict[str, StudyKind] = {
    "compare": StudyKind(
        "find out which of several models is better, with a verdict on each pair",
        {"models": "perceptron,softmax,bpnn,cnn,rnn,vae", "datasets": "mnist1d"},
        "dlfun.studies.comparison.compare:run_comparison",
        PROTOCOL | STARTS,
        check="dlfun.studies.comparison.protocol:check",
        arms="dlfun.studies.reproducibility.arms:arms_of_comparison",
        judges=True,
    ),
    "train": StudyKind(
        "train one model over some seeds",
        {"model": "bpnn", "dataset": "mnist1d"},
        "dlfun.studies.comparison.compare:run_training",
        STARTS,
        arms="dlfun.studies.reproducibility.arms:arms_of_training",
    ),
    "sweep": StudyKind(
        "search numbers and shapes of one model by its validation score",
        {"model": "bpnn", "dataset": "mnist1d"},
        "dlfun.studies.search.sweep:run_sweep",
        SWEEP,
        check="dlfun.config.search_request:check_sweep",
        arms="dlfun.studies.reproducibility.arms:arms_of_sweep",
        searches=True,
        split="validation",
        pictures="dlfun.report.figures.record_figures:draw_sweep",
    ),
    "searches": StudyKind(
        "find out which way of searching finds the better model",
        {"model": "bpnn", "datasets": "mnist1d,digits"},
        "dlfun.studies.comparison.compare_searches:run_searches",
        {**SEARCHES, "delta": DELTA},
        check="dlfun.config.search_request:check_searches",
        judges=True,
    ),
}
"""Command -> kind."""


def options_of(study: str) -> dict[str, Option]:
    """Name -> row, of all options that a kind of study may be told."""
    return OPTIONS | dict(STUDIES[study].options)
