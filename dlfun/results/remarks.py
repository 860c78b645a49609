"""Remarks beside judged results, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from dlfun.errors import OPT, short
from dlfun.results.entries import Entry
from dlfun.results.scores import Scores

SAID = 5
"""So many data sets are named in a sentence."""


def fold_note(folds: int) -> str:
    """That runs are folds, where they are."""
    if not folds:
        return ""
    return (
        f"{folds} folds of cross-validation, whose training sets overlap: tests are corrected by "
        f"n_test / n_train, taken as 1 / {folds - 1}"
    )


def paired_note(unpaired: Sequence[str], datasets: int, scores: Scores, pairing: str) -> str:
    """By what runs are pairs, where they are."""
    if pairing == "unpaired":
        return "unpaired, as asked"
    if not scores.seeded:
        return "unpaired, as no seeds are given"
    if not unpaired:
        what = "fold" if scores.folds else "seed"
        return f"paired by {what}: all methods have the same {what}s"
    where = "" if len(unpaired) == datasets else f" on {named(unpaired)}"
    return f"unpaired{where}, as methods have other seeds"


def delta_note(delta: Mapping[str, float]) -> str:
    """The difference that counts as none, where it was not given."""
    if delta:
        return ""
    return f"delta is 0: every difference matters, as {OPT.delta} names none that does not"


def left_out(by_dataset: Mapping[str, Sequence[Entry]], scores: Scores) -> list[str]:
    """Methods that are not on all data sets, which ranks need."""
    methods = list(dict.fromkeys(entry.method for entry in scores.entries))
    found = []
    for method in methods:
        absent = [
            name
            for name, own in by_dataset.items()
            if all(entry.method != method or math.isnan(entry.score) for entry in own)
        ]
        if absent:
            found.append(f"{short(method)} has no score on {named(absent)}")
    return found


def named(datasets: Sequence[str]) -> str:
    """A few of some data sets, and how many more there are."""
    more = f" and {len(datasets) - SAID} more" if len(datasets) > SAID else ""
    return f"{', '.join(short(name) for name in datasets[:SAID])}{more}"
