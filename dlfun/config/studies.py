"""The table of kinds of study: what each leaves in its record, and what can be done with that."""

from __future__ import annotations

from typing import NamedTuple


class StudyKind(NamedTuple):
    """A kind of study, by the name of the command that makes it.

    Attributes:
      purpose: what a person wants to do with it.
      several: whether it takes several models and data sets.
      judges: whether it judges pairs of arms, in comparison.json.
      protocol: whether it is asked how: reference, looks, tuning, baselines.
      searches: whether its runs are configurations of one model, which its flags search.
      members: whether it keeps trained members, to be verified and predicted with.
      split: the split that its runs are judged by; a search leaves the test split closed.
      pictures: `module:function`, what draws the pictures of its record.
    """

    purpose: str
    several: bool = False
    judges: bool = False
    protocol: bool = False
    searches: bool = False
    members: bool = True
    split: str = "test"
    pictures: str = "dlfun.report.figures.record_figures:draw_comparison"


STUDIES: dict[str, StudyKind] = {
    "compare": StudyKind(
        "find out which of several models is better, with a verdict on each pair",
        several=True,
        judges=True,
        protocol=True,
    ),
    "train": StudyKind("train one model over some seeds"),
    "sweep": StudyKind(
        "search numbers and shapes of one model by its validation score",
        searches=True,
        split="validation",
        pictures="dlfun.report.figures.record_figures:draw_sweep",
    ),
    "searches": StudyKind(
        "find out which way of searching finds the better model", judges=True, members=False
    ),
}
"""Command -> kind."""
