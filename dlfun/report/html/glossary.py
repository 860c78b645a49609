"""The glossary of the page: a row for each word of statistics that it uses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from dlfun.stats.labels import FEW, TOO_FEW


class Term(NamedTuple):
    """A word, what it means here, and the pattern by which it is found in a text."""

    word: str
    meaning: str
    pattern: str


TERMS = (
    Term("arm", "What is compared: a model with its hyperparameters.", r"arms?"),
    Term(
        "seed",
        "The number that a run's initial weights, data order and noise follow from; run number "
        "r of every arm has the same split and order, so runs are compared in pairs (replicates).",
        r"seeds?|replicates?",
    ),
    Term("chance", "The score of guessing without having looked at the input.", r"chance"),
    Term(
        "95 % t interval",
        "The mean of an arm's runs is known this well, if scores are about normal.",
        r"t interval",
    ),
    Term(
        "δ (delta)",
        "The margin: a difference up to it counts as none. Chosen before the runs.",
        r"δ|delta|counts? as none",
    ),
    Term(
        "simultaneous",
        "Intervals that hold for all pairs at once: 95 % of studies have no wrong one.",
        r"simultaneous|all pairs at once",
    ),
    Term(
        "better",
        f"The whole interval lies beyond the margin, and {FEW} runs or more say so.",
        r"better",
    ),
    Term(
        "better (small)",
        "The whole interval lies beyond 0, but the difference may be within the margin.",
        r"\(small\)|by little",
    ),
    Term(
        "suggestive",
        f"The whole interval lies beyond 0, but fewer than {FEW} runs say so.",
        r"suggestive",
    ),
    Term(
        "equivalent",
        "The difference is shown to lie within the margin; that is more than not told apart.",
        r"equivalent",
    ),
    Term(
        "unresolved",
        "Neither a difference nor equivalence is shown: more runs are needed to tell.",
        r"unresolved|not told apart",
    ),
    Term(
        "no verdict",
        f"Fewer than {TOO_FEW} runs, or such that say nothing of how scores vary.",
        r"[Nn]o verdict",
    ),
    Term(
        "θ (theta)",
        "The chance that a run of one arm scores more than a run of another; 0.5 is a draw.",
        r"θ|theta",
    ),
    Term(
        "Holm p",
        "A p value made larger for the number of pairs: where no arms differ, any of them is below "
        "0.05 in one study of twenty at most.",
        r"Holm",
    ),
    Term(
        "bootstrap-t",
        "An interval by drawing again from the runs, for skewed scores.",
        r"bootstrap-t",
    ),
)


def used(text: str) -> list[Term]:
    """The terms of a text, in the order of their rows.

    >>> [term.word for term in used("Every arm is better than chance.")]
    ['arm', 'chance', 'better']
    """
    return [term for term in TERMS if re.search(rf"(?<!\w)(?:{term.pattern})(?!\w)", text)]


def visible(markup: str) -> str:
    """The words of a part of a page, without its elements."""
    return re.sub(r"<[^>]*>", " ", markup)


def meanings(terms: Sequence[Term]) -> dict[str, str]:
    """A term -> its meaning, for the names of columns that are terms."""
    return {term.word: term.meaning for term in terms}
